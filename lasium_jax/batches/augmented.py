"""Batches of real images."""

from collections.abc import Callable
from typing import Any

from lasium_jax.types import Array, Batch, BatchFn


def unchanged() -> BatchFn:
  def batch_fn(key: Array, source: Any, batch: Batch) -> Batch:
    del key, source
    return batch

  return batch_fn


def augmented(augment: Callable[[Array, Array], Array]) -> BatchFn:
  def batch_fn(key: Array, source: Any, batch: Batch) -> Batch:
    del source
    return batch._replace(x=augment(key, batch.x))

  return batch_fn
