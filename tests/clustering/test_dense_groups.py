"""Clusters of features, against SciPy, scikit-learn and loops over images."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import sparse
from scipy.spatial import KDTree
from sklearn.cluster import DBSCAN

from lasium_jax import clustering, metrics
from lasium_jax.clustering import neighbors as neighbors_module


@pytest.fixture(scope='module')
def groups():
  """Features of 7 groups of 9 images, and of 12 that are alone."""
  generator = np.random.default_rng(0)
  centers = generator.normal(size=(7, 5)) * 4
  x = np.repeat(centers, 9, axis=0) + generator.normal(size=(63, 5)) * 0.4
  alone = generator.normal(size=(12, 5)) * 12
  labels = np.concatenate([np.repeat(np.arange(7), 9), np.full(12, -1)])
  return np.concatenate([x, alone]).astype(np.float32), labels


@pytest.mark.parametrize('block', [1, 7, 75])
def test_neighbors_are_those_of_a_tree(groups, block, monkeypatch):
  """However many are compared at once: 75 is not a multiple of 7."""
  x, _ = groups
  monkeypatch.setattr(neighbors_module, '_MOST_DISTANCES', block * len(x))
  found = clustering.nearest_neighbors(jnp.asarray(x), k=4)
  distances, rows = KDTree(x).query(x, k=5)
  np.testing.assert_array_equal(found.rows, rows[:, 1:])
  np.testing.assert_allclose(found.distances, distances[:, 1:], rtol=1e-3)


def test_a_copy_is_a_neighbor_and_oneself_is_not():
  x = jnp.ones((3, 2))
  found = clustering.nearest_neighbors(x, k=2)
  for row, others in enumerate(found.rows.tolist()):
    assert sorted([row, *others]) == [0, 1, 2]
  assert not found.distances.any()


def jaccard_by_loops(x, rows, distances, expansion):
  """Zhong et al.'s equations with sets, of all pairs."""
  n, k = rows.shape

  def mutual(i, k):
    near = [i, *rows[i, :k]]
    return {j for j in near if i in (j, *rows[j, :k])}

  weights = np.zeros((n, n))
  for i in range(n):
    members = set(mutual(i, k))
    for j in mutual(i, k):
      theirs = mutual(j, k // 2)
      if len(theirs & mutual(i, k)) > len(theirs) * 2 / 3:
        members |= theirs
    for j in members:
      away = np.linalg.norm(x[i] - x[j])
      weights[i, j] = np.exp(-away / np.median(distances))
    weights[i] /= weights[i].sum()
  averaged = np.stack(
    [weights[[i, *rows[i, : expansion - 1]]].mean(0) for i in range(n)]
  )
  least = np.minimum(averaged[:, None], averaged[None]).sum(2)
  most = np.maximum(averaged[:, None], averaged[None]).sum(2)
  return least / most


@pytest.mark.parametrize('k,expansion', [(6, 3), (9, 6), (5, 1)])
def test_similarity_is_that_of_loops_over_sets(
  groups, k, expansion, monkeypatch
):
  monkeypatch.setattr(clustering.reciprocal, '_PAIRS', 50)
  x, _ = groups
  found = clustering.nearest_neighbors(jnp.asarray(x), k=k)
  similarity = clustering.reciprocal_similarity(x, found, expansion=expansion)
  expected = jaccard_by_loops(x, *map(np.asarray, found), expansion)
  near = np.zeros((len(x), len(x)), bool)
  np.put_along_axis(near, np.asarray(found.rows), True, axis=1)
  expected = np.where(near | near.T, expected, 0)
  np.testing.assert_allclose(similarity.toarray(), expected, atol=1e-5)


def random_similarity(seed):
  generator = np.random.default_rng(seed)
  x = generator.random((60, 2))
  away = np.linalg.norm(x[:, None] - x[None], axis=2)
  near = np.maximum(1 - 3 * away, 0) * (1 - np.eye(len(x)))
  return sparse.csr_array(near)


@pytest.mark.parametrize('seed', range(3))
@pytest.mark.parametrize('links', [2, 4])
def test_cores_are_those_of_dbscan(seed, links):
  """At one threshold; DBSCAN counts a core itself too."""
  similarity = random_similarity(seed)
  found = clustering.density_clusters(
    similarity, links=links, least=1, most=60, thresholds=1
  )
  away = 1 - similarity.toarray()
  np.fill_diagonal(away, 0)
  expected = DBSCAN(
    eps=1 - found.thresholds[0] + 1e-9,
    min_samples=links + 1,
    metric='precomputed',
  ).fit(away)
  np.testing.assert_array_equal(found.labels < 0, expected.labels_ < 0)
  cores = expected.core_sample_indices_
  agreement = metrics.agreement(found.labels[cores], expected.labels_[cores])
  assert agreement.ari == 1


def test_a_border_image_joins_the_most_similar_core():
  """Two groups of four, each linked to all, and an image between them."""
  cliques = [
    (4 * group + i, 4 * group + j)
    for group in (0, 1)
    for i in range(4)
    for j in range(i)
  ]
  pairs = [*cliques, (3, 8), (4, 8)]
  half = sparse.csr_array(
    ([0.6] * len(cliques) + [0.7, 0.8], np.transpose(pairs)), shape=(9, 9)
  )
  found = clustering.density_clusters(
    sparse.csr_array(half + half.T), links=3, least=1, thresholds=1
  )
  np.testing.assert_allclose(found.thresholds, [0.6, 0.6])
  assert found.labels.tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 1]


