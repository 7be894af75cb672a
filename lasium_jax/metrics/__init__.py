"""Measures of what was learned."""

from lasium_jax.metrics.accuracy import mean_and_ci95
from lasium_jax.metrics.clustering import (
  Agreement,
  agreement,
  matched_classes,
)
from lasium_jax.metrics.cycle import code_spread, cycle_error
from lasium_jax.metrics.diversity import diversity
from lasium_jax.metrics.frechet_distance import (
  Gaussian,
  frechet_distance,
  gaussian_distance,
  gaussian_of,
)
from lasium_jax.metrics.interpolants import PIXELS, interpolant_error
from lasium_jax.metrics.kernel_distance import kernel_distance
from lasium_jax.metrics.nearest import Nearest, nearest
from lasium_jax.metrics.prdc import PRDC, prdc
from lasium_jax.metrics.reconstruction import pixel_error

__all__ = [
  'PIXELS',
  'PRDC',
  'Agreement',
  'Gaussian',
  'Nearest',
  'agreement',
  'code_spread',
  'cycle_error',
  'diversity',
  'frechet_distance',
  'gaussian_distance',
  'gaussian_of',
  'interpolant_error',
  'kernel_distance',
  'matched_classes',
  'mean_and_ci95',
  'nearest',
  'pixel_error',
  'prdc',
]
