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


@pytest.mark.parametrize('n', [1, 3, 8])
def test_few_rows_fill_a_batch_evenly(key, n):
  """All of them again and again, each time in another order."""
  rows = np.asarray(jax.jit(batches.repeated(8))(key, numbered(n)))
  assert rows.shape == (1, 8) and rows.dtype == np.int32
  for first in range(0, 8, n):
    own = rows[0, first : first + n]
    assert len(set(own.tolist())) == len(own)
  assert set(rows[0].tolist()) == set(range(n))


def test_the_orders_that_fill_a_batch_are_drawn_anew(key):
  """Of three rows each of the 6 orders, whichever time it is."""
  keys = jax.random.split(key, 600)
  order = batches.repeated(8)
  epochs = jax.jit(jax.vmap(lambda key: order(key, numbered(3))))(keys)
  for first in (0, 3):
    own = np.asarray(epochs)[:, 0, first : first + 3]
    kinds, counts = np.unique(own, axis=0, return_counts=True)
    assert len(kinds) == 6
    assert scipy.stats.chisquare(counts).pvalue > 1e-4


def test_enough_rows_are_shuffled_as_they_are(key):
  for n in (8, 21):
    repeated = batches.repeated(8)(key, numbered(n))
    shuffled = batches.shuffled(8)(key, numbered(n))
    np.testing.assert_array_equal(repeated, shuffled)


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


LABELS = {  # Classes in no order, each of these sizes.
  'even': (10, 10, 10),
  'uneven': (4, 23, 9, 6),
  'small': (2, 1, 3, 13),
}


def labeled(sizes, key):
  y = jnp.repeat(jnp.arange(len(sizes), dtype=jnp.int32), jnp.array(sizes))
  return numbered(len(y), jax.random.permutation(key, y))


@pytest.mark.parametrize('name', LABELS)
@pytest.mark.parametrize('set_size,sets', [(4, 1), (3, 2), (2, 4)])
def test_sets_are_of_one_class(key, name, set_size, sets):
  data = labeled(LABELS[name], key)
  n, batch_size = len(data.images), set_size * sets
  order = batches.sets_of_a_class(batch_size, set_size=set_size)
  rows = jax.jit(order)(key, data)
  assert rows.shape == (n // set_size // sets, batch_size)
  assert rows.dtype == jnp.int32
  found = np.asarray(rows).reshape(-1, set_size)
  labels = np.asarray(data.y)
  for row in found:
    own = labels[row[0]]
    assert (labels[row] == own).all()
    # As many different ones as the class has.
    assert len(set(row)) == min(set_size, LABELS[name][own])
  np.testing.assert_array_equal(order(key, data), rows)
  # Of labels on the host too.
  host = TrainingSet(np.asarray(data.images), labels)
  np.testing.assert_array_equal(jax.jit(order)(key, host), rows)


def test_sets_are_drawn_anew_and_fairly(key):
  """A row is in as many sets as any other of a class, on an average."""
  sizes = LABELS['uneven']
  data = labeled(sizes, key)
  n = len(data.images)
  order = batches.sets_of_a_class(6, set_size=3)
  epochs = jax.jit(jax.vmap(lambda key: order(key, data)))(
    jax.random.split(key, 3000)
  )
  assert len(np.unique(np.asarray(epochs).reshape(3000, -1), axis=0)) == 3000
  counts = np.bincount(np.asarray(epochs).ravel(), minlength=n)
  np.testing.assert_allclose(counts / counts.mean(), 1, atol=0.15)
  # Which two meet in a set is random too: every pair of a class does.
  together = np.zeros((n, n), bool)
  for row in np.unique(np.asarray(epochs).reshape(-1, 3), axis=0):
    together[np.ix_(row, row)] = True
  labels = np.asarray(data.y)
  np.testing.assert_array_equal(together, labels[:, None] == labels[None])


def test_fewer_images_than_a_batch_are_one_batch(key):
  data = numbered(7, jnp.array([0, 1, 0, 1, 0, 1, 0]))
  rows = batches.sets_of_a_class(30, set_size=3)(key, data)
  assert rows.shape == (1, 6)
  rows = batches.sets_of_a_class(30, set_size=10)(key, data)
  assert rows.shape == (1, 10)


def test_sets_need_whole_batches_and_hard_labels(key):
  with pytest.raises(ValueError, match=r'batch of 8 .* the size of a set, 3'):
    batches.sets_of_a_class(8, set_size=3)
  order = batches.sets_of_a_class(6, set_size=3)
  with pytest.raises(ValueError, match='these have none'):
    order(key, numbered(9))
  with pytest.raises(ValueError, match='these have soft ones'):
    order(key, numbered(9, jnp.eye(9)))
