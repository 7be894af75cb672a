"""Weights by k-means of patches: what they find, and that moments fit."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import sqrtm

from lasium_jax.nets import ResNet, stacked_kmeans
from lasium_jax.nets.stacked_kmeans import _whitened_centers


def test_normalizations_have_the_moments_of_the_images(key):
  """So that by these averages the images pass as they did."""
  network = ResNet(1, depth=8, width=3)
  x = jax.random.uniform(key, (6, 8, 8, 2))
  variables = stacked_kmeans(key, network, x)
  first = network.init(key, x, False)
  assert jax.tree.map(jnp.shape, variables) == jax.tree.map(jnp.shape, first)
  layers, _ = network.apply(
    variables, x, True, method=network.layers, mutable=['batch_stats']
  )
  again = network.apply(variables, x, False, method=network.layers)
  for one, other in zip(layers, again, strict=True):
    np.testing.assert_allclose(one, other, rtol=1e-2, atol=1e-3)
  for name, layer in variables['params'].items():
    if 'kernel' in layer and not name.startswith('Dense'):
      assert np.isfinite(layer['kernel']).all()
      assert not np.allclose(layer['kernel'], first['params'][name]['kernel'])


def test_kernels_are_whitened_centers_of_patches(key):
  """By NumPy: each is where the mean of those nearest to it points."""
  rng = np.random.default_rng(0)
  places = rng.normal(size=(4, 6))
  patches = places[rng.integers(4, size=300)] + 0.1 * rng.normal(size=(300, 6))
  kernels = np.asarray(_whitened_centers(key, jnp.float32(patches), 5))
  assert kernels.shape == (6, 5)
  centered = patches - patches.mean(0)
  covariance = centered.T @ centered / len(patches) + 1e-2 * np.eye(6)
  whiten = np.real(sqrtm(np.linalg.inv(covariance)))
  units = centered @ whiten
  units /= np.linalg.norm(units, axis=1, keepdims=True)
  centers = np.linalg.solve(whiten, kernels).T
  np.testing.assert_allclose(np.linalg.norm(centers, axis=1), 1, rtol=1e-3)
  nearest = (units @ centers.T).argmax(1)
  assert len(np.unique(nearest)) == 5
  for own, center in enumerate(centers):
    mean = units[nearest == own].mean(0)
    assert mean @ center / np.linalg.norm(mean) > 0.99


def test_too_few_patches_are_refused(key):
  with pytest.raises(ValueError, match=r'8 kernels.*1 inputs have 4 patches'):
    stacked_kmeans(key, ResNet(1, depth=8, width=8), jnp.ones((1, 2, 2, 1)))
