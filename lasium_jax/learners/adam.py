"""Steps of Adam within one task."""

from collections.abc import Callable
from typing import TypeVar

import jax
import jax.numpy as jnp
import optax

from lasium_jax.ops import xla_convolutions
from lasium_jax.types import Array

Variables = TypeVar('Variables')
# Added to Adam's second moments before their root. Where a gradient is exactly
# 0, as of a pixel that no image uses, the root's derivative is infinite and an
# outer gradient 0 * infinity, NaN. The root of this is so far below Adam's
# epsilon, 1e-8, that no step changes in float32.
EPS_ROOT = 1e-32


def minimized(
  loss: Callable[[Variables, Array], Array],
  start: Variables,
  *,
  steps: int,
  learning_rate: float,
) -> Variables:
  """What so many steps of Adam come to; differentiable.

  Args:
    loss: what falls, of variables and of the step, an int32 scalar from 0.
    start: where the first step begins.
    steps: how many.
    learning_rate: Adam's.
  """
  optimizer = optax.adam(learning_rate, eps_root=EPS_ROOT)

  @xla_convolutions.in_loop
  def step(
    carry: tuple[Variables, optax.OptState], number: Array
  ) -> tuple[tuple[Variables, optax.OptState], None]:
    variables, opt_state = carry
    gradient = jax.grad(loss)(variables, number)
    updates, opt_state = optimizer.update(gradient, opt_state)
    return (optax.apply_updates(variables, updates), opt_state), None

  carry = (start, optimizer.init(start))
  (variables, _), _ = jax.lax.scan(step, carry, jnp.arange(steps))
  return variables
