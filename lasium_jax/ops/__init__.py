"""Numerics with no learning in them."""

from lasium_jax.ops import (
  affine,
  augment,
  images,
  labels,
  library,
  mixtures,
  sampling,
  thickness,
)

__all__ = [
  'affine',
  'augment',
  'images',
  'labels',
  'library',
  'mixtures',
  'sampling',
  'thickness',
]
