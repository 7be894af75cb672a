"""Numerics with no learning in them."""

from lasium_jax.ops import (
  affine,
  assignment,
  augment,
  images,
  labels,
  library,
  mixtures,
  sampling,
  sphere,
  thickness,
)

__all__ = [
  'affine',
  'assignment',
  'augment',
  'images',
  'labels',
  'library',
  'mixtures',
  'sampling',
  'sphere',
  'thickness',
]
