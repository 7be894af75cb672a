"""Epochs of rows, and what becomes of their batches."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats
from batch_of import batch_of

from lasium_jax import batches
from lasium_jax.types import TrainingSet


def numbered(n, y=None):
  """Images whose only pixel is their number."""
  return TrainingSet(jnp.arange(n, dtype=jnp.uint8).reshape(n, 1, 1, 1), y)


@pytest.mark.parametrize(
  'n,batch_size,shape',
  [(12, 4, (3, 4)), (13, 4, (3, 4)), (3, 8, (1, 3)), (5, 5, (1, 5))],
)
def test_an_epoch_has_every_row_once(key, n, batch_size, shape):
  rows = jax.jit(batches.shuffled(batch_size))(key, numbered(n))
  assert rows.shape == shape and rows.dtype == jnp.int32
  assert len(set(rows.ravel().tolist())) == rows.size
  assert set(rows.ravel().tolist()) <= set(range(n))
  again = batches.shuffled(batch_size)(key, numbered(n))
  np.testing.assert_array_equal(rows, again)


def test_epochs_differ_and_leave_out_any_row(key):
  keys = jax.random.split(key, 1500)
  order = batches.shuffled(2)
  epochs = jax.jit(jax.vmap(lambda key: order(key, numbered(5))))(keys)
  assert len(np.unique(epochs.reshape(1500, -1), axis=0)) == 120  # 5!
  left_out = 10 - np.asarray(epochs).sum((1, 2))
  counts = np.bincount(left_out, minlength=5)
  assert scipy.stats.chisquare(counts).pvalue > 1e-4


@pytest.mark.parametrize('host', [False, True])
@pytest.mark.parametrize(
  'y', [None, jnp.arange(9) % 3, jnp.eye(9)], ids=['none', 'hard', 'soft']
)
def test_gathered_rows_bring_their_labels(y, host):
  data = numbered(9, y)
  if host:
    data = data._replace(images=np.asarray(data.images))
  rows = jnp.asarray([7, 0, 7])
  batch = batches.gather(data, rows, 4)
  np.testing.assert_allclose(batch.x.ravel(), np.array([7, 0, 7]) / 255)
  assert batch.rows.tolist() == [7, 0, 7]
  assert batch.epoch == 4 and batch.epoch.dtype == jnp.int32
  if y is None:
    assert batch.y is None
  else:
    np.testing.assert_array_equal(batch.y, y[rows])


def test_batches_unchanged_and_augmented(key):
  x = jax.random.uniform(key, (4, 2, 2, 1))
  batch = batch_of(x, jnp.arange(4), epoch=3)
  assert batches.unchanged()(key, (), batch) is batch
  noisy = batches.augmented(lambda key, x: x + jax.random.uniform(key, x.shape))
  made = noisy(key, (), batch)
  np.testing.assert_allclose(made.x, x + jax.random.uniform(key, x.shape))
  assert made._replace(x=x) == batch._replace(x=x)
