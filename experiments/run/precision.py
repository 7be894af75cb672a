"""The precision of matrix products and convolutions."""

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import jax
import numpy as np
from jax.extend.core import (
  ClosedJaxpr,
  Jaxpr,
  JaxprEqn,
  Var,
  jaxpr_as_fun,
  new_jaxpr_eqn,
  no_effects,
)
from jax.extend.core.primitives import (
  conv_general_dilated_p,
  dot_general_p,
  reduce_precision_p,
)

from lasium_jax.ops import xla_convolutions

P = ParamSpec('P')
R = TypeVar('R')

# How many bits of the mantissa each precision has; None is all 23 of float32.
_MANTISSA = {'float32': None, 'tensorfloat32': 10, 'bfloat16': 7}
# The precision that XLA lacks on each backend. It would silently compute in the
# other one.
_LACKING = {'gpu': 'bfloat16', 'tpu': 'tensorfloat32'}
_PRODUCTS = (dot_general_p, conv_general_dilated_p)


def use_precision(precision: str) -> None:
  """Sets the precision of the programs that are compiled from now on.

  A GPU has TensorFloat-32, a TPU bfloat16. A CPU has neither: there `jit` of
  this module rounds operands as the others would, which costs time instead of
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
  jax.config.update('jax_default_matmul_precision', precision)


def jit(
  function: Callable[P, R], *, fast_convolutions: bool = False, **options: Any
) -> jax.stages.Wrapped:
  """`jax.jit` at the run's precision, also on a CPU.

  XLA:CPU ignores the precision that JAX asks of it, and JAX has no public
  place where all products of a process pass. So a run compiles each of its
  programs by this function. What `lasium_jax` compiles by itself (the first
  parameters, the count of rejected anchors) stays in float32 on a CPU.

  Args:
    function: as for `jax.jit`.
    fast_convolutions: whether a CPU's program is compiled by
      `lasium_jax.ops.xla_convolutions`.
    **options: as for `jax.jit`.

  Returns:
    The compiled function. The precision is looked up whenever the function is
    traced, and JAX traces it again when the precision has changed.
  """

  @functools.wraps(function)
  def at_precision(*args: P.args, **kwargs: P.kwargs) -> R:
    bits = None
    if jax.default_backend() == 'cpu':
      name = jax.config.jax_default_matmul_precision  # type: ignore[attr-defined]
      bits = _MANTISSA[name or 'float32']
    traced = function if bits is None else round_operands(function, bits)
    return traced(*args, **kwargs)

  compile_program = xla_convolutions.jit if fast_convolutions else jax.jit
  return compile_program(at_precision, **options)


def round_operands(function: Callable[P, R], bits: int) -> Callable[P, R]:
  """Rounds the float32 operands of all products in a function.

  The program that JAX traces is rewritten, so that products of gradients are
  rounded as well, as on a device. Differentiate first and round after:
  differentiating the rounded function would round the results of its gradient's
  products in place of their operands.

  Args:
    function: of pytrees; what is no array in them is static.
    bits: of the mantissa that are kept, to the nearest, ties to even.

  Returns:
    The function to be traced in place of `function`.
  """

  @functools.wraps(function)
  def rounded(*args: P.args, **kwargs: P.kwargs) -> R:
    leaves, tree = jax.tree.flatten((args, kwargs))
    places = [i for i, leaf in enumerate(leaves) if isinstance(leaf, jax.Array)]

    def of_arrays(*arrays: jax.Array) -> R:
      filled = list(leaves)  # The others are static arguments of `jit`.
      for place, array in zip(places, arrays, strict=True):
        filled[place] = array
      args, kwargs = jax.tree.unflatten(tree, filled)
      return function(*args, **kwargs)

    arrays = [leaves[place] for place in places]
    program, shapes = jax.make_jaxpr(of_arrays, return_shape=True)(*arrays)
    program = program.replace(jaxpr=_rewritten(program.jaxpr, bits, {}))
    results = jaxpr_as_fun(program)(*arrays)
    return jax.tree.unflatten(jax.tree.structure(shapes), results)

  return rounded


def _rewritten(program: Jaxpr, bits: int, known: dict[Jaxpr, Jaxpr]) -> Jaxpr:
  """A program with its operands rounded, in its branches and loops too.

  `known` has what was rewritten before, so that a program that is called twice
  stays one.
  """

  def inside(value: Any) -> Any:
    if isinstance(value, ClosedJaxpr):
      return value.replace(jaxpr=_rewritten(value.jaxpr, bits, known))
    if isinstance(value, Jaxpr):
      return _rewritten(value, bits, known)
    return value

  if program in known:
    return known[program]
  equations = []
  for equation in program.eqns:
    if equation.primitive in _PRODUCTS:
      equations += _rounded_first(equation, bits)
    else:
      params = {
        name: jax.tree.map(inside, value, is_leaf=_is_program)
        for name, value in equation.params.items()
      }
      equations.append(equation.replace(params=params))
  known[program] = program.replace(eqns=equations)
  return known[program]


def _is_program(value: Any) -> bool:
  return isinstance(value, ClosedJaxpr | Jaxpr)


def _rounded_first(product: JaxprEqn, bits: int) -> list[JaxprEqn]:
  """A product's equation behind those that round its float32 operands."""
  rounded_to = {'exponent_bits': 8, 'mantissa_bits': bits}
  rounding, operands = [], []
  for operand in product.invars:
    if operand.aval.dtype != np.float32:  # type: ignore[attr-defined]
      operands.append(operand)
      continue
    operands.append(Var(operand.aval))
    rounding.append(
      new_jaxpr_eqn(
        [operand], operands[-1:], reduce_precision_p, rounded_to, no_effects
      )
    )
  return [*rounding, product.replace(invars=operands)]
