"""What XLA:CPU takes from its library of fast products and sums (YNNPACK).

By default JAX 0.10.2 takes convolutions from there as well, where their
gradient by the kernel is ten times as slow as XLA's own. The option here leaves
convolutions to XLA, and products and sums to the library. It is of one
compilation: for large batches with shared weights, outside of loops, it makes a
training step 1.3 to 1.6 times as fast (docs/performance.md); in a loop's body
it gains little.
"""

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import jax
import jax.numpy as jnp

P = ParamSpec('P')
R = TypeVar('R')

OPTIONS = {
  'xla_cpu_experimental_ynn_fusion_type': (
    'LIBRARY_FUSION_TYPE_DOT,LIBRARY_FUSION_TYPE_REDUCE'
  )
}
# How a compiled program names what the library does.
_FUSION = '__ynn_fusion'
# A part of the key by which JAX keeps what it has traced.
_USED = jax.make_user_context(False)


def used() -> bool:
  """Whether the program that is traced now is compiled with the option."""
  return bool(_USED.value)


@functools.cache
def available() -> bool:
  """Whether this process computes on a CPU, and its JAX has the library."""
  if jax.default_backend() != 'cpu':
    return False
  square = jax.ShapeDtypeStruct((64, 64), jnp.float32)
  product = jax.jit(jnp.matmul, compiler_options=OPTIONS)
  try:
    program = product.lower(square, square).compile()
  except jax.errors.JaxRuntimeError:  # There is no such option.
    return False
  # An XLA that was built without the library takes the option and does nothing.
  # The text has paths of files too, so that a part of that name is not enough.
  return _FUSION in (program.as_text() or '')


def jit(function: Callable[P, R], **options: Any) -> jax.stages.Wrapped:
  """`jax.jit` for the training step of a generator or an ordinary classifier.

  Where the library is not available, it is `jax.jit`. Its sums are added in
  another order, so results differ by rounding.

  Args:
    function: as for `jax.jit`.
    **options: likewise.

  Returns:
    The compiled function. It is for the outermost program: where another
    `jax.jit` calls it, or it is differentiated from outside, JAX raises
    ValueError.

  Example:
    >>> double = lx.ops.library.jit(lambda x: 2 * x)
    >>> float(double(1.0))
    2.0
  """
  if not available():
    return jax.jit(function, **options)

  @functools.wraps(function)
  def by_library(*args: P.args, **kwargs: P.kwargs) -> R:
    with _USED(True):
      return function(*args, **kwargs)

  return jax.jit(by_library, compiler_options=OPTIONS, **options)
