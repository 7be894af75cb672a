"""Batches of real images, as they are or augmented."""

from typing import Any

from lasium_jax.types import Array, Augment, Batch, BatchFn


def unchanged() -> BatchFn:
  """The batch as it is."""

  def batch_fn(key: Array, source: Any, batch: Batch) -> Batch:
    del key, source
    return batch

  return batch_fn


def augmented(augment: Augment) -> BatchFn:
  """The batch with other views of its images; rows and labels stay.

  Args:
    augment: `(key, x [b, H, W, C]) -> x`, such as
      `lasium_jax.ops.augment.random_views`.

  Returns:
    A batch function that reads no source.
  """

  def batch_fn(key: Array, source: Any, batch: Batch) -> Batch:
    del source
    return batch._replace(x=augment(key, batch.x))

  return batch_fn
