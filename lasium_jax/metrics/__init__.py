"""Measures of what was learned."""

from lasium_jax.metrics.accuracy import mean_and_ci95
from lasium_jax.metrics.reconstruction import pixel_error

__all__ = ['mean_and_ci95', 'pixel_error']
