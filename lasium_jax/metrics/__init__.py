"""Measures of what was learned."""

from lasium_jax.metrics.accuracy import mean_and_ci95

__all__ = ['mean_and_ci95']
