"""The precision of matrix products and convolutions."""

import functools
from typing import Any

import jax
import numpy as np
from jax import lax
from jax.interpreters import mlir
from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

# Bits of the mantissa; None is all 23 that there are.
_MANTISSA = {'float32': None, 'tensorfloat32': 10, 'bfloat16': 7}
# What XLA has not there: it would take the other one, and not say so.
_LACKING = {'gpu': 'bfloat16', 'tpu': 'tensorfloat32'}


def use_precision(precision: str) -> None:
  """Sets that of the programs that are compiled from now on.

  A GPU has TensorFloat-32, a TPU bfloat16. A CPU has neither: there operands
  are rounded as the others would round them, which costs time instead of
  saving it, and shows what the precision does to the accuracy.

  Args:
    precision: 'float32', 'tensorfloat32' or 'bfloat16', of the operands; sums
      are in float32.

  Raises:
    ValueError: if this device would compute in another one.
  """
  backend = jax.default_backend()
  if precision == _LACKING.get(backend):
    others = [repr(name) for name in _MANTISSA if name != precision]
    raise ValueError(
      f'The precision is {precision!r}, which a {backend.upper()} has not: '
      f'name {" or ".join(others)}.'
    )
  before = jax.config.jax_default_matmul_precision  # type: ignore[attr-defined]
  jax.config.update('jax_default_matmul_precision', precision)
  # Left alone where nothing is, or was, to be rounded.
  if backend == 'cpu' and {before, precision} - {None, 'float32'}:
    bits = _MANTISSA[precision]
    for product, exact in _exact().items():
      rule = functools.partial(_rounded_first, exact, bits) if bits else exact
      mlir.register_lowering(product, rule, platform='cpu')


@functools.cache
def _exact() -> dict[Any, Any]:
  """The rules that make programs of products on a CPU.

  XLA:CPU ignores the precision that JAX asks for, and leaves out a conversion
  to bfloat16 and back. So these rules are replaced by ones that round before.
  """
  of_cpu = mlir._platform_specific_lowerings['cpu']
  return {
    product: (of_cpu.get(product) or mlir._lowerings[product]).rule
    for product in (lax.dot_general_p, lax.conv_general_dilated_p)
  }


def _rounded_first(
  exact: Any, bits: int, context: Any, *operands: Any, **params: Any
) -> Any:
  rounded = (
    _rounded(operand, bits) if aval.dtype == np.float32 else operand
    for operand, aval in zip(operands, context.avals_in, strict=True)
  )
  return exact(context, *rounded, **params)


def _rounded(operand: Any, bits: int) -> Any:
  int32 = ir.IntegerType.get_signless(32)
  return stablehlo.reduce_precision(
    operand, ir.IntegerAttr.get(int32, 8), ir.IntegerAttr.get(int32, bits)
  )
