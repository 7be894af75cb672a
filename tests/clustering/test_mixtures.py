"""Mixtures of Gaussians that EM fits, against planted ones."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import multivariate_normal

from lasium_jax.clustering import kmeans_clusters, mixture_clusters

KEY = jax.random.key(0)


def crossed(n=400):
  """Two long Gaussians that cross at one point, which k-means cannot tell."""
  rng = np.random.default_rng(0)
  noise = rng.normal(size=(2, n, 2)) * np.array([8.0, 0.2])
  points = np.concatenate([noise[0], noise[1, :, ::-1]])
  return points, np.repeat([0, 1], n)


def agreeing(found, truth):
  """The share that two clusters have right, whatever their names."""
  return max((found == truth).mean(), (found != truth).mean())


def test_gaussians_of_other_shapes_are_told_where_means_are_not():
  """As well as by the Gaussians that were planted."""
  points, truth = crossed()
  scores = [
    multivariate_normal.logpdf(points, cov=np.square(deviations) * np.eye(2))
    for deviations in ([8.0, 0.2], [0.2, 8.0])
  ]
  best = agreeing(np.argmax(scores, 0), truth)
  found = mixture_clusters(KEY, jnp.asarray(points), clusters=2)
  assert found.dtype == np.int32 and sorted({*found.tolist()}) == [0, 1]
  assert agreeing(found, truth) > best - 0.01 > 0.9
  plain = kmeans_clusters(KEY, jnp.asarray(points), clusters=2)
  assert agreeing(plain, truth) < 0.8
  again = mixture_clusters(KEY, jnp.asarray(points), clusters=2)
  np.testing.assert_array_equal(again, found)


def test_fewer_images_than_dimensions_have_clusters_too():
  rng = np.random.default_rng(0)
  truth = rng.permutation(np.repeat(np.arange(3), 5))
  points = 3 * np.eye(3, 20)[truth] + 0.1 * rng.normal(size=(15, 20))
  found = mixture_clusters(KEY, jnp.asarray(points), clusters=3)
  assert len({*zip(found.tolist(), truth.tolist(), strict=True)}) == 3


def test_what_cannot_be_clustered_is_refused():
  points = jnp.zeros((3, 2))
  with pytest.raises(ValueError, match='4 clusters were asked for, of 3'):
    mixture_clusters(KEY, points, clusters=4)
  with pytest.raises(ValueError, match='not finite'):
    mixture_clusters(KEY, points.at[1].set(jnp.nan), clusters=2)
