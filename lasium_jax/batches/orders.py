"""The orders of rows: one epoch after the other."""

import jax
import jax.numpy as jnp

from lasium_jax.ops.images import as_floats
from lasium_jax.types import Array, Batch, EpochFn, TrainingSet


def shuffled(batch_size: int) -> EpochFn:
  def order(key: Array, data: TrainingSet) -> Array:
    total = len(data.images)
    size = min(batch_size, total)
    steps = total // size
    rows = jax.random.permutation(key, total)[: steps * size]
    return rows.reshape(steps, size).astype(jnp.int32)

  return order


def gather(data: TrainingSet, rows: Array, epoch: Array) -> Batch:
  y = None if data.y is None else data.y[rows]
  return Batch(as_floats(data.images[rows]), rows, epoch, y)
