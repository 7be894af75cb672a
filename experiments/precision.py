"""The precision of matrix products and convolutions."""

import functools
from typing import Any

import jax
import numpy as np
from jax import lax
from jax.interpreters import mlir
from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

# Bits of the mantissa, of which float32 has 23.
_MANTISSA = {'tensorfloat32': 10, 'bfloat16': 7}
_OF_CPU = mlir._platform_specific_lowerings['cpu']
_EXACT = {
  product: (_OF_CPU.get(product) or mlir._lowerings[product]).rule
  for product in (lax.dot_general_p, lax.conv_general_dilated_p)
}


def use_precision(precision: str) -> None:
  """Sets that of the programs that are compiled from now on.

  GPUs and TPUs have arithmetic of their own for it. A CPU has not, and XLA
  drops a conversion there and back. So on a CPU the operands are rounded as
  the others would round them: that costs time instead of saving it, and shows
  what the precision does to the accuracy.

  Args:
    precision: 'float32', 'tensorfloat32' or 'bfloat16', of the operands; sums
      are in float32.
  """
  jax.config.update('jax_default_matmul_precision', precision)
  for product, exact in _EXACT.items():
    rule = exact
    if precision in _MANTISSA:
      rule = functools.partial(_rounded_first, exact, _MANTISSA[precision])
    mlir.register_lowering(product, rule, platform='cpu')


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
