"""Batches that consist of sets of images of one class."""

import jax.numpy as jnp

from lasium_jax.ops.labels import is_hard
from lasium_jax.types import Array, Batch


def sets_of(name: str, batch: Batch, size: int) -> Array:
  """The images of a batch, set by set.

  Args:
    name: of the generator that learns from them, for messages.
    batch: as `lasium_jax.batches.sets_of_a_class` orders it.
    size: s, of a set.

  Returns:
    `[b // s, s, H, W, C]`. A set of several classes is NaN, so that nothing
    can train on it unnoticed.

  Raises:
    ValueError: if the batch has no hard labels, or is not of whole sets.
  """
  if batch.y is None or not is_hard(batch.y):
    raise ValueError(
      f'{name} is trained with a label for each image, and this batch has '
      f'{"none" if batch.y is None else "soft ones"}: give the training set '
      'its labels.'
    )
  if len(batch.x) % size:
    raise ValueError(
      f'{name} learns from sets of {size}, and a batch of {len(batch.x)} is '
      'not of whole ones: order rows by batches.sets_of_a_class.'
    )
  y = batch.y.reshape(-1, size)
  together = (y == y[:, :1]).all(axis=1).reshape(-1, 1, 1, 1, 1)
  x = batch.x.reshape(-1, size, *batch.x.shape[1:])
  return jnp.where(together, x, jnp.nan)
