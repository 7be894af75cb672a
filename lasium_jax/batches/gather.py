"""From rows of a training set to a batch."""

import jax.numpy as jnp

from lasium_jax.ops.images import as_floats
from lasium_jax.types import Array, Batch, TrainingSet


def gather(data: TrainingSet, rows: Array, epoch: Array | int) -> Batch:
  """The images and labels of some rows.

  Args:
    data: its images are on the device, unless `rows` are known, not traced.
    rows: `[b]` int32.
    epoch: int32 scalar.

  Returns:
    A batch of floats in [0, 1].
  """
  x = as_floats(data.images[rows])
  y = None if data.y is None else data.y[rows]
  return Batch(x, rows, jnp.asarray(epoch, jnp.int32), y)
