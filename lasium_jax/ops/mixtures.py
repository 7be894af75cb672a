"""Weighted means of two of a kind: images, latents, parameters of maps."""

from typing import TypeVar

import jax

from lasium_jax.types import Array

T = TypeVar('T')


def mix(alpha: Array, first: T, second: T) -> T:
  """`alpha * first + (1 - alpha) * second`, row by row.

  Args:
    alpha: `[n]` in [0, 1], the weight of the first.
    first: a pytree of arrays `[n, ...]`.
    second: likewise.

  Returns:
    Likewise.
  """

  def mean(a: Array, b: Array) -> Array:
    weights = alpha.reshape(-1, *(1,) * (a.ndim - 1))
    return weights * a + (1 - weights) * b

  mixed: T = jax.tree.map(mean, first, second)
  return mixed
