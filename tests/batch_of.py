"""Batches and training sets of given images, for trainers under test."""

import jax
import jax.numpy as jnp
import numpy as np

from lasium_jax.types import Batch, TrainingSet

BARS = (8, 8, 1)


def batch_of(x, y=None, epoch=0):
  """Float images `x` as a batch: the first rows of a training set."""
  x = jnp.asarray(x)
  return Batch(x, jnp.arange(len(x)), jnp.int32(epoch), y)


def training_set(shape, n=1, y=None):
  """`n` black images of a shape."""
  return TrainingSet(np.zeros((n, *shape), np.uint8), y)


def first_state(trainer, key, data=None):
  """What `trainer` begins with, compiled at once: piece by piece takes longer.

  `data` are a black image of `BARS` unless others are given.
  """
  data = training_set(BARS) if data is None else data
  return jax.jit(lambda key: trainer.init(key, data))(key)


def bars(n=64):
  """Images of one upright or lying bar, in eight places each."""
  images = np.zeros((n, *BARS), np.float32)
  for i in range(n):
    if i % 2:
      images[i, i // 2 % 8] = 1
    else:
      images[i, :, i // 2 % 8] = 1
  return jnp.asarray(images)


def bars_at(rows, epoch=0, *, n):
  """The batch of some rows of a training set of `n` bars."""
  rows = jnp.asarray(rows)
  return batch_of(bars(n)[rows], epoch=epoch)._replace(rows=rows)
