"""Wide residual networks against the paper's counts, and against NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lasium_jax.nets import WideResNet


def variables_of(network, shape):
  return jax.eval_shape(
    lambda key: network.init(key, jnp.zeros((1, *shape)), train=False),
    jax.random.key(0),
  )


@pytest.mark.parametrize(
  'depth,width,classes,millions',
  [(16, 8, 10, 10.96), (16, 8, 200, 11.06), (28, 10, 10, 36.48)],
)
def test_parameters_are_as_many_as_the_authors(depth, width, classes, millions):
  network = WideResNet(classes, depth=depth, width=width)
  params = variables_of(network, (32, 32, 3))['params']
  count = sum(leaf.size for leaf in jax.tree.leaves(params))
  assert round(count / 1e6, 2) == millions
  kernels = [leaf for leaf in jax.tree.leaves(params) if leaf.ndim == 4]
  assert len(kernels) == depth


@pytest.mark.parametrize('shape', [(32, 32, 3), (48, 48, 3), (13, 10, 1)])
def test_shapes(shape):
  network = WideResNet(7, depth=10, width=2)
  variables = variables_of(network, shape)
  x = jax.ShapeDtypeStruct((5, *shape), jnp.float32)
  logits, features = jax.eval_shape(
    lambda v, x: network.apply(v, x, train=False), variables, x
  )
  assert logits.shape == (5, 7) and features.shape == (5, 128)


def test_shortcuts_alone():
  """With branches at zero, each stage is a normalization and a projection."""
  network = WideResNet(2, depth=10, width=2)
  x = jax.random.normal(jax.random.key(0), (3, 7, 6, 1))
  variables = jax.jit(lambda key: network.init(key, x, train=False))(
    jax.random.key(1)
  )
  params = jax.tree.map(jnp.zeros_like, variables['params'])
  first = params['Conv_0']['kernel']
  params['Conv_0']['kernel'] = first.at[1, 1].set(-1.0)
  params['BatchNorm_0']['scale'] = jnp.ones(128)
  for stage in range(3):
    block = params[f'_Block_{stage}']
    block['BatchNorm_0']['scale'] += 1
    kernel = block['Conv_2']['kernel']
    block['Conv_2']['kernel'] = kernel.at[0, 0, 0, 0].set(2.0)
  _, features = jax.jit(
    lambda params, x: network.apply(
      {**variables, 'params': params}, x, train=False
    )
  )(params, x)
  # The initial averages have it divide by sqrt(1 + 1e-5), four times.
  kept = np.maximum(-np.asarray(x)[:, ::4, ::4, 0], 0)
  expected = np.zeros((3, 128))
  expected[:, 0] = 8 * kept.mean((1, 2)) / (1 + 1e-5) ** 2
  np.testing.assert_allclose(features, expected, rtol=1e-4)


def test_training_is_by_the_moments_of_the_batch():
  """Only then is it all the same how bright the images are."""
  network = WideResNet(2, depth=10, width=2)
  x = jax.random.uniform(jax.random.key(0), (4, 8, 8, 1))
  variables = jax.jit(lambda key: network.init(key, x, train=False))(
    jax.random.key(1)
  )

  @jax.jit
  def features(x):
    (_, training), moved = network.apply(
      variables, x, train=True, mutable=['batch_stats']
    )
    return training, network.apply(variables, x, train=False)[1], moved

  (training, trained, moved), (same, other, _) = features(x), features(2 * x)
  np.testing.assert_allclose(training, same, rtol=1e-2, atol=1e-3)
  assert abs(trained - other).max() > 0.1
  before = jax.tree.leaves(variables['batch_stats'])
  after = jax.tree.leaves(moved['batch_stats'])
  assert all((a != b).any() for a, b in zip(before, after, strict=True))


def test_depths_that_there_are_not():
  with pytest.raises(ValueError, match='not 18'):
    variables_of(WideResNet(10, depth=18), (32, 32, 3))
