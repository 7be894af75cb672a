"""Distances of sets of features, by closed forms, SciPy and scikit-learn."""

import importlib

import jax
import numpy as np
import pytest
import scipy.linalg
from sklearn.neighbors import NearestNeighbors

from lasium_jax.metrics import (
  PRDC,
  diversity,
  frechet_distance,
  gaussian_distance,
  gaussian_of,
  kernel_distance,
  prdc,
)
from lasium_jax.metrics.kernel_distance import squared_discrepancy


def normal(seed, n, size, scale=1.0):
  return scale * np.random.default_rng(seed).normal(size=(n, size))


def whitened(seed, n, size):
  """Rows whose mean is 0 and whose covariance is exactly 1."""
  x = normal(seed, n, size)
  x -= x.mean(0)
  return x @ np.linalg.inv(np.linalg.cholesky(np.cov(x, rowvar=False))).T


def both_forms(first, second):
  """From features and from moments; they must be one number."""
  value = frechet_distance(first, second)
  moments = gaussian_distance(gaussian_of(first), gaussian_of(second))
  scale = np.square(first).sum(1).mean() + np.square(second).sum(1).mean()
  assert value == pytest.approx(moments, abs=1e-6 * scale)
  return value


@pytest.mark.parametrize('n', [30, 300])
def test_frechet_of_commuting_covariances(n):
  """`|m1 - m2|^2` and the squared differences of standard deviations."""
  rotation = scipy.linalg.qr(normal(0, 5, 5))[0]
  first, second = np.array([1, 2, 3, 4, 0.5]), np.array([2, 2, 1, 0.1, 3])
  shift = np.array([1, -1, 0, 2, 0.5])
  expected = np.square(first - second).sum() + np.square(shift).sum()
  value = both_forms(
    whitened(1, n, 5) * first @ rotation,
    whitened(2, n, 5) * second @ rotation + shift,
  )
  assert value == pytest.approx(expected, rel=1e-6)


def test_frechet_is_that_of_scipys_root():
  x, y = normal(3, 50, 6) @ normal(4, 6, 6), 1 + normal(5, 80, 6)
  root = scipy.linalg.sqrtm(np.cov(x.T) @ np.cov(y.T)).real
  traces = np.trace(np.cov(x.T)) + np.trace(np.cov(y.T)) - 2 * np.trace(root)
  expected = np.square(x.mean(0) - y.mean(0)).sum() + traces
  assert both_forms(x, y) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize('size', [3, 40])  # Fewer features than rows, and more.
def test_frechet_of_the_same_is_nothing(size):
  x = normal(6, 20, size)
  assert frechet_distance(x, x) < 1e-9
  assert frechet_distance(x, x[::-1]) < 1e-9
  assert both_forms(x, x + 2) == pytest.approx(4 * size, rel=1e-6)


def test_frechet_of_few_rows_does_not_change_by_a_rotation():
  x, y = normal(7, 8, 30, 2.0), normal(8, 12, 30)
  rotation = scipy.linalg.qr(normal(9, 30, 30))[0]
  value = both_forms(x, y)
  assert value > 1
  assert both_forms(x @ rotation, y @ rotation) == pytest.approx(value)
  assert both_forms(y, x) == pytest.approx(value)


def test_discrepancy_by_hand():
  x, y = normal(10, 5, 3), 1 + normal(11, 4, 3)

  def mean(a, b, same):
    values = [
      (sum(a[i] * b[j]) / 3 + 1) ** 3
      for i in range(len(a))
      for j in range(len(b))
      if not (same and i == j)
    ]
    return sum(values) / len(values)

  expected = mean(x, x, True) + mean(y, y, True) - 2 * mean(x, y, False)
  assert squared_discrepancy(x, y) == pytest.approx(expected)


def test_the_kernel_distance_is_unbiased(key):
  """Around 0 for one distribution, also in subsets of few; else far above."""
  x, y = normal(12, 2_000, 4), normal(13, 2_000, 4)
  mean, spread = kernel_distance(key, x, y, subsets=200, subset_size=20)
  assert abs(mean) < 4 * spread / np.sqrt(200)
  far, _ = kernel_distance(key, x, y + 1, subsets=20, subset_size=20)
  assert far > 10 * spread / np.sqrt(20) > 0


