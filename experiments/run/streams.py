"""A run's random numbers: a stream for each purpose, a key for each use."""

import jax

from lasium_jax.types import Array

# Evaluation task i is made of `fold_in(key(evaluation.seed), i)`; these are
# numbers that no task has, for where the two seeds are equal.
GENERATOR, META, VALIDATION, PICTURES, REJECTIONS = range(2**31, 2**31 + 5)


def stream(seed: int, name: int) -> Array:
  """The root key of one of the streams above."""
  return jax.random.fold_in(jax.random.key(seed), name)


def training_keys(seed: int, name: int) -> tuple[Array, Array]:
  """Keys of a stage that trains: to initialize by, and for the iterations."""
  init, iterations = jax.random.split(stream(seed, name))
  return init, iterations
