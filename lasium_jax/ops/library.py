"""XLA:CPU's library of fast convolutions and sums (YNNPACK).

It is an option of one compilation. For large batches with shared weights,
outside of loops, it makes a training step 1.3 to 1.6 times as fast
(docs/performance.md); in a loop's body it gains little.
"""

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import jax

P = ParamSpec('P')
R = TypeVar('R')

OPTIONS = {
  'xla_cpu_experimental_ynn_fusion_type': (
    'LIBRARY_FUSION_TYPE_DOT,LIBRARY_FUSION_TYPE_REDUCE'
  )
}
# A part of the key by which JAX keeps what it has traced.
_USED = jax.make_user_context(False)


def used() -> bool:
  """Whether the program that is traced now will be compiled by the library."""
  return bool(_USED.value)


@functools.cache
def available() -> bool:
  """Whether this process computes on a CPU, and its JAX has the library."""
  if jax.default_backend() != 'cpu':
    return False
  try:
    jax.jit(lambda x: x + 1, compiler_options=OPTIONS).lower(0.0).compile()
  except jax.errors.JaxRuntimeError:  # There is no such option.
    return False
  return True


def jit(function: Callable[P, R], **options: Any) -> jax.stages.Wrapped:
  """`jax.jit` for the training step of a generator or an ordinary classifier.

  Where the library is not available, it is `jax.jit`. Its sums are added in
  another order, so results differ by rounding.

  Args:
    function: as for `jax.jit`.
    **options: likewise.

  Returns:
    The compiled function.

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
