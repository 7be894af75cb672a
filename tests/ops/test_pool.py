"""Pooling against XLA's window reduction, alone and inside a network."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from lasium_jax.ops.conv import conv_by_patches
from lasium_jax.ops.pool import average_pool_2x2, max_pool_2x2


def by_window(x):
  return lax.reduce_window(
    x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), 'VALID'
  )


@pytest.mark.instructions
@pytest.mark.parametrize('shape', [(2, 4, 6, 3), (1, 5, 7, 2)])
def test_same_as_a_window_reduction(key, shape):
  x = jax.random.normal(key, shape)
  np.testing.assert_array_equal(max_pool_2x2(x), by_window(x))


@pytest.mark.parametrize('place', range(4))
def test_what_is_no_number_stays_so(place):
  x = jnp.ones((1, 2, 4, 1)).at[0, place // 2, place % 2, 0].set(jnp.nan)
  np.testing.assert_array_equal(max_pool_2x2(x), by_window(x))


def test_averages_are_of_two_by_two(key):
  x = jax.random.normal(key, (2, 4, 6, 3))
  sums = lax.reduce_window(x, 0.0, lax.add, (1, 2, 2, 1), (1, 2, 2, 1), 'VALID')
  np.testing.assert_allclose(average_pool_2x2(x), sums / 4, atol=1e-6)


@pytest.mark.instructions
def test_the_compiled_gradient_of_a_network_is_right(key):
  """Others fail here when they are compiled by one of XLA's ways or another.

  `max` over a reshaped axis does so, and `jnp.maximum` of pairs.
  """

  def loss(params, x, pool):
    for kernel, bias in params:
      y = conv_by_patches(x, kernel, (1, 1), 'SAME')
      mean = y.mean((0, 1, 2), keepdims=True)
      variance = ((y - mean) ** 2).mean((0, 1, 2), keepdims=True)
      x = pool(jax.nn.relu((y - mean) / jnp.sqrt(variance + 1e-3) + bias))
    return jnp.sin(3 * x).sum()

  rng = np.random.default_rng(0)
  params = [
    (
      jnp.asarray(0.3 * rng.normal(size=(3, 3, n, 8)), jnp.float32),
      jnp.asarray(0.1 * rng.normal(size=(1, 1, 1, 8)), jnp.float32),
    )
    for n in (1, 8, 8, 8)
  ]
  x = jax.random.uniform(key, (6, 16, 16, 1))
  gradient = jax.jit(jax.grad(loss), static_argnums=2)
  for ours, theirs in zip(
    jax.tree.leaves(gradient(params, x, max_pool_2x2)),
    jax.tree.leaves(gradient(params, x, by_window)),
    strict=True,
  ):
    np.testing.assert_allclose(ours, theirs, atol=1e-3)
