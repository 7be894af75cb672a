"""Normalization and the activation behind it, with a gradient by hand."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lasium_jax import parallel
from lasium_jax.ops import xla_convolutions
from lasium_jax.ops.normalize import EPSILON, normalize

SLOPES = [0.0, 0.2, 1.0]


def arrays(key):
  keys = jax.random.split(key, 4)
  x = 3 + 2 * jax.random.normal(keys[0], (6, 5, 4, 3))
  scale, bias = 1 + 0.3 * jax.random.normal(keys[1], (2, 3))
  return x, scale, bias, jax.random.normal(keys[2], x.shape)


def ours(slope):
  def loss(x, scale, bias, weights):
    return (normalize(x, scale, bias, slope=slope)[0] * weights).sum()

  return jax.value_and_grad(loss, argnums=(0, 1, 2))


def linens(slope):
  module = nn.BatchNorm(use_running_average=False)

  def loss(x, scale, bias, weights):
    averages = {'mean': jnp.zeros(3), 'var': jnp.ones(3)}
    y, _ = module.apply(
      {
        'params': {'scale': scale, 'bias': bias},
        'batch_stats': averages,
      },
      x,
      mutable=['batch_stats'],
    )
    return (nn.leaky_relu(y, slope) * weights).sum()

  return jax.value_and_grad(loss, argnums=(0, 1, 2))


@pytest.mark.parametrize('slope', SLOPES)
@pytest.mark.parametrize('compile_by', [jax.jit, xla_convolutions.jit])
def test_value_and_gradient_are_linens(compile_by, slope, key):
  found = compile_by(ours(slope))(*arrays(key))
  expected = jax.jit(linens(slope))(*arrays(key))
  for a, b in zip(*map(jax.tree.leaves, (found, expected)), strict=True):
    np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize('compile_by', [jax.jit, xla_convolutions.jit])
def test_moments_and_values_by_hand(compile_by, key):
  x, scale, bias, _ = arrays(key)
  y, moments = compile_by(normalize, static_argnames='slope')(
    x, scale, bias, slope=0.0
  )
  rows = np.asarray(x, np.float64).reshape(-1, 3)
  mean, variance = rows.mean(0), rows.var(0)
  scale, bias = np.asarray(scale), np.asarray(bias)
  expected = (rows - mean) / np.sqrt(variance + EPSILON) * scale + bias
  np.testing.assert_allclose(moments.mean, mean, rtol=1e-5)
  np.testing.assert_allclose(moments.variance, variance, rtol=1e-4)
  np.testing.assert_allclose(
    y.reshape(-1, 3), np.maximum(expected, 0), rtol=1e-4, atol=1e-5
  )


def test_no_gradient_flows_through_the_moments(key):
  x, scale, bias, _ = arrays(key)

  def sums(x):
    return sum(m.sum() for m in normalize(x, scale, bias)[1])

  for compile_by in (jax.jit, xla_convolutions.jit):
    assert not compile_by(jax.grad(sums))(x).any()


@pytest.mark.usefixtures('compile_fully')
def test_a_batch_may_be_shared_and_mapped_over(key):
  """Two devices have the sums of one; a mapped axis has moments of its own."""
  x, scale, bias, weights = arrays(key)
  alone = xla_convolutions.jit(ours(0.2))(x, scale, bias, weights)
  mesh = parallel.mesh(2)
  shared = parallel.replicate(mesh, (x, scale, bias, weights))

  def split(x, scale, bias, weights):
    x, weights = parallel.split_batch(mesh, (x, weights))
    return ours(0.2)(x, scale, bias, weights)

  mapped = xla_convolutions.jit(jax.vmap(ours(0.2), in_axes=(0, None, None, 0)))
  twice = mapped(jnp.stack([x, x]), scale, bias, jnp.stack([weights, weights]))
  for found in (
    xla_convolutions.jit(split)(*shared),
    jax.tree.map(lambda leaf: leaf[1], twice),
  ):
    for a, b in zip(*map(jax.tree.leaves, (found, alone)), strict=True):
      np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)
