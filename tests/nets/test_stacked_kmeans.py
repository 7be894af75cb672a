"""Weights by k-means of patches: what they find, and that moments fit."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lasium_jax.nets import ResNet, stacked_kmeans


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


def test_kernels_find_what_images_consist_of(key):
  """Lying and upright bars: some kernels answer to one, some to the other."""
  patterns = np.zeros((2, 3, 3), np.float32)
  patterns[0, 1], patterns[1, :, 1] = 1, 1
  rng = np.random.default_rng(0)
  images = np.zeros((60, 9, 9, 1), np.float32)
  for image in images:
    for row, column in np.ndindex(3, 3):
      place = slice(3 * row, 3 * row + 3), slice(3 * column, 3 * column + 3)
      image[(*place, 0)] = patterns[rng.integers(2)]
  variables = stacked_kmeans(
    key, ResNet(1, depth=8, width=8), jnp.asarray(images)
  )
  kernels = np.asarray(variables['params']['Conv_0']['kernel'])[:, :, 0]
  # What one pattern has and the other lacks, and the other way round.
  contrast = np.einsum('hw,hwk->k', patterns[0] - patterns[1], kernels)
  lengths = np.linalg.norm(kernels.reshape(9, -1), axis=0) * 2
  assert (contrast / lengths).max() > 0.3 and (contrast / lengths).min() < -0.3


def test_too_few_patches_are_refused(key):
  with pytest.raises(ValueError, match=r'8 kernels.*1 inputs have 4 patches'):
    stacked_kmeans(key, ResNet(1, depth=8, width=8), jnp.ones((1, 2, 2, 1)))
