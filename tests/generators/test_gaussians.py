"""Gaussians of latents and their mixtures, beside NumPy's moments."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lasium_jax.generators.gaussians import (
  Gaussian,
  draw,
  draw_clusters,
  draw_of,
  fitted,
  fitted_mixture,
  merged,
)

SIZE = 5


def planted(rng, rank, n):
  """Codes of a Gaussian of some rank, in one of its clusters' places."""
  root = rng.normal(size=(SIZE, rank))
  mean = rng.normal(size=SIZE)
  return mean, root @ root.T, mean + rng.normal(size=(n, rank)) @ root.T


def covariances(gaussian):
  return gaussian.root @ gaussian.root.swapaxes(-1, -2)


def moments(codes):
  """NumPy's mean and covariance, which of one code is zero."""
  n, size = codes.shape
  return codes.mean(0), np.cov(codes.T) if n > 1 else np.zeros((size, size))


@pytest.mark.parametrize('n', [1, 2, 4, SIZE, SIZE + 1, 200])
def test_one_has_the_codes_moments(n):
  """Of a few codes in five dimensions, too, where Cholesky's root is NaN."""
  codes = np.random.default_rng(0).normal(1, 2, (n, SIZE))
  gaussian = fitted(jnp.float32(codes))
  mean, covariance = moments(codes)
  assert gaussian.root.shape == (SIZE, SIZE)
  np.testing.assert_allclose(gaussian.mean, mean, rtol=1e-5, atol=1e-6)
  np.testing.assert_allclose(
    covariances(gaussian), covariance, rtol=1e-4, atol=1e-5
  )


@pytest.mark.parametrize('n', [1, 3, SIZE + 1])
def test_a_ridge_is_a_share_of_the_mean_variance(n):
  """Added to each dimension's, of fewer codes than dimensions, too."""
  codes = np.random.default_rng(0).normal(1, 2, (n, SIZE))
  _, covariance = moments(codes)
  wide = covariance + 0.3 * np.trace(covariance) / SIZE * np.eye(SIZE)
  one = fitted(jnp.float32(codes), ridge=0.3)
  others = np.concatenate([codes, codes + 9])
  y = jnp.asarray(np.repeat([0, 1], n))
  mixture = fitted_mixture(jnp.float32(others), y, 2, ridge=0.3)
  for found in (covariances(one), *covariances(mixture)):
    np.testing.assert_allclose(found, wide, rtol=1e-3, atol=1e-4)
  rank = np.linalg.matrix_rank(np.asarray(covariances(one)), tol=1e-3)
  assert rank == (SIZE if n > 1 else 0)


def test_clusters_of_all_sizes_have_their_own_moments():
  """Fewer codes than dimensions, as many, and more, in one mixture.

  Codes stand in any order, and some are of no cluster.
  """
  rng = np.random.default_rng(0)
  sizes = {0: SIZE, 1: SIZE + 1, 2: 1, 3: 0, 4: 3, 5: 40, -1: 7, 6: 9, 99: 2}
  y = rng.permutation(np.repeat(list(sizes), list(sizes.values())))
  codes = rng.normal(1, 2, (len(y), SIZE))
  mixture = fitted_mixture(jnp.float32(codes), jnp.asarray(y), 6)
  assert mixture.root.shape == (6, SIZE, SIZE)
  for own in (0, 1, 2, 4, 5):
    mean, covariance = moments(codes[y == own])
    np.testing.assert_allclose(mixture.mean[own], mean, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
      covariances(mixture)[own], covariance, rtol=1e-4, atol=1e-5
    )
  assert np.isnan(mixture.mean[3]).all()
  assert not np.any(mixture.root[2:4])


def test_a_mixture_finds_what_was_planted():
  """Among them one that lies in a plane."""
  rng = np.random.default_rng(0)
  truth = [planted(rng, rank, 4000) for rank in (SIZE, 2, SIZE)]
  codes = np.concatenate([codes for *_, codes in truth])
  y = np.repeat(np.arange(3), 4000)
  order = rng.permutation(len(y))
  mixture = fitted_mixture(jnp.float32(codes[order]), jnp.asarray(y[order]), 3)
  for own, (mean, covariance, _) in enumerate(truth):
    scale = np.abs(covariance).max()
    np.testing.assert_allclose(mixture.mean[own], mean, atol=0.1 * scale)
    np.testing.assert_allclose(
      covariances(mixture)[own], covariance, atol=0.15 * scale
    )


