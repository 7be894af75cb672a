"""Features of all images, against the network on each image by itself."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lasium_jax import clustering
from lasium_jax.clustering import network_features
from lasium_jax.types import Network


def weighted(params, x, statistics=None, mask=None):
  """A network of one product, normalized by the mean of all pixels."""
  del mask
  flat = x.reshape(len(x), -1)
  moments = flat.mean() if statistics is None else statistics
  return (flat - moments) @ params, moments


NETWORK = Network(lambda key, x: None, weighted)


@pytest.fixture
def images():
  return np.random.default_rng(0).integers(256, size=(23, 3, 2, 1), dtype='u1')


@pytest.mark.parametrize('block', [1, 5, 256])
def test_however_many_go_together_features_are_the_same(
  images, block, key, monkeypatch
):
  monkeypatch.setattr(network_features, '_AT_ONCE', block)
  params = jnp.asarray(np.random.default_rng(1).normal(size=(6, 4)))
  found = clustering.features(key, NETWORK, params, jnp.asarray(images))
  flat = images.reshape(23, 6) / 255
  np.testing.assert_allclose(found, (flat - flat.mean()) @ params, atol=1e-5)


def test_moments_are_of_evenly_spaced_images(images, key, monkeypatch):
  monkeypatch.setattr(network_features, '_NORMALIZED_BY', 4)
  params = jnp.eye(6)
  found = clustering.features(key, NETWORK, params, jnp.asarray(images))
  flat = images.reshape(23, 6) / 255
  mean = flat[[0, 5, 11, 17]].mean()
  np.testing.assert_allclose(found, flat - mean, atol=1e-5)


def test_moments_are_of_all_of_millions_of_images(key):
  """Given on the host: the brighter half counts as the other does."""
  half = 1_100_000
  images = np.repeat(np.uint8([0, 255]), half).reshape(-1, 1, 1, 1)
  found = clustering.features(key, NETWORK, jnp.eye(1), images)
  expected = np.repeat([[-0.5], [0.5]], half, axis=0)
  np.testing.assert_array_equal(found, expected)


def test_views_differ_and_are_averaged(images, key):
  """A view is the image plus a number that its key draws."""

  def brighter(key, x):
    return x + jax.random.uniform(key)

  params = jnp.eye(6)

  def added(views):
    found = clustering.features(
      key, NETWORK, params, jnp.asarray(images), augment=brighter, views=views
    )
    flat = images.reshape(23, 6) / 255
    return np.asarray(found - (flat - flat.mean()))

  many = added(500)
  np.testing.assert_allclose(many, many[0, 0], atol=1e-5)
  assert abs(many[0, 0] - 0.5) < 0.06  # Uniform in [0, 1]: 0.013 is sigma.
  assert abs(added(1)[0, 0] - many[0, 0]) > 1e-3
