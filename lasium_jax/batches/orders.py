"""Orders of the rows of a training set, an epoch at a time."""

import jax

from lasium_jax.settings import Count
from lasium_jax.types import Array, EpochFn, TrainingSet


def shuffled(batch_size: Count) -> EpochFn:
  """All rows once an epoch, in an order of its own.

  What is left over where rows do not divide into batches has no part in that
  epoch; another order leaves out others.

  Args:
    batch_size: b; all rows, where there are fewer.

  Returns:
    `(key, data) -> [n // b, b]` rows.

  Example:
    >>> data = lx.TrainingSet(jnp.zeros((7, 8, 8, 1), jnp.uint8))
    >>> rows = lx.batches.shuffled(3)(jax.random.key(0), data)
    >>> rows.shape, len(set(rows.ravel().tolist()))
    ((2, 3), 6)
  """

  def epoch(key: Array, data: TrainingSet) -> Array:
    n = len(data.images)
    size = min(batch_size, n)
    steps = n // size
    return jax.random.permutation(key, n)[: steps * size].reshape(steps, size)

  return epoch
