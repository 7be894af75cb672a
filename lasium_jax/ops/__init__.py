"""Numerics with no learning in them."""

from lasium_jax.ops import (
  affine,
  assignment,
  augment,
  elastic,
  images,
  labels,
  mixtures,
  sampling,
  sphere,
  thickness,
  trivial_augment,
  turns,
  xla_convolutions,
)

__all__ = [
  'affine',
  'assignment',
  'augment',
  'elastic',
  'images',
  'labels',
  'mixtures',
  'sampling',
  'sphere',
  'thickness',
  'trivial_augment',
  'turns',
  'xla_convolutions',
]
