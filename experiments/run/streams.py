"""A run's random numbers: a stream for each purpose, a key for each use."""

import jax

from lasium_jax.types import Array

# Evaluation task i is made of `fold_in(key(evaluation.seed), i)`. Streams start
# above any task index, so that the two never share a key.
(
  GENERATOR,
  META,
  VALIDATION,
  PICTURES,
  REJECTIONS,
  CLASSIFIER,
  INTERPOLATIONS,
  QUALITY,
  INTERPOLANTS,
  FEW_SHOT_GENERATION,
  INVERSION,
  EMBEDDING,
  ONE_SHOT,
  CLASS_SAMPLES,
  CLUSTERS,
  CLUSTER_VIEWS,
  CLUSTERED,
  PARTITIONS,
  NEW_IMAGES,
) = range(2**31, 2**31 + 19)


def stream(seed: int, name: int) -> Array:
  """The root key of one of the streams above."""
  return jax.random.fold_in(jax.random.key(seed), name)


def training_keys(seed: int, name: int) -> tuple[Array, Array]:
  """Keys of a stage that trains: to initialize by, and for the iterations."""
  init, iterations = jax.random.split(stream(seed, name))
  return init, iterations