def test_a_cluster_is_a_group_at_the_lowest_threshold_that_suits_it():
  """Two cliques that a weak link merges, and a weak one that none does."""

  def clique(first, size, strength):
    members = range(first, first + size)
    return [(i, j, strength) for i in members for j in members if i < j]

  pairs = [*clique(0, 4, 0.9), *clique(4, 4, 0.8), (3, 4, 0.2)]
  pairs += clique(8, 5, 0.2)
  first, second, strengths = zip(*pairs, strict=True)
  half = sparse.csr_array((strengths, (first, second)), shape=(13, 13))
  similarity = sparse.csr_array(half + half.T)
  found = clustering.density_clusters(
    similarity, links=3, least=3, most=5, thresholds=20
  )
  # Cliques 0 and 1 are too large together, and apart above 0.2.
  assert found.labels.tolist() == [1] * 4 + [2] * 4 + [0] * 5
  assert found.thresholds[0] == pytest.approx(0.2)
  assert 0.2 < found.thresholds[1] == found.thresholds[2] <= 0.8
  merged = clustering.density_clusters(
    similarity, links=3, least=3, most=8, thresholds=20
  )
  assert merged.labels.tolist() == [0] * 8 + [1] * 5


def test_a_border_image_of_an_older_cluster_is_no_cluster():
  """Its core has gone, so that it is left with one that is settled.

  At 0.5 the cores 0 to 3 are a cluster of 4, and the images 8 and 9 belong to 4
  and 5, which are too many with theirs. Above it these are no cores any more.
  """

  def clique(members, strength):
    return [(i, j, strength) for i in members for j in members if i < j]

  pairs = [*clique(range(4), 0.9), *clique(range(4, 8), 0.5)]
  pairs += [(0, 8, 0.7), (0, 9, 0.7), (4, 8, 0.8), (5, 9, 0.8)]
  first, second, strengths = zip(*pairs, strict=True)
  half = sparse.csr_array((strengths, (first, second)), shape=(10, 10))
  found = clustering.density_clusters(
    sparse.csr_array(half + half.T), links=3, least=2, most=5, thresholds=20
  )
  assert found.labels.tolist() == [0] * 4 + [-1] * 6


def test_groups_are_found_without_labels(groups):
  x, labels = groups
  found = clustering.nearest_neighbors(jnp.asarray(x), k=8)
  similarity = clustering.reciprocal_similarity(x, found)
  clusters = clustering.density_clusters(similarity, least=6, most=12)
  sizes = np.bincount(clusters.labels[clusters.labels >= 0])
  assert ((sizes >= 6) & (sizes <= 12)).all()
  inside = (clusters.labels >= 0) & (labels >= 0)
  assert inside.sum() > 0.9 * (labels >= 0).sum()
  agreement = metrics.agreement(clusters.labels[inside], labels[inside])
  assert agreement.ari == 1


@pytest.mark.parametrize(
  'call,message',
  [
    (lambda: clustering.nearest_neighbors(jnp.ones((3, 1)), k=3), '3 images'),
    (lambda: clustering.nearest_neighbors(jnp.ones((3, 1)), k=0), 'at least 1'),
    (
      lambda: clustering.reciprocal_similarity(
        jnp.ones((3, 1)), clustering.nearest_neighbors(jnp.ones((3, 1)), k=2)
      ),
      'averaged over 6',
    ),
    (
      lambda: clustering.reciprocal_similarity(
        jnp.full((3, 1), jnp.nan),
        clustering.nearest_neighbors(jnp.ones((3, 1)), k=2),
        expansion=2,
      ),
      'not finite',
    ),
    (
      lambda: clustering.density_clusters(random_similarity(0), most=2),
      'in this order',
    ),
    (
      lambda: clustering.density_clusters(sparse.csr_array((4, 4))),
      'No two images',
    ),
    (
      lambda: clustering.density_clusters(
        random_similarity(0), least=1, most=1, links=1
      ),
      'All have merged.*Let `most` be larger, or neighbors fewer',
    ),
    (
      lambda: clustering.density_clusters(random_similarity(0), links=50),
      'All vanish: the largest group of images with 50 links has 0',
    ),
    (
      lambda: clustering.density_clusters(
        random_similarity(0), links=1, least=30, most=31, thresholds=4
      ),
      'fall apart .* from one threshold to the next',
    ),
  ],
)
def test_what_cannot_be_is_named(call, message):
  with pytest.raises(ValueError, match=message):
    call()


def test_neighbors_compile_once(groups):
  chex.clear_trace_counter()
  compiled = jax.jit(
    chex.assert_max_traces(clustering.nearest_neighbors, n=1), static_argnums=1
  )
  x = jnp.asarray(groups[0])
  for features in (x, x[::-1]):
    np.testing.assert_array_equal(
      compiled(features, 3).rows, clustering.nearest_neighbors(features, 3).rows
    )
