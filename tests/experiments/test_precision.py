"""A precision is that of the operands, also where the device has none."""

import ast
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.run.precision import jit, round_operands, use_precision

EXPERIMENTS = Path(__file__).parents[2] / 'experiments'


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
  product = jit(operation)(a, b)
  np.testing.assert_allclose(product, expected, rtol=1e-5, atol=1e-5)
  assert np.abs(product - exact).max() > 2.0**-bits / 4
  use_precision('float32')
  again = jit(operation)
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


def matrices():
  keys = jax.random.split(jax.random.key(2), 3)
  return [jax.random.normal(key, (3, 3)) for key in keys]


def scanned(a, b, c):
  return jax.lax.scan(lambda x, _: (c, x @ b), a, None, length=1)[1][0]


def looped(a, b, c):
  del c
  start = (0, jnp.zeros((3, 3)))
  return jax.lax.while_loop(
    lambda carry: carry[0] < 1, lambda carry: (carry[0] + 1, a @ b), start
  )[1]


def branched(a, b, c):
  return jax.lax.cond(c[0, 0] > 99, lambda: a, lambda: a @ b)


def checkpointed(a, b, c):
  del c
  return jax.checkpoint(jnp.matmul)(a, b)


def nested(a, b, c):
  del c
  return jax.jit(jnp.matmul)(a, b)


def of_two_devices(a, b, c):
  del c
  mesh = jax.sharding.Mesh(np.array(jax.devices()[:2]), ('device',))
  split = jax.P('device')
  over = jax.shard_map(
    lambda a: a @ b, mesh=mesh, in_specs=split, out_specs=split
  )
  return over(jnp.stack([a, a]))[0]


@jax.custom_vjp
def with_a_rule(a, b):
  return a @ b


with_a_rule.defvjp(
  lambda a, b: (a @ b, (a, b)),
  lambda kept, slope: (slope @ kept[1].T, kept[0].T @ slope),
)


def ruled(a, b, c):
  del c
  return with_a_rule(a, b)


@pytest.mark.parametrize(
  'function',
  [scanned, looped, branched, checkpointed, nested, of_two_devices, ruled],
)
def test_products_are_rounded_wherever_they_stand(function):
  a, b, c = matrices()
  results = jax.jit(round_operands(function, 7))(a, b, c)
  expected = np.float64(rounded(a, 7)) @ rounded(b, 7)
  np.testing.assert_allclose(results, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize('product', [jnp.matmul, with_a_rule])
def test_products_of_gradients_are_rounded(product):
  """The operand that is rounded there is the slope, and not the gradient."""
  a, b, slope = matrices()

  def slopes(a, b):
    return jax.grad(lambda a: (product(a, b) * slope).sum())(a)

  gradients = jax.jit(round_operands(slopes, 7))(a, b)
  expected = np.float64(rounded(slope, 7)) @ rounded(b, 7).T
  np.testing.assert_allclose(gradients, expected, rtol=1e-6, atol=1e-6)
  assert (rounded(gradients, 7) != np.asarray(gradients)).any()


def test_other_operations_and_types_are_left_alone():
  a, b, _ = matrices()

  def others(a, b):
    return a + b, a.astype(jnp.bfloat16) @ b.astype(jnp.bfloat16), b.sum()

  lowered = jax.jit(round_operands(others, 7)).lower(a, b)
  assert 'reduce_precision' not in lowered.as_text()


def test_a_function_keeps_its_structure_and_static_arguments():
  def function(tree, n, flag=None):
    return {'product': n * tree['a'] @ tree['b'], 'flag': flag, 'n': (n,)}

  a, b, _ = matrices()
  use_precision('bfloat16')
  results = jit(function, static_argnums=1)({'a': a, 'b': b}, 2, flag=None)
  expected = np.float64(rounded(2 * a, 7)) @ rounded(b, 7)
  np.testing.assert_allclose(results['product'], expected, rtol=1e-5, atol=1e-6)
  assert results['flag'] is None and int(results['n'][0]) == 2


def test_a_change_of_precision_is_seen_by_what_is_compiled_already():
  a, b, _ = matrices()
  compiled = jit(jnp.matmul)
  results = []
  for precision in ('float32', 'tensorfloat32', 'bfloat16', 'float32'):
    use_precision(precision)
    results.append(np.asarray(compiled(a, b)))
  assert (results[0] == results[3]).all()
  assert (results[0] != results[1]).any() and (results[1] != results[2]).any()


def names_jit(node):
  if isinstance(node, ast.ImportFrom):
    return node.module == 'jax' and 'jit' in {name.name for name in node.names}
  return isinstance(node, ast.Attribute) and ast.unparse(node) == 'jax.jit'


def test_programs_of_runs_are_compiled_at_their_precision():
  """A bare `jax.jit` would compute in float32 on a CPU, and not say so."""
  bare = {
    f'{path.relative_to(EXPERIMENTS)}:{node.lineno}'
    for path in EXPERIMENTS.rglob('*.py')
    if path.name != 'precision.py'
    for node in ast.walk(ast.parse(path.read_text()))
    if names_jit(node)
  }
  assert not bare, 'Use experiments.run.precision.jit there.'
