"""Programs that XLA:CPU compiles by its library of convolutions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lasium_jax.ops import library
from lasium_jax.ops.conv import conv


@pytest.fixture
def none_available(monkeypatch):
  monkeypatch.setattr(library, 'available', lambda: False)


def gradients(x, kernel):
  def loss(x, kernel):
    return jnp.sin(conv(x, kernel, (2, 2), 'SAME')).sum()

  return jax.value_and_grad(loss, argnums=(0, 1))(x, kernel)


def arrays(key):
  """So large that XLA takes them to its library; smaller ones it keeps."""
  x = jax.random.normal(key, (8, 15, 14, 32))
  return x, 0.1 * jax.random.normal(jax.random.key(1), (3, 3, 32, 16))


@pytest.mark.instructions
def test_numbers_are_those_of_plain_jit(key):
  ours = library.jit(gradients)(*arrays(key))
  plain = jax.jit(gradients)(*arrays(key))
  for a, b in zip(*map(jax.tree.leaves, (ours, plain)), strict=True):
    np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


@pytest.mark.usefixtures('compile_fully')
def test_the_same_program_gives_the_same_bits(key):
  compiled = library.jit(gradients)
  first, second = (compiled(*arrays(key)) for _ in range(2))
  for a, b in zip(*map(jax.tree.leaves, (first, second)), strict=True):
    np.testing.assert_array_equal(a, b)


def convolutions(compile_by, key):
  """How many convolutions, and products, a CPU's program is made of."""
  text = compile_by(gradients).lower(*arrays(key)).as_text()
  return text.count('stablehlo.convolution'), text.count('dot_general')


def test_the_kernels_gradient_is_a_convolution_by_the_library_alone(key):
  """What is traced for one is not taken for the other, in either order."""
  for _ in range(2):
    assert convolutions(library.jit, key) == (3, 0)
    assert convolutions(jax.jit, key) == (2, 9)
  assert not library.used()


@pytest.mark.usefixtures('compile_fully')
def test_the_library_gets_sums_and_no_convolution(key):
  """Its convolutions are slow, above all their gradient by the kernel."""

  def fusions(function, *arguments):
    text = library.jit(function).lower(*arguments).compile().as_text()
    return text.count('"__ynn_fusion"')

  def outputs(x, kernel):
    return conv(x, kernel, (1, 1), 'SAME')

  def kernels_gradient(x, kernel):
    return jax.vjp(lambda k: outputs(x, k), kernel)[1](outputs(x, kernel))

  x, kernel = arrays(key)
  assert not fusions(outputs, x, kernel)
  assert not fusions(kernels_gradient, x, kernel)
  assert fusions(lambda x: x.sum((0, 1, 2)), x) == 1


def test_a_path_is_not_taken_for_the_library(monkeypatch, tmp_path):
  """A compiled program has the names of source files, such as lynn/run.py."""
  option = {name: '' for name in library.OPTIONS}  # Nothing is taken from it.
  monkeypatch.setattr(library, 'OPTIONS', option)
  library.available.cache_clear()
  jax.clear_caches()  # What was traced before has the names of other files.
  source = compile('library.available()', str(tmp_path / 'ynn.py'), 'eval')
  assert not eval(source)
  library.available.cache_clear()


def test_without_the_library_it_is_plain_jit(none_available, key):
  assert convolutions(library.jit, key) == (2, 9)


def test_an_option_that_jax_does_not_know_is_no_library(monkeypatch):
  monkeypatch.setattr(library, 'OPTIONS', {'xla_cpu_no_such_option': 'x'})
  library.available.cache_clear()
  assert not library.available()
  library.available.cache_clear()


def test_this_jax_has_it():
  assert library.available() == (jax.default_backend() == 'cpu')
