"""Points on the unit sphere."""

import jax
import jax.numpy as jnp

from lasium_jax.types import Array


def on_sphere(z: Array) -> Array:
  """Points divided by their Euclidean norms.

  Args:
    z: `[n, D]`.

  Returns:
    `[n, D]`. A point of zeros stays there, and has a gradient.
  """
  # The root of a square that is 0 has none.
  return z * jax.lax.rsqrt(jnp.maximum((z**2).sum(-1, keepdims=True), 1e-12))
