"""Numerics with no learning in them."""

from lasium_jax.ops import (
  affine,
  augment,
  images,
  labels,
  mixtures,
  sampling,
  thickness,
  xla_convolutions,
)

__all__ = [
  'affine',
  'augment',
  'images',
  'labels',
  'mixtures',
  'sampling',
  'thickness',
  'xla_convolutions',
]
