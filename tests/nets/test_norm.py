"""Batch normalization with running averages."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from lasium_jax.nets.averages import MOMENTUM
from lasium_jax.nets.norm import BatchNorm, ConditionalBatchNorm
from lasium_jax.ops import xla_convolutions


def test_variables_and_values_are_linens(key):
  """Over some batches in training, and by the averages after them."""
  x = 2 + 3 * jax.random.normal(key, (4, 16, 5, 5, 2))
  linen = nn.BatchNorm(momentum=MOMENTUM)
  theirs = linen.init(key, x[0], use_running_average=False)
  ours = BatchNorm(train=True, slope=0.0).init(key, x[0])
  assert jax.tree.structure(ours) == jax.tree.structure(theirs)

  @xla_convolutions.jit
  def step(variables, x):
    module = BatchNorm(train=True, slope=0.0)
    y, update = module.apply(variables, x, mutable=['batch_stats'])
    return y, {**variables, **update}

  for batch in x:
    y, ours = step(ours, batch)
    expected, update = linen.apply(
      theirs, batch, use_running_average=False, mutable=['batch_stats']
    )
    theirs = {**theirs, **update}
    np.testing.assert_allclose(y, nn.relu(expected), rtol=1e-4, atol=1e-4)
  for a, b in zip(*map(jax.tree.leaves, (ours, theirs)), strict=True):
    np.testing.assert_allclose(a, b, rtol=1e-4)
  y = BatchNorm(train=False).apply(ours, x[0])
  expected = linen.apply(theirs, x[0], use_running_average=True)
  np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-4)


def test_the_first_variables_have_seen_no_batch(key):
  variables = BatchNorm(train=True).init(key, jnp.full((3, 2), 7.0))
  assert not variables['batch_stats']['mean'].any()
  assert (variables['batch_stats']['var'] == 1).all()


def test_classes_have_scales_and_biases_of_their_own(key):
  """After the normalization of all together, which averages are of, too."""
  x = 2 + 3 * jax.random.normal(key, (6, 5, 5, 2))
  y = jnp.array([0, 1, 2, 0, 1, 2])
  module = ConditionalBatchNorm(train=True, slope=0.2)
  variables = module.init(key, x, jax.nn.one_hot(y, 3))
  scale = variables['params']['scale']
  assert scale.shape == (3, 2) and 0 < jnp.abs(scale - 1).max() < 0.2
  assert not variables['params']['bias'].any()
  rng = np.random.default_rng(0)
  params = {
    name: jnp.float32(rng.normal(size=(3, 2))) for name in ('scale', 'bias')
  }
  out, after = module.apply(
    {**variables, 'params': params},
    x,
    jax.nn.one_hot(y, 3),
    mutable=['batch_stats'],
  )
  plain, expected_after = BatchNorm(train=True).apply(
    {
      'params': {'scale': jnp.ones(2), 'bias': jnp.zeros(2)},
      'batch_stats': variables['batch_stats'],
    },
    x,
    mutable=['batch_stats'],
  )
  rows = {
    name: np.asarray(leaf)[y][:, None, None] for name, leaf in params.items()
  }
  expected = np.asarray(plain) * rows['scale'] + rows['bias']
  expected = np.where(expected > 0, expected, 0.2 * expected)
  np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-5)
  for a, b in zip(*map(jax.tree.leaves, (after, expected_after)), strict=True):
    np.testing.assert_array_equal(a, b)
