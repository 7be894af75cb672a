"""Measures of a generator's interpolants, cycles and copies, by hand."""

import importlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lasium_jax.metrics import (
  PIXELS,
  code_spread,
  cycle_error,
  interpolant_error,
  nearest,
)
from lasium_jax.types import Generator

# Its codes are roots of pixels.
ROOTS = Generator(
  decode=lambda params, z: params * z**2,
  encode=lambda params, x: jnp.sqrt(x / params),
)
NO_ENCODER = Generator(lambda params, z: z)


def test_interpolants_by_hand():
  """A, B and C are 0, 0.64 and 0.64 (1 - alpha)."""
  b = jnp.full((3, 2, 2, 1), 0.64)
  alpha = jnp.array([0.0, 0.5, 0.75])
  c = (1 - alpha).reshape(3, 1, 1, 1) * b
  pixels = interpolant_error(PIXELS, (), (0 * b, b, c), alpha)
  np.testing.assert_allclose(pixels, 0, atol=1e-5)
  # Roots mix to 0.8 (1 - alpha): 0.16 in place of 0.32, 0.04 of 0.16.
  roots = interpolant_error(ROOTS, 1.0, (0 * b, b, c), alpha)
  np.testing.assert_allclose(roots, 255 * np.array([0, 0.16, 0.12]), atol=1e-3)


def test_cycles_by_hand():
  z = jnp.array([[3.0, 0.0], [0.5, 0.5]])
  np.testing.assert_allclose(cycle_error(ROOTS, 4.0, z), 0, atol=1e-6)
  off = ROOTS._replace(encode=lambda params, x: jnp.sqrt(x / params) + 2)
  np.testing.assert_allclose(cycle_error(off, 4.0, z), 8**0.5, rtol=1e-6)
  # From their mean (1.75, 0.25) both are (1.25, 0.25) away.
  np.testing.assert_allclose(code_spread(z), (1.25**2 + 0.25**2) ** 0.5)


def test_without_an_encoder_there_is_nothing_to_measure():
  x = jnp.zeros((1, 2, 2, 1))
  with pytest.raises(ValueError, match='cannot mix'):
    interpolant_error(NO_ENCODER, (), (x, x, x), jnp.zeros(1))
  with pytest.raises(ValueError, match='no cycle'):
    cycle_error(NO_ENCODER, (), x)


@pytest.mark.parametrize('m', [1, 4, 5, 11])
def test_nearest_is_that_of_all_differences(monkeypatch, key, m):
  """Also where the others do not fill their blocks."""
  # The package has the function by the module's name.
  module = importlib.import_module('lasium_jax.metrics.nearest')
  monkeypatch.setattr(module, '_BLOCK', 4)
  x, others = (
    jax.random.uniform(k, (n, 3, 2, 2))
    for k, n in zip(jax.random.split(key), (7, m), strict=True)
  )
  squares = np.square(np.asarray(x)[:, None] - np.asarray(others)[None])
  distances = 255 * np.sqrt(squares.mean((2, 3, 4)))
  found = jax.jit(nearest)(x, others)
  np.testing.assert_array_equal(found.row, distances.argmin(1))
  np.testing.assert_allclose(found.distance, distances.min(1), rtol=1e-4)
  with jax.enable_x64(True):
    np.testing.assert_array_equal(nearest(x, others).row, found.row)


def test_a_copy_is_at_no_distance():
  """Bytes beside floats, and far from 0, where products are rounded."""
  others = np.random.default_rng(0).integers(
    240, 256, (50, 9, 9, 1), dtype=np.uint8
  )
  found = nearest(jnp.asarray(others[[7, 31]] / 255, jnp.float32), others)
  assert found.row.tolist() == [7, 31]
  np.testing.assert_allclose(found.distance, 0, atol=1e-4)
