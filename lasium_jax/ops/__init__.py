"""Numerics with no learning in them."""

from lasium_jax.ops import augment, images, labels, library, sampling

__all__ = ['augment', 'images', 'labels', 'library', 'sampling']
