"""CACTUs' tasks: every pixel says which image it is."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lasium_jax.tasks import cactus, partition_set

# Image i is of brightness i, in a row of its own value of each partition.
PARTITIONS = np.array([[0, 1, 2, 3] * 5, [0] * 8 + [1] * 7 + [-1] * 5])
IMAGES = np.arange(20, dtype=np.uint8).reshape(20, 1, 1, 1)


def drawn(tasks=200, ways=2):
  source = partition_set(IMAGES, PARTITIONS, least=5)
  task_fn = jax.jit(cactus(ways=ways, shots=2, queries=3))
  for i in range(tasks):
    task = task_fn(jax.random.key(i), source)
    support = np.rint(255 * np.asarray(task.support.x)).astype(int)
    query = np.rint(255 * np.asarray(task.query.x)).astype(int)
    yield np.hstack([support.reshape(ways, 2), query.reshape(ways, 3)])


def test_a_task_is_of_one_partition_and_classes_are_its_clusters():
  """Both partitions come up, each about half of the time."""
  found = np.zeros(2, int)
  seen = [set(), set()]
  for rows in drawn():
    assert len({*rows.ravel()}) == rows.size  # No image twice.
    clusters = PARTITIONS[:, rows]  # [P, N, K + Q]
    one_each = (clusters == clusters[:, :, :1]).all((1, 2))
    apart = clusters[:, 0, 0] != clusters[:, 1, 0]
    fits = one_each & apart & (clusters >= 0).all((1, 2))
    assert fits.sum() == 1
    found += fits
    seen[int(fits.argmax())] |= {*clusters[fits].ravel().tolist()}
  assert abs(found[0] - 100) < 40  # 5.6 standard deviations.
  assert seen == [{0, 1, 2, 3}, {0, 1}]


@pytest.mark.parametrize(
  ('partitions', 'least', 'said'),
  [
    ([], 1, 'no partition'),
    ([[0, 0, 1], [0, 0, 0]], 2, 'A cluster has 1 images'),
    ([[0, 0, 0], [-1, -1, -1]], 1, 'No image is in a cluster'),
  ],
)
def test_partitions_that_cannot_be(partitions, least, said):
  with pytest.raises(ValueError, match=said):
    partition_set(jnp.zeros((3, 2, 2, 1), jnp.uint8), partitions, least=least)
