"""What configs are made of."""
