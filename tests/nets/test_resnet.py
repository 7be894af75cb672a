"""The residual network against the paper's counts, and against NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lasium_jax.nets.resnet import ResNet


def variables_of(network, shape):
  return jax.eval_shape(
    lambda key: network.init(key, jnp.zeros((1, *shape)), train=False),
    jax.random.key(0),
  )


@pytest.mark.parametrize(
  'depth,millions', [(20, 0.27), (32, 0.46), (44, 0.66), (56, 0.85)]
)
def test_parameters_are_as_many_as_in_the_papers_table_6(depth, millions):
  network = ResNet(10, depth=depth)
  params = variables_of(network, (32, 32, 3))['params']
  count = sum(leaf.size for leaf in jax.tree.leaves(params))
  assert round(count / 1e6, 2) == millions
  kernels = [leaf for leaf in jax.tree.leaves(params) if leaf.ndim > 1]
  assert len(kernels) == depth


@pytest.mark.parametrize('shape', [(28, 28, 1), (32, 32, 3)])
def test_shapes(shape):
  network = ResNet(7)
  variables = variables_of(network, shape)
  x = jax.ShapeDtypeStruct((5, *shape), jnp.float32)
  logits, features = jax.eval_shape(
    lambda v, x: network.apply(v, x, train=False), variables, x
  )
  assert logits.shape == (5, 7) and features.shape == (5, 64)


def test_a_block_that_halves_passes_its_input_on():
  """With the convolutions at zero all that is left is the shortcuts."""
  network = ResNet(2, depth=8, width=2)
  x = jax.random.uniform(jax.random.key(0), (3, 7, 6, 1))
  variables = network.init(jax.random.key(1), x, train=False)
  params = variables['params']
  first = params['Conv_0']['kernel']
  params = jax.tree.map(jnp.zeros_like, params)
  params['Conv_0']['kernel'] = jnp.zeros_like(first).at[1, 1].set(1.0)
  params['BatchNorm_0']['scale'] = jnp.ones(2)
  _, features = network.apply({**variables, 'params': params}, x, train=False)
  # Two channels of the image, halved twice, between three new ones on each
  # side; by the initial averages normalization divides by sqrt(1 + 1e-5).
  mean = np.asarray(x)[:, ::4, ::4].mean((1, 2, 3)) / np.sqrt(1 + 1e-5)
  expected = np.zeros((3, 8))
  expected[:, 3:5] = mean[:, None]
  np.testing.assert_allclose(features, expected, rtol=1e-5)


def test_depths_that_there_are_not():
  with pytest.raises(ValueError, match='not 18'):
    variables_of(ResNet(10, depth=18), (32, 32, 3))
