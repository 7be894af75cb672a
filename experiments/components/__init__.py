"""Config sections into functions."""
