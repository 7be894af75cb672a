"""Optimizers of ordinary training, by name."""

from lasium_jax import optimizers
from lasium_jax.settings import Part

OPTIMIZERS = {'sgd': Part(optimizers.sgd), 'adam': Part(optimizers.adam)}
