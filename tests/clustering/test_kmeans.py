"""k-means clusters, against planted groups."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.spatial.distance import cdist

from lasium_jax.clustering import kmeans_clusters

KEY = jax.random.key(0)


def planted(sizes, seed=0, spread=0.01):
  """Points about far corners, and the corner of each."""
  rng = np.random.default_rng(seed)
  corners = 10 * np.eye(len(sizes))
  groups = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
  noise = rng.normal(scale=spread, size=(len(groups), len(sizes)))
  return jnp.asarray(corners[groups] + noise), groups


def same_groups(a, b):
  """Whether two labelings differ by the names of groups alone."""
  return len({*zip(a.tolist(), b.tolist(), strict=True)}) == len({*a.tolist()})


@pytest.mark.parametrize('weighed', [False, True])
def test_planted_groups_are_found(weighed):
  features, groups = planted([7, 5, 9, 6])
  # Weights shrink some sides, but noise as much; the groups stay apart.
  labels = kmeans_clusters(KEY, features, clusters=4, weighed=weighed)
  assert labels.dtype == np.int32 and sorted({*labels.tolist()}) == [0, 1, 2, 3]
  assert same_groups(labels, groups)


def test_every_image_is_with_the_nearest_mean():
  """Lloyd's fixed point, looked up by SciPy."""
  features = jax.random.normal(KEY, (300, 3))
  labels = kmeans_clusters(KEY, features, clusters=6)
  means = np.stack([features[labels == i].mean(0) for i in range(6)])
  nearest = cdist(features, means).argmin(1)
  assert (nearest == labels).mean() > 0.98


def test_small_clusters_are_left_out_and_others_counted_from_zero():
  features, groups = planted([2, 8, 3, 9])
  labels = kmeans_clusters(KEY, features, clusters=4, least=4)
  assert sorted({*labels.tolist()}) == [-1, 0, 1]
  np.testing.assert_array_equal(labels == -1, np.isin(groups, [0, 2]))


def test_dimensions_are_weighed():
  """Two groups are told by the one that weighs less, until it is weighed."""
  weights = np.asarray(jax.random.uniform(jax.random.split(KEY)[0], (2,)))
  low, high = np.argsort(weights)
  assert weights[high] > 1.5 * weights[low]
  groups = np.arange(200) % 2
  features = np.zeros((200, 2))
  features[:, low] = 10 * groups
  features[:, high] = np.random.default_rng(0).permutation(
    np.linspace(-8, 8, 200)
  )
  plain = kmeans_clusters(KEY, jnp.asarray(features), clusters=2)
  weighed = kmeans_clusters(
    KEY, jnp.asarray(features), clusters=2, weighed=True
  )
  assert same_groups(plain, groups)
  assert same_groups(weighed, features[:, high] > 0)


def test_weights_make_other_partitions_and_a_key_the_same():
  features = jax.random.normal(KEY, (400, 8))
  by_key = [
    kmeans_clusters(jax.random.key(i), features, clusters=5, weighed=True)
    for i in (0, 0, 1)
  ]
  np.testing.assert_array_equal(by_key[0], by_key[1])
  assert not same_groups(by_key[0], by_key[2])


@pytest.mark.parametrize(
  ('features', 'wanted', 'said'),
  [
    (np.zeros((3, 2)), {'clusters': 4}, '4 clusters were asked for, of 3'),
    (np.full((5, 2), np.nan), {'clusters': 2}, 'not finite'),
    (
      np.arange(6.0)[:, None],
      {'clusters': 3, 'least': 4},
      'None of 3 clusters has 4 images, the largest',
    ),
  ],
)
def test_what_cannot_be_clustered_is_named(features, wanted, said):
  with pytest.raises(ValueError, match=said):
    kmeans_clusters(KEY, jnp.asarray(features), **wanted)
