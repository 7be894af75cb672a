"""The power method against NumPy's singular values."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lasium_jax.ops.spectral import largest_singular_value

step = jax.jit(largest_singular_value)


def matrix_with(values, shape):
  """A matrix of some singular values."""
  rng = np.random.default_rng(0)
  u, _, v = np.linalg.svd(rng.normal(size=shape), full_matrices=False)
  return jnp.float32(u @ np.diag(values) @ v)


@pytest.mark.parametrize('shape', [(12, 4), (4, 9)])
def test_steps_come_to_the_largest(shape):
  matrix = matrix_with([5.0, 2.0, 1.0, 0.1], shape)
  u = jnp.float32(np.random.default_rng(1).normal(size=shape[1]))
  before = 0.0
  for _ in range(12):
    value, u = step(matrix, u)
    assert before < value + 1e-4 and value < 5 + 1e-4  # It comes from below.
    before = value
  np.testing.assert_allclose(value, 5.0, rtol=1e-4)
  left, values, right = np.linalg.svd(np.asarray(matrix), full_matrices=False)
  np.testing.assert_allclose(value, values[0], rtol=1e-4)
  np.testing.assert_allclose(np.abs(u @ right[0]), 1.0, rtol=1e-4)
  # The value's gradient is the product of both vectors.
  slope = jax.grad(lambda matrix: largest_singular_value(matrix, u)[0])(matrix)
  np.testing.assert_allclose(slope, np.outer(left[:, 0], right[0]), atol=1e-3)


def test_a_matrix_of_zeros_has_none():
  value, u = step(jnp.zeros((3, 2)), jnp.ones(2))
  assert value == 0 and not np.isnan(u).any()
