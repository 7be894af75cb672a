"""Programs whose convolutions are XLA:CPU's own."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lasium_jax.ops import xla_convolutions
from lasium_jax.ops.conv import conv


@pytest.fixture
def none_available(monkeypatch):
  monkeypatch.setattr(xla_convolutions, 'available', lambda: False)


def gradients(x, kernel):
  def loss(x, kernel):
    return jnp.sin(conv(x, kernel, (2, 2), 'SAME')).sum()

  return jax.value_and_grad(loss, argnums=(0, 1))(x, kernel)


def arrays(key):
  """So large that by default XLA gives them to YNNPACK, and not to itself."""
  x = jax.random.normal(key, (8, 15, 14, 32))
  return x, 0.1 * jax.random.normal(jax.random.key(1), (3, 3, 32, 16))


@pytest.mark.instructions
def test_numbers_are_those_of_plain_jit(key):
  ours = xla_convolutions.jit(gradients)(*arrays(key))
  plain = jax.jit(gradients)(*arrays(key))
  for a, b in zip(*map(jax.tree.leaves, (ours, plain)), strict=True):
    np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


@pytest.mark.usefixtures('compile_fully')
def test_the_same_program_gives_the_same_bits(key):
  compiled = xla_convolutions.jit(gradients)
  first, second = (compiled(*arrays(key)) for _ in range(2))
  for a, b in zip(*map(jax.tree.leaves, (first, second)), strict=True):
    np.testing.assert_array_equal(a, b)


def convolutions(compile_by, key):
  """How many convolutions, and products, a CPU's program is made of."""
  text = compile_by(gradients).lower(*arrays(key)).as_text()
  return text.count('stablehlo.convolution'), text.count('dot_general')


def test_the_kernels_gradient_is_a_convolution_with_the_option_alone(key):
  """What is traced for one is not taken for the other, in either order."""
  for _ in range(2):
    assert convolutions(xla_convolutions.jit, key) == (3, 0)
    assert convolutions(jax.jit, key) == (2, 9)
  assert not xla_convolutions.used()


@pytest.mark.usefixtures('compile_fully')
def test_ynnpack_gets_sums_and_no_convolution(key):
  """Its convolutions are slow, above all their gradient by the kernel."""

  def fusions(function, *arguments):
    text = xla_convolutions.jit(function).lower(*arguments).compile().as_text()
    return text.count('"__ynn_fusion"')

  def outputs(x, kernel):
    return conv(x, kernel, (1, 1), 'SAME')

  def kernels_gradient(x, kernel):
    return jax.vjp(lambda k: outputs(x, k), kernel)[1](outputs(x, kernel))

  x, kernel = arrays(key)
  assert not fusions(outputs, x, kernel)
  assert not fusions(kernels_gradient, x, kernel)
  assert fusions(lambda x: x.sum((0, 1, 2)), x) == 1


@pytest.fixture
def asked_anew():
  xla_convolutions.available.cache_clear()
  yield
  xla_convolutions.available.cache_clear()


@pytest.mark.usefixtures('asked_anew')
@pytest.mark.parametrize(('nothing', 'has'), [(True, True), (False, False)])
def test_it_is_seen_who_convolves(monkeypatch, tmp_path, nothing, has):
  """Where nothing is YNNPACK's, XLA does, and by default YNNPACK does."""
  (name,) = xla_convolutions.OPTIONS
  options = {name: ''} if nothing else {}
  monkeypatch.setattr(xla_convolutions, 'OPTIONS', options)
  # A compiled program has the names of source files, which may be anything.
  jax.clear_caches()
  path = tmp_path / 'ynn_fusion.py'
  source = compile('xla_convolutions.available()', str(path), 'eval')
  assert eval(source) == (has and jax.default_backend() == 'cpu')


def test_without_the_option_it_is_plain_jit(none_available, key):
  assert convolutions(xla_convolutions.jit, key) == (2, 9)


@pytest.mark.usefixtures('asked_anew')
def test_an_option_that_jax_does_not_know_is_not_available(monkeypatch):
  option = {'xla_cpu_no_such_option': 'x'}
  monkeypatch.setattr(xla_convolutions, 'OPTIONS', option)
  assert not xla_convolutions.available()


def test_this_jax_has_it():
  assert xla_convolutions.available() == (jax.default_backend() == 'cpu')
