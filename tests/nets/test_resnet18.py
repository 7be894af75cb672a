"""ResNet-18 against torchvision's count, and against NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lasium_jax.nets import ResNet18
from lasium_jax.nets.resnet18 import Trunk


def variables_of(network, shape):
  return jax.eval_shape(
    lambda key: network.init(key, jnp.zeros((1, *shape)), train=False),
    jax.random.key(0),
  )


def test_parameters_are_torchvisions_but_for_the_first_convolution():
  """That of `torchvision.models.resnet18` is of 7x7 pixels."""
  params = variables_of(ResNet18(1000), (32, 32, 3))['params']
  count = sum(leaf.size for leaf in jax.tree.leaves(params))
  assert count == 11_689_512 - (7 * 7 - 3 * 3) * 3 * 64


@pytest.mark.parametrize('shape', [(32, 32, 3), (48, 48, 3), (13, 10, 1)])
def test_shapes(shape):
  network = ResNet18(7, width=4)
  variables = variables_of(network, shape)
  x = jax.ShapeDtypeStruct((5, *shape), jnp.float32)
  logits, features = jax.eval_shape(
    lambda v, x: network.apply(v, x, train=False), variables, x
  )
  assert logits.shape == (5, 7) and features.shape == (5, 32)


@pytest.fixture(scope='module')
def trunk():
  """A narrow one, and its variables, before any training."""
  network = Trunk(1)
  x = jnp.zeros((1, 32, 32, 1))
  init = jax.jit(lambda key: network.init(key, x, train=False))
  return network, init(jax.random.key(1))


def test_shortcuts_alone(trunk):
  """With branches at zero, what is left is the pooled image, projected."""
  network, variables = trunk
  x = jax.random.normal(jax.random.key(0), (3, 32, 32, 1))
  params = jax.tree.map(jnp.zeros_like, variables['params'])
  params['Conv_0']['kernel'] = params['Conv_0']['kernel'].at[1, 1].set(1.0)
  params['BatchNorm_0']['scale'] += 1
  for number in (2, 4, 6):
    block = params[f'_Block_{number}']
    block['BatchNorm_2']['scale'] += 1
    kernel = block['Conv_2']['kernel']
    block['Conv_2']['kernel'] = kernel.at[0, 0, 0, 0].set(2.0)
  features = jax.jit(
    lambda params, x: network.apply(
      {**variables, 'params': params}, x, train=False
    )
  )(params, x)
  # Windows of 2x2 begin one pixel outside: there are 17 in a row, of which
  # strides leave every eighth. Four normalizations divide by sqrt(1 + 1e-5).
  padded = np.pad(np.asarray(x)[..., 0], ((0, 0), (1, 1), (1, 1)))
  pooled = padded.reshape(3, 17, 2, 17, 2).max((2, 4))
  expected = np.zeros((3, 8))
  expected[:, 0] = np.maximum(pooled, 0)[:, ::8, ::8].mean((1, 2))
  expected *= 8 / (1 + 1e-5) ** 2
  np.testing.assert_allclose(features, expected, rtol=1e-4)


def test_training_is_by_the_moments_of_the_batch(trunk):
  """Only then is it all the same how bright the images are."""
  network, variables = trunk
  x = jax.random.uniform(jax.random.key(0), (4, 32, 32, 1))

  @jax.jit
  def features(x):
    training, moved = network.apply(
      variables, x, train=True, mutable=['batch_stats']
    )
    return training, network.apply(variables, x, train=False), moved

  (training, trained, moved), (same, other, _) = features(x), features(2 * x)
  np.testing.assert_allclose(training, same, rtol=1e-2, atol=1e-3)
  assert abs(trained - other).max() > 0.1
  before = jax.tree.leaves(variables['batch_stats'])
  after = jax.tree.leaves(moved['batch_stats'])
  assert all((a != b).any() for a, b in zip(before, after, strict=True))
