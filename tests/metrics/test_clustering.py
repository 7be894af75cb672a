"""Clusterings beside classes, by hand, by trial, and by scikit-learn."""

import itertools

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from lasium_jax import metrics
from lasium_jax.metrics import Agreement, agreement


def labels(seed, kinds, n=60):
  return np.random.default_rng(seed).integers(kinds, size=n)


def accuracy_by_trial(clusters, classes):
  """The most of all ways to give each cluster another class."""
  names, kinds = np.unique(clusters), np.unique(classes)
  # Classes that nothing has, for clusters that are left over.
  kinds = [*kinds, *range(1_000, 1_000 + max(len(names) - len(kinds), 0))]
  return max(
    sum(
      ((clusters == name) & (classes == kind)).sum()
      for name, kind in zip(names, order, strict=True)
    )
    for order in itertools.permutations(kinds, len(names))
  ) / len(classes)


@pytest.mark.parametrize(
  'clusters,classes',
  [
    (labels(0, 4), labels(1, 4)),
    (labels(0, 2), labels(1, 5)),
    (labels(0, 5), labels(1, 2)),
    (labels(0, 3) + labels(2, 2), labels(0, 3)),
    (-7 * labels(0, 3), 100 * labels(1, 2) - 50),
    (labels(0, 1), labels(1, 3)),
    (labels(0, 3), labels(1, 1)),
    (labels(0, 2, n=2), labels(3, 2, n=2)),
  ],
)
def test_measures_of_any_labels(clusters, classes):
  found = agreement(clusters, classes)
  accuracy = accuracy_by_trial(clusters, classes)
  nmi = normalized_mutual_info_score(classes, clusters)
  ari = adjusted_rand_score(classes, clusters)
  np.testing.assert_allclose(found, (accuracy, nmi, ari), atol=1e-9)


@pytest.mark.parametrize(
  'clusters,classes,expected',
  [
    # Each class is divided evenly among the clusters: they say nothing of it,
    # and two of six pairs are in one cluster, two in one class, none in both.
    ([0, 1, 0, 1], [0, 0, 1, 1], (0.5, 0.0, (0 - 4 / 6) / (2 - 4 / 6))),
    # One of two classes is divided: 1 bit of mutual information, of entropies
    # of 1 and 1.5 bits.
    ([0, 0, 1, 2], [5, 5, 3, 3], (0.75, 0.8, (1 - 2 / 6) / (1.5 - 2 / 6))),
    ([3, 3, 3], [0, 0, 0], (1, 1, 1)),
    ([0, 1, 2], [2, 0, 1], (1, 1, 1)),
    ([4], [9], (1, 1, 1)),
  ],
)
def test_measures_by_hand(clusters, classes, expected):
  np.testing.assert_allclose(agreement(clusters, classes), expected, atol=1e-12)


def test_how_clusters_are_numbered_changes_nothing():
  clusters, classes = labels(0, 6), labels(1, 6)
  clusters[:30] = classes[:30]
  found = agreement(clusters, classes)
  renamed = np.array([30, -4, 11, 2, 7, 0])[clusters]
  np.testing.assert_allclose(agreement(renamed, classes), found, rtol=1e-12)
  same = agreement(renamed, clusters)
  np.testing.assert_allclose(same, Agreement(1.0, 1.0, 1.0), rtol=1e-12)


def test_large_counts_keep_their_pairs():
  """Products of pairs of 200,000 images are beyond 64 bits."""
  classes = np.arange(200_000) % 2
  found = agreement(classes, classes)
  np.testing.assert_allclose(found, (1, 1, 1), rtol=1e-12)
  assert abs(agreement(np.arange(200_000) // 100_000, classes).ari) < 1e-4


@pytest.mark.parametrize(
  'clusters,classes,message',
  [
    ([0, 1], [0, 1, 1], r'int64 \[2\] and classes int64 \[3\]'),
    ([[0, 1]], [[0, 1]], 'must be whole numbers'),
    ([0.0, 1.0], [0, 1], 'float64'),
    (np.zeros(0, int), np.zeros(0, int), 'no images'),
  ],
)
def test_what_are_no_labels_is_refused(clusters, classes, message):
  with pytest.raises(ValueError, match=message):
    agreement(clusters, classes)


def test_clusters_are_matched_as_scipy_does():
  """By the most images on their own; ties are none, as counts are random."""
  rng = np.random.default_rng(0)
  for _ in range(5):
    clusters = np.concatenate([np.arange(6), rng.integers(6, size=3_000)])
    classes = np.concatenate([np.arange(6), rng.integers(6, size=3_000)])
    table = np.zeros((6, 6), int)
    np.add.at(table, (clusters, classes), 1)
    expected = linear_sum_assignment(-table)[1]
    found = metrics.matched_classes(clusters, 10 + classes)
    best, own = (table[np.arange(6), c].sum() for c in (expected, found - 10))
    assert best == own and sorted(found - 10) == list(range(6))


def test_clusters_that_are_left_over_are_matched_to_none():
  """By hand: class 7 is matched where it has three images, and not two."""
  clusters = [0, 0, 0, 1, 1, 2, 2, 2, 5]
  classes = [4, 4, 7, 7, 7, 7, 7, 7, 4]
  found = metrics.matched_classes(clusters, classes)
  assert found.tolist() == [4, -1, 7, -1]
  assert agreement(clusters, classes).accuracy == pytest.approx(5 / 9)
  with pytest.raises(ValueError, match=r'4 clusters cannot each .* one is -3'):
    metrics.matched_classes(clusters, np.array(classes) - 7)


def test_classes_that_are_left_over_have_no_cluster():
  """By hand: the cluster of three of class 2 and two of class 9 is class 2."""
  clusters, classes = [1, 1, 1, 1, 1, 0], [2, 2, 2, 9, 9, 4]
  assert metrics.matched_classes(clusters, classes).tolist() == [4, 2]
  assert agreement(clusters, classes).accuracy == pytest.approx(4 / 6)
