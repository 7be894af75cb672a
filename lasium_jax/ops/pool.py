"""Pooling whose gradient is as cheap as its value, and right when compiled."""

import jax.numpy as jnp

from lasium_jax.types import Array


def max_pool_2x2(x: Array) -> Array:
  """2x2 maximum with stride 2, odd rows and columns at the end dropped.

  Maxima of pairs. The gradient of XLA's window reduction is a scatter, many
  times slower on CPU. That of `max` over a reshaped axis compares the input
  with the maximum for equality, and came out wrong by 8 to 18 % in a compiled
  network (XLA:CPU, JAX 0.10.2), though not uncompiled.

  Args:
    x: `[n, H, W, C]`.

  Returns:
    `[n, H // 2, W // 2, C]`.
  """
  rows, columns = x.shape[1] // 2 * 2, x.shape[2] // 2 * 2
  x = jnp.maximum(x[:, 0:rows:2], x[:, 1:rows:2])
  return jnp.maximum(x[:, :, 0:columns:2], x[:, :, 1:columns:2])


def average_pool_2x2(x: Array) -> Array:
  """Means of 2x2 pixels: `[n, H, W, C]` of even sides to half of them."""
  n, height, width, channels = x.shape
  pairs = x.reshape(n, height // 2, 2, width // 2, 2, channels)
  return pairs.mean((2, 4))
