"""Every lowering against XLA's own convolution, values and gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from lasium_jax.ops.conv import conv, conv_by_patches
from lasium_jax.ops.conv_shifts import (
  conv_by_shifts,
  conv_transpose_by_shifts,
)
from lasium_jax.ops.conv_transpose import conv_transpose_by_phases

DIMENSIONS = ('NHWC', 'HWIO', 'NHWC')
LOWERINGS = {'conv': conv, 'patches': conv_by_patches}
INSTRUCTIONS = {'marks': pytest.mark.instructions}
CASES = [
  # height, width, kernel, stride, padding
  (7, 9, 3, 1, 'SAME'),
  pytest.param(8, 6, 3, 2, 'SAME', **INSTRUCTIONS),
  (7, 7, 3, 2, 'SAME'),
  (9, 8, 4, 1, 'VALID'),
  (9, 8, 3, 3, 'VALID'),
  (6, 6, 5, 1, ((1, 2), (0, 3))),
]


def reference(x, kernel, stride, padding):
  return lax.conv_general_dilated(
    x, kernel, (stride, stride), padding, dimension_numbers=DIMENSIONS
  )


def arrays(height, width, size, outputs=4):
  keys = jax.random.split(jax.random.key(0))
  x = jax.random.normal(keys[0], (2, height, width, 3))
  return x, jax.random.normal(keys[1], (size, size, 3, outputs))


def assert_same(actual, expected, x, kernel):
  """Same values, and same gradients of a generic function of them."""
  np.testing.assert_allclose(
    actual(x, kernel), expected(x, kernel), rtol=1e-4, atol=1e-4
  )

  def gradient(f):
    return jax.grad(lambda *a: jnp.sin(f(*a)).sum(), argnums=(0, 1))(x, kernel)

  for ours, theirs in zip(gradient(actual), gradient(expected), strict=True):
    np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize('name', LOWERINGS)
@pytest.mark.parametrize('height,width,size,stride,padding', CASES)
def test_same_as_xla(name, height, width, size, stride, padding):
  lowering = LOWERINGS[name]
  assert_same(
    lambda x, k: lowering(x, k, (stride, stride), padding),
    lambda x, k: reference(x, k, stride, padding),
    *arrays(height, width, size),
  )


@pytest.mark.parametrize(
  'size,outputs',
  [
    pytest.param(3, 1, **INSTRUCTIONS),
    *[(3, 3), (4, 1), (4, 3), (7, 1), (7, 3)],
  ],
)
def test_shifts_same_as_xla(size, outputs):
  assert_same(
    lambda x, k: conv_by_shifts(x, k, (1, 1), 'SAME'),
    lambda x, k: reference(x, k, 1, 'SAME'),
    *arrays(6, 8, size, outputs),
  )


@pytest.mark.parametrize(
  'size,stride',
  [pytest.param(3, 2, **INSTRUCTIONS), (4, 2), (5, 2), (2, 2), (4, 3)],
)
def test_phases_same_as_xla_transposed(size, stride):
  assert_same(
    lambda x, k: conv_transpose_by_phases(x, k, stride),
    lambda x, k: lax.conv_transpose(
      x, k, (stride, stride), 'SAME', dimension_numbers=DIMENSIONS
    ),
    *arrays(5, 4, size),
  )


@pytest.mark.parametrize('outputs', [1, 3])
@pytest.mark.parametrize(
  'size,stride',
  [
    pytest.param(4, 2, **INSTRUCTIONS),
    *[(3, 2), (5, 2), (2, 2), (4, 3), (3, 1)],
  ],
)
def test_transposed_shifts_same_as_xla(size, stride, outputs):
  assert_same(
    lambda x, k: conv_transpose_by_shifts(x, k, stride),
    lambda x, k: lax.conv_transpose(
      x, k, (stride, stride), 'SAME', dimension_numbers=DIMENSIONS
    ),
    *arrays(5, 4, size, outputs),
  )


@pytest.mark.instructions
def test_patches_have_a_second_derivative():
  x, kernel = arrays(6, 6, 3)

  def curvature(f):
    def loss(k):
      return jnp.sin(f(x, k)).sum()

    return jax.grad(lambda k: (jax.grad(loss)(k) ** 2).sum())(kernel)

  np.testing.assert_allclose(
    curvature(lambda x, k: conv_by_patches(x, k, (2, 2), 'SAME')),
    curvature(lambda x, k: reference(x, k, 2, 'SAME')),
    rtol=1e-3,
    atol=1e-2,
  )


@pytest.mark.parametrize(
  'options', [{'lhs_dilation': (2, 2)}, {'feature_group_count': 3}]
)
@pytest.mark.parametrize('name', LOWERINGS)
def test_refuses_what_it_cannot_do(name, options):
  x, kernel = arrays(6, 6, 3)
  with pytest.raises(ValueError, match='neither dilation nor groups'):
    LOWERINGS[name](x, kernel, (1, 1), 'SAME', **options)


def test_shifts_refuse_strides():
  with pytest.raises(ValueError, match='stride 1'):
    conv_by_shifts(*arrays(6, 6, 3), (2, 2), 'SAME')
