"""What images are compared by, each measure by another calculation."""

from typing import get_args

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lasium_jax.generators.similarity import Name, measure_of
from lasium_jax.nets.resnet import ResNet
from lasium_jax.nets.stacked_kmeans import stacked_kmeans
from lasium_jax.nets.vgg import Vgg16
from lasium_jax.ops.pyramid import laplacian_loss

SHAPE = (8, 8, 1)


def by_vgg16(weights, x, y):
  """Equation 4 by its layers, with images in [-1, 1]."""
  x, y = 2 * x - 1, 2 * y - 1
  layers = [
    (x, y),
    *zip(*(Vgg16(3).apply(weights, side) for side in (x, y)), strict=True),
  ]
  return [[jnp.abs(a - b)[i].mean() for i in range(len(x))] for a, b in layers]


def by_resnet32(weights, x, y):
  """By the first layer, and the last block of each stage of five."""
  net = ResNet(1, depth=32)
  blocks = '_Block_4', '_Block_9', '_Block_14'

  def layers(side):
    _, tree = net.apply(
      weights, side, train=False, capture_intermediates=True, mutable=True
    )
    found = tree['intermediates']
    return [found[name]['__call__'][0] for name in ('BatchNorm_0', *blocks)]

  pairs = [(x, y), *zip(layers(x), layers(y), strict=True)]
  return [[jnp.abs(a - b)[i].mean() for i in range(len(x))] for a, b in pairs]


def images_of(shape):
  """A few of a training set, on the host."""
  rng = np.random.default_rng(0)
  return rng.integers(256, size=(16, *shape), dtype=np.uint8)


EXPECTED = {
  'laplacian': lambda weights, x, y: [
    laplacian_loss(x, y, gamma=0.5, levels=2)
  ],
  'l1': lambda weights, x, y: [np.abs(x - y).mean((1, 2, 3))],
  'l2': lambda weights, x, y: [np.square(x - y).mean((1, 2, 3))],
  'vgg16': by_vgg16,
  'random_resnet32': by_resnet32,
  'kmeans_resnet32': by_resnet32,
  'trained_resnet32': by_resnet32,
}


def given(name, key):
  """What a user gives to a measure."""
  x = jnp.zeros((1, *SHAPE))
  if name == 'vgg16':
    return Vgg16().init(key, x)
  if name == 'trained_resnet32':
    return ResNet(1, depth=32).init(key, x, False)
  return None


def test_every_measure_has_a_test():
  assert EXPECTED.keys() == set(get_args(Name))


@pytest.mark.parametrize('name', EXPECTED)
def test_distances_are_of_each_image_by_itself(key, name):
  measure = measure_of(name, gamma=0.5, levels=2, weights=given(name, key))
  weights = measure.init(key, images_of(SHAPE))
  x, y = jax.random.uniform(key, (2, 3, *SHAPE))
  distances = jax.jit(measure.distance)(weights, x, y)
  assert distances.shape == (3,)
  expected = np.sum(EXPECTED[name](weights, x, y), axis=0)
  np.testing.assert_allclose(distances, expected, rtol=1e-3)
  same = jax.jit(measure.distance)(weights, x, x)
  np.testing.assert_allclose(same, 0.0, atol=1e-6)


def test_only_the_layers_that_are_compared_are_kept(key):
  """Of smaller images three, as in GLANN's code."""
  weights = given('vgg16', key)
  measure = measure_of('vgg16', gamma=1.0, levels=3, weights=weights)
  for side, convolutions in ((8, 6), (48, 6), (64, 10)):
    kept = measure.init(key, images_of((side, side, 1)))['params']
    assert len(kept) == convolutions
    for name, layer in kept.items():
      assert layer is weights['params'][name]


@pytest.mark.parametrize('name', ['vgg16', 'trained_resnet32'])
def test_missing_weights_are_refused(key, name):
  measure = measure_of(name, gamma=1.0, levels=3, weights=None)
  weights = measure.init(key, images_of(SHAPE))
  x = jnp.zeros((2, *SHAPE))
  with pytest.raises(ValueError, match=rf'{name}.* give them as measure_w'):
    measure.distance(weights, x, x)


def test_what_is_frequent_in_the_training_images_is_looked_for(key):
  """As in the network that these images were given by hand."""
  images = images_of(SHAPE)
  measure = measure_of('kmeans_resnet32', gamma=1.0, levels=3, weights=None)
  found = measure.init(key, images)
  row_key, own_key = jax.random.split(key)
  x = jnp.float32(images[jax.random.permutation(row_key, 16)] / 255)
  expected = stacked_kmeans(own_key, ResNet(1, depth=32), x)
  np.testing.assert_allclose(
    found['params']['Conv_0']['kernel'],
    expected['params']['Conv_0']['kernel'],
    rtol=1e-3,
    atol=1e-5,
  )
  others = measure.init(key, 255 - images)['params']['Conv_0']['kernel']
  assert (np.asarray(others) != found['params']['Conv_0']['kernel']).any()


@pytest.mark.parametrize('name', ['laplacian', 'l1', 'l2'])
def test_weights_that_nothing_is_compared_by_are_refused(key, name):
  with pytest.raises(ValueError, match=f'{name}.* has no use for measure_w'):
    measure_of(name, gamma=1.0, levels=3, weights=given('vgg16', key))
