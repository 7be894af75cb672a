"""The Inception network: its counts, its pools, what it is given.

With random weights, as the public ones cannot be had; and mostly block by
block, because the whole takes long to compile.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lasium_jax.models.inception import shapes
from lasium_jax.models.torch_weights import torch_name
from lasium_jax.nets.inception import (
  InceptionA,
  InceptionB,
  InceptionC,
  InceptionD,
  InceptionE,
  InceptionV3,
  prepared,
)

NAMES = {
  torch_name(place): leaf.shape
  for place, leaf in jax.tree_util.tree_leaves_with_path(shapes())
}


def test_it_has_the_sizes_of_the_public_weights():
  """94 convolutions, 21.75 million weights, 17,216 channels; no biases."""
  kernels = [s for n, s in NAMES.items() if n.endswith('.conv.weight')]
  assert len(kernels) == 94 and len(NAMES) == 94 * 5
  assert sum(map(np.prod, kernels)) == pytest.approx(21.75e6, abs=5e3)
  means = [s for n, s in NAMES.items() if n.endswith('.bn.running_mean')]
  assert sum(map(np.prod, means)) == 17_216


# Windows, inputs and outputs, in our order, of some that could be mistaken.
SOME = {
  'Conv2d_1a_3x3': (3, 3, 3, 32),
  'Conv2d_3b_1x1': (1, 1, 64, 80),
  'Mixed_5b.branch5x5_2': (5, 5, 48, 64),
  'Mixed_5b.branch_pool': (1, 1, 192, 32),
  'Mixed_5d.branch_pool': (1, 1, 288, 64),
  'Mixed_6a.branch3x3': (3, 3, 288, 384),
  'Mixed_6b.branch7x7_2': (1, 7, 128, 128),
  'Mixed_6c.branch7x7_3': (7, 1, 160, 192),
  'Mixed_6e.branch7x7dbl_5': (1, 7, 192, 192),
  'Mixed_7a.branch7x7x3_2': (1, 7, 192, 192),
  'Mixed_7a.branch7x7x3_4': (3, 3, 192, 192),
  'Mixed_7b.branch1x1': (1, 1, 1280, 320),
  'Mixed_7c.branch3x3_2b': (3, 1, 384, 384),
  'Mixed_7c.branch3x3dbl_2': (3, 3, 448, 384),
}


@pytest.mark.parametrize('name', SOME)
def test_convolutions(name):
  assert NAMES[f'{name}.conv.weight'] == SOME[name]
  assert NAMES[f'{name}.bn.running_var'] == SOME[name][-1:]


@pytest.mark.parametrize(
  'block,channels',
  [(InceptionB(), 480 + 5), (InceptionD(), 512 + 5)],
)
def test_halving_blocks(block, channels):
  """Windows of 3 within the image: a side of 9 becomes 4, not 5."""
  x = jax.ShapeDtypeStruct((1, 9, 9, 5), 'float32')
  out, _ = jax.eval_shape(block.init_with_output, jax.random.key(0), x)
  assert out.shape == (1, 4, 4, channels)


def pooled(x, reduce):
  """Of each pixel's neighbors within the image."""
  height, width = x.shape[1:3]
  out = np.empty_like(x)
  for i in range(height):
    for j in range(width):
      window = x[:, max(i - 1, 0) : i + 2, max(j - 1, 0) : j + 2]
      out[:, i, j] = reduce(window, (1, 2))
  return out


@pytest.mark.parametrize(
  'block,reduce',
  [
    (InceptionA(pooled=6), np.mean),
    (InceptionC(width=2), np.mean),
    (InceptionE(maximum=False), np.mean),
    (InceptionE(maximum=True), np.max),
  ],
)
def test_pools_do_not_count_what_lies_outside(key, block, reduce):
  """All values are below 0, where a padding of 0 would be the largest."""
  x = -1 - jax.random.uniform(key, (2, 3, 3, 4))
  variables = jax.jit(block.init)(key, x)
  made = jax.jit(block.apply)(variables, x)
  unit = variables['params']['branch_pool']
  kernel = np.asarray(unit['conv']['kernel'])[0, 0]
  # Moments are 0 and 1 here.
  expected = pooled(np.asarray(x), reduce) @ kernel / np.sqrt(1 + 1e-3)
  np.testing.assert_allclose(
    made[..., -kernel.shape[1] :], expected.clip(0), atol=1e-4
  )


def test_normalization_is_by_the_given_moments(key):
  """`(y - mean) / sqrt(variance + 0.001) * scale + bias`, then a rectifier."""
  block = InceptionE(maximum=True)
  x = jax.random.normal(key, (1, 2, 2, 4))
  variables = jax.jit(block.init)(key, x)
  scale, bias, mean, variance = 1 + jax.random.uniform(key, (4, 320))
  unit = variables['params']['branch1x1']
  unit['bn'].update(scale=scale, bias=bias)
  variables['batch_stats']['branch1x1']['bn'].update(mean=mean, var=variance)
  made = jax.jit(block.apply)(variables, x)[..., :320]
  y = np.asarray(x) @ np.asarray(unit['conv']['kernel'])[0, 0]
  mean, variance, scale, bias = map(np.asarray, (mean, variance, scale, bias))
  expected = (y - mean) / np.sqrt(variance + 1e-3) * scale + bias
  np.testing.assert_allclose(made, np.maximum(expected, 0), atol=1e-4)


def test_the_whole_gives_means_of_2048_features(key):
  """The smallest image that it takes, whose last blocks see one pixel."""
  x = jax.random.uniform(key, (2, 75, 75, 3), minval=-1)
  rng = np.random.default_rng(0)
  params = jax.tree_util.tree_map_with_path(
    lambda place, spec: (
      np.ones(spec.shape, np.float32)
      if place[-1].key in ('scale', 'var')
      else 0.05 * rng.standard_normal(spec.shape, np.float32)
    ),
    shapes(),
  )
  features = jax.jit(InceptionV3().apply)(params, x)
  assert features.shape == (2, 2_048)
  assert jnp.isfinite(features).all() and (features >= 0).all()
  assert jnp.abs(features[0] - features[1]).max() > 0


@pytest.mark.parametrize('side', [28, 64])
def test_images_are_resized_as_pytorch_does(side):
  """Bilinear by hand: centers at halves, ends repeated; gray thrice."""
  x = np.random.default_rng(0).random((1, side, side, 1)).astype(np.float32)
  places = (np.arange(299) + 0.5) * side / 299 - 0.5
  grid = np.arange(side)
  rows = np.stack([np.interp(places, grid, c) for c in x[0, :, :, 0].T], 1)
  both = np.stack([np.interp(places, grid, row) for row in rows])
  made = prepared(jnp.asarray(x))
  assert made.shape == (1, 299, 299, 3)
  np.testing.assert_allclose(made[0, ..., 0], 2 * both - 1, atol=1e-5)
  np.testing.assert_array_equal(made[..., 0], made[..., 2])


def test_large_images_are_not_smoothed_before():
  """Of every three pixels one is seen: antialiasing would mix them."""
  x = np.zeros((1, 897, 897, 3), np.float32)
  x[:, 1::3, 1::3] = 1  # What centers of 299 pixels meet.
  np.testing.assert_allclose(prepared(jnp.asarray(x)), 1, atol=1e-5)