def test_a_mixture_merges_into_the_gaussian_of_all_its_codes():
  """NumPy's of them all; a cluster without codes has no part in it."""
  rng = np.random.default_rng(0)
  codes = np.concatenate([planted(rng, SIZE, 500)[2] for _ in range(3)])
  mixture = fitted_mixture(
    jnp.float32(codes), jnp.asarray(np.repeat([0, 1, 3], 500)), 4
  )
  one = merged(mixture)
  np.testing.assert_allclose(one.mean, codes.mean(0), atol=1e-4)
  np.testing.assert_allclose(
    covariances(one), np.cov(codes.T), rtol=0.01, atol=0.01
  )


@pytest.mark.parametrize('n,size', [(3, SIZE), (6, 74), (74, 74), (20, 264)])
def test_draws_of_a_few_codes_stay_in_the_plane_through_them(key, n, size):
  """Through their mean, at least, and on it in all directions that they have.

  As many codes as dimensions are in a plane of one dimension less.
  """
  codes = np.random.default_rng(0).normal(size=(n, size))
  codes = np.float64(np.float32(codes))
  drawn = np.asarray(draw(key, fitted(jnp.float32(codes)), 50))
  offsets = np.float64(drawn) - codes.mean(0)
  axes = np.linalg.svd(codes - codes.mean(0))[2]
  along, across = axes[: n - 1], axes[n - 1 :]
  assert (offsets @ along.T).std(0).min() > 0.01
  np.testing.assert_allclose(offsets @ across.T, 0.0, atol=1e-5)
  mixture = fitted_mixture(jnp.float32(codes), jnp.zeros(n, int), 1)
  drawn = np.float64(draw_of(key, mixture, jnp.zeros(50, int), spread=2.0))
  np.testing.assert_allclose((drawn - codes.mean(0)) @ across.T, 0.0, atol=2e-5)


def test_permuted_labels_change_nothing_but_the_order():
  rng = np.random.default_rng(0)
  codes, y = jnp.float32(rng.normal(size=(40, SIZE))), rng.integers(0, 4, 40)
  mixture = fitted_mixture(codes, jnp.asarray(y), 4)
  names = np.array([2, 0, 3, 1])
  renamed = fitted_mixture(codes, jnp.asarray(names[y]), 4)
  for ours, other in zip(mixture, renamed, strict=True):
    np.testing.assert_array_equal(ours, other[names])
  order = rng.permutation(40)
  shuffled = fitted_mixture(codes[order], jnp.asarray(y[order]), 4)
  np.testing.assert_allclose(mixture.mean, shuffled.mean, atol=1e-5)
  np.testing.assert_allclose(
    covariances(mixture), covariances(shuffled), atol=1e-5
  )


@pytest.mark.parametrize('n', [5, 600])  # Fewer and more than at once.
def test_draws_are_of_their_clusters(key, n):
  """By another calculation of the same noise, for each row by itself."""
  rng = np.random.default_rng(0)
  mixture = Gaussian(
    jnp.float32(rng.normal(size=(3, SIZE))),
    jnp.float32(rng.normal(size=(3, SIZE, SIZE))),
  )
  y = rng.integers(0, 3, n)
  noise = np.asarray(jax.random.normal(key, (n, SIZE)))
  for spread in (0.0, 1.0, 2.5):
    expected = [
      np.asarray(mixture.mean[own]) + spread * np.asarray(mixture.root[own]) @ e
      for own, e in zip(y, noise, strict=True)
    ]
    drawn = draw_of(key, mixture, jnp.asarray(y), spread=spread)
    np.testing.assert_allclose(drawn, expected, rtol=1e-4, atol=1e-4)


def test_a_cluster_without_codes_is_left_out(key):
  codes = jnp.float32(np.random.default_rng(0).normal(size=(60, SIZE)))
  y = jnp.array([0] * 50 + [2] * 10)
  mixture = fitted_mixture(codes, y, 3)
  clusters = np.bincount(draw_clusters(key, mixture, 2000), minlength=3)
  assert clusters[1] == 0 and clusters.sum() == 2000
  # As often as any other, whatever its size: within 5 standard deviations.
  assert abs(clusters[2] - 1000) < 5 * np.sqrt(500)
  drawn = np.asarray(draw_of(key, mixture, jnp.array([0, 1, 2, 3, -1])))
  assert np.isnan(drawn).all(1).tolist() == [False, True, False, True, True]
  assert not np.isnan(drawn[[0, 2]]).any()
