"""Numerics with no learning in them."""

from lasium_jax.ops import augment, images, sampling

__all__ = ['augment', 'images', 'sampling']
