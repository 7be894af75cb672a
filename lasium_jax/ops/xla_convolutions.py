"""Convolutions by XLA:CPU's own code, in programs that are compiled so.

By default JAX 0.10.2 gives convolutions on a CPU, like products and sums, to a
library (YNNPACK), where their gradient by the kernel is ten times as slow as by
XLA's own code. The option here leaves convolutions to XLA, and products and
sums to the library. It is of one compilation: for large batches with shared
weights, outside of loops, it makes a training step 1.3 to 1.6 times as fast
(docs/performance.md). In loops such gradients are ten times as slow as products
of patches, which learners have there instead (`in_loop`).
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
# How a compiled program names what YNNPACK does.
_FUSION = '__ynn_fusion'
# A part of the key by which JAX keeps what it has traced.
_USED = jax.make_user_context(False)


def used() -> bool:
  """Whether what is traced now is compiled with the option, in no loop."""
  return bool(_USED.value)


def in_loop(body: Callable[P, R]) -> Callable[P, R]:
  """A loop's body, for which `used` is False in any program.

  Also what is mapped over weights of each one's own, whose convolutions would
  be grouped ones.
  """

  @functools.wraps(body)
  def without_option(*args: P.args, **kwargs: P.kwargs) -> R:
    with _USED(False):
      return body(*args, **kwargs)

  return without_option


@functools.cache
def available() -> bool:
  """Whether the option leaves convolutions to XLA, on a CPU, in this JAX."""
  if jax.default_backend() != 'cpu':
    return False

  def convolve(x: jax.Array, kernel: jax.Array) -> jax.Array:
    return jax.lax.conv_general_dilated(
      x, kernel, (1, 1), 'SAME', dimension_numbers=('NHWC', 'HWIO', 'NHWC')
    )

  # So large that JAX 0.10.2 gives it to YNNPACK without the option.
  x = jax.ShapeDtypeStruct((8, 16, 16, 32), jnp.float32)
  kernel = jax.ShapeDtypeStruct((3, 3, 32, 16), jnp.float32)
  compiled = jax.jit(convolve, compiler_options=OPTIONS)
  try:
    program = compiled.lower(x, kernel).compile()
  except jax.errors.JaxRuntimeError:  # There is no such option.
    return False
  # The text has paths of files too, so that a part of that name is not enough.
  return _FUSION not in (program.as_text() or '')


def jit(function: Callable[P, R], **options: Any) -> jax.stages.Wrapped:
  """`jax.jit` for the training step of a generator or an ordinary classifier.

  Where the option is not available, it is `jax.jit`. Sums are added in another
  order, so results differ by rounding.

  Args:
    function: as for `jax.jit`.
    **options: likewise.

  Returns:
    The compiled function. It is for the outermost program: where another
    `jax.jit` calls it, or it is differentiated from outside, JAX raises
    ValueError.

  Example:
    >>> double = lx.ops.xla_convolutions.jit(lambda x: 2 * x)
    >>> float(double(1.0))
    2.0
  """
  if not available():
    return jax.jit(function, **options)

  @functools.wraps(function)
  def with_option(*args: P.args, **kwargs: P.kwargs) -> R:
    with _USED(True):
      return function(*args, **kwargs)

  return jax.jit(with_option, compiler_options=OPTIONS, **options)
