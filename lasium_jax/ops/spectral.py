"""Largest singular values, a step of the power method at a time."""

import jax
import jax.numpy as jnp

from lasium_jax.types import Array

_EPSILON = 1e-12


def largest_singular_value(matrix: Array, u: Array) -> tuple[Array, Array]:
  """One step of the power method (Miyato et al. 2018, algorithm 1).

  Args:
    matrix: `[I, O]`.
    u: `[O]`, from the step before, or any vector.

  Returns:
    `v . matrix u'` with unit vectors v and u', which is below the largest
    singular value and near it after some steps; and u'. No gradient flows
    through either vector.
  """
  v = _unit(matrix @ u)
  u = _unit(matrix.T @ v)
  v, u = jax.lax.stop_gradient((v, u))
  return v @ (matrix @ u), u


def _unit(x: Array) -> Array:
  return x / jnp.maximum(jnp.linalg.norm(x), _EPSILON)