def test_kernel_distance_of_all_rows_needs_no_luck(key):
  x, y = normal(14, 9, 4), normal(15, 9, 4)
  mean, spread = kernel_distance(key, x, y, subsets=3)
  assert mean == pytest.approx(squared_discrepancy(x, y))
  assert spread == pytest.approx(0, abs=1e-12)


def by_neighbors(real, made, k):
  """Shares and counts by scikit-learn's distances."""

  def radii(x):
    return NearestNeighbors(n_neighbors=k + 1).fit(x).kneighbors(x)[0][:, k]

  distances = np.linalg.norm(real[:, None] - made[None], axis=-1)
  real_balls = distances < radii(real)[:, None]
  made_balls = distances < radii(made)[None]
  return PRDC(
    real_balls.any(0).mean(),
    made_balls.any(1).mean(),
    real_balls.sum() / (k * len(made)),
    real_balls.any(1).mean(),
  )


@pytest.mark.parametrize('shift', [0.0, 0.7, 3.0])
def test_prdc_is_that_of_brute_force(monkeypatch, shift):
  """Also where the rows do not fill the last block."""
  # The package has the function by the module's name.
  module = importlib.import_module('lasium_jax.metrics.prdc')
  monkeypatch.setattr(module, '_BLOCK', 16)
  real, made = normal(16, 60, 3), shift + normal(17, 45, 3)
  three, five = (by_neighbors(real, made, k) for k in (3, 5))
  assert prdc(real, made) == pytest.approx(
    PRDC(three.precision, three.recall, five.density, five.coverage)
  )


def test_prdc_on_a_line():
  """Balls have no surface: the second neighbor of 0 is 2, and 2 is not in."""
  real = np.arange(6.0)[:, None]
  made = np.array([[-2.0], [2.5], [2.5], [100]])
  found = prdc(real, made, neighbors=2, density_neighbors=2)
  # Radii are 2, 1, 1, 1, 1, 2: at 2.5 are the balls of 2 and 3; at -2 none.
  assert found.precision == 0.5
  assert found.density == (2 + 2) / (2 * 4)
  assert found.coverage == pytest.approx(2 / 6)
  # Made radii are 4.5, 4.5, 4.5 and 97.5: all real images are within 4.5.
  assert found.recall == 1


def test_copies_are_everywhere_and_nowhere_else():
  real = normal(18, 40, 5)
  same = prdc(real, real)
  assert (same.precision, same.recall, same.coverage) == (1, 1, 1)
  assert same.density == pytest.approx(1, rel=0.2)
  away = prdc(real, real + 1_000)
  assert away == PRDC(0, 0, 0, 0)


def test_diversity_by_hand():
  features = np.array([[0, 1], [2, 1], [4, 1], [5, 0], [5, 8]], float)
  # Squares of -2, 0, 2 over 2; of -4 and 4 over 1.
  expected = [(2 + 0) / 2, (0 + 32**0.5) / 2]
  labels = np.array([3, 3, 3, 7, 7])
  np.testing.assert_allclose(diversity(features, labels), expected)


BAD = {
  'of one F': (np.zeros((3, 2)), np.zeros((3, 4))),
  'must be': (np.zeros(3), np.zeros(3)),
  'not finite': (np.zeros((9, 2)), np.full((9, 2), np.nan)),
  'at least': (np.zeros((9, 2)), np.zeros((1, 2))),
}


@pytest.mark.parametrize('said', BAD)
def test_features_that_cannot_be_compared(key, said):
  for measure in (
    frechet_distance,
    prdc,
    lambda *features: kernel_distance(key, *features),
  ):
    with pytest.raises(ValueError, match=said):
      measure(*BAD[said])


def test_asking_for_nothing_is_refused(key):
  x = np.zeros((9, 2))
  with pytest.raises(ValueError, match='0 subsets'):
    kernel_distance(key, x, x, subsets=0)
  with pytest.raises(ValueError, match='0 and 5 neighbors'):
    prdc(x, x, neighbors=0)
  with pytest.raises(ValueError, match='Class 4 has one image alone'):
    diversity(x[:3], np.array([3, 3, 4]))


def test_features_may_be_of_jax(key):
  x = jax.random.normal(key, (9, 2))
  assert frechet_distance(x, x) < 1e-9
