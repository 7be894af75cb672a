"""Doubled images against JAX's own resizing, and by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lasium_jax.ops.bilinear import doubled


@pytest.mark.parametrize('shape', [(2, 5, 4, 3), (1, 1, 3, 2), (3, 2, 1, 1)])
def test_same_as_jaxs(key, shape):
  n, height, width, channels = shape
  x = jax.random.normal(key, shape)
  expected = jax.image.resize(
    x, (n, 2 * height, 2 * width, channels), 'bilinear'
  )
  np.testing.assert_allclose(doubled(x), expected, rtol=1e-4, atol=1e-5)


def test_a_row_by_hand():
  x = jnp.array([0.0, 4.0, 8.0]).reshape(1, 1, 3, 1)
  rows = doubled(x)[0, :, :, 0]
  assert rows.tolist() == [[0, 1, 3, 5, 7, 8]] * 2
