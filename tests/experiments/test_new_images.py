"""New images of classes that training never saw: what is drawn, and shown."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.stages.few_shot_generation import choose, images_like
from lasium_jax.data.dataset import Dataset
from lasium_jax.types import Generator

LABELS = np.repeat(np.arange(5, dtype=np.int32), (1, 2, 3, 4, 20))
DATASET = Dataset(np.zeros((30, 2, 2, 1)), LABELS, tuple('abcde'))


def test_seeds_are_different_ones_of_one_class(key):
  rows = choose(key, DATASET, 30, 3)
  assert rows.shape == (30, 3)
  labels = LABELS[rows]
  assert (labels == labels[:, :1]).all()
  # All classes but those that have too few.
  assert np.bincount(labels[:, 0]).tolist() == [0, 0, 10, 10, 10]
  assert all(len(set(row)) == 3 for row in rows)
  assert len(set(rows[20:].ravel())) > 10  # Of 20.
  np.testing.assert_array_equal(choose(key, DATASET, 30, 3), rows)


def test_too_many_seeds_are_refused(key):
  with pytest.raises(ValueError, match=r'21 seeds .*no class .* than 20'):
    choose(key, DATASET, 1, 21)


def test_each_class_is_made_of_its_own_seeds():
  """Here images are the mean of the seeds, and noise."""

  def sample_like(key, params, x, n):
    noise = jax.random.normal(key, (n, 1))
    return jnp.concatenate([jnp.full((n, 1), x.mean()), noise], axis=1)

  model = Generator(
    decode=lambda params, z: params * z.reshape(-1, 1, 2, 1),
    sample_like=sample_like,
  )
  seeds = jnp.arange(12.0).reshape(3, 4, 1, 1, 1)
  made = images_like(model, jax.random.key(0), jnp.float32(2), seeds, n=5)
  assert made.shape == (3, 5, 1, 2, 1)
  means = made[:, :, 0, 0, 0]
  np.testing.assert_allclose(means, 2 * np.repeat([[1.5], [5.5], [9.5]], 5, 1))
  noise = made[:, :, 0, 1, 0]
  assert len(np.unique(noise)) == 15
