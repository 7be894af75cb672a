"""What is done with an exported model."""
