"""A precision is that of the operands, also where the device has none."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.run.precision import use_precision


@pytest.fixture(autouse=True)
def _float32_again():
  yield
  use_precision('float32')


def rounded(x, bits):
  """To the nearest float32 of fewer bits of mantissa, ties to even."""
  whole = np.asarray(x).view(np.uint32).astype(np.uint64)
  unit = np.uint64(1 << (23 - bits))
  odd = (whole // unit) % 2
  whole = (whole + unit // 2 - 1 + odd) // unit * unit
  return whole.astype(np.uint32).view(np.float32)


def product(a, b):
  return jax.vmap(jnp.matmul)(a, b)


def convolution(a, b):
  x, kernel = a.reshape(2, 4, 4, 8), b.reshape(2, 2, 8, 8)
  numbers = ('NHWC', 'HWIO', 'NHWC')
  return jax.lax.conv_general_dilated(
    x, kernel, (1, 1), 'SAME', dimension_numbers=numbers
  )


@pytest.mark.parametrize('operation', [product, convolution])
@pytest.mark.parametrize(
  ('precision', 'bits'), [('tensorfloat32', 10), ('bfloat16', 7)]
)
def test_operands_are_rounded(operation, precision, bits):
  keys = jax.random.split(jax.random.key(0))
  a, b = (jax.random.normal(key, (4, 8, 8)) for key in keys)
  a_rounded, b_rounded = rounded(a, bits), rounded(b, bits)
  expected, exact = operation(a_rounded, b_rounded), operation(a, b)
  use_precision(precision)
  found = jax.jit(operation)(a, b)
  np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
  assert np.abs(found - exact).max() > 2.0**-bits / 4
  use_precision('float32')
  again = jax.jit(operation)
  np.testing.assert_allclose(again(a, b), exact, rtol=1e-6, atol=1e-6)
  assert 'reduce_precision' not in again.lower(a, b).as_text()


@pytest.mark.parametrize(
  ('backend', 'lacking'), [('gpu', 'bfloat16'), ('tpu', 'tensorfloat32')]
)
def test_no_precision_is_another_in_silence(monkeypatch, backend, lacking):
  monkeypatch.setattr(jax, 'default_backend', lambda: backend)
  with pytest.raises(ValueError, match=f'{lacking}.* {backend.upper()}'):
    use_precision(lacking)


def test_rounding_is_that_of_bfloat16():
  x = jax.random.normal(jax.random.key(1), (1_000,))
  expected = x.astype(jnp.bfloat16).astype(np.float32)
  np.testing.assert_array_equal(rounded(x, 7), expected)
