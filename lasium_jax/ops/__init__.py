"""Numerics with no learning in them."""
