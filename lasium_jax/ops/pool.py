"""Pooling whose gradient is as cheap as its value, and right when compiled."""

import jax.numpy as jnp

from lasium_jax.types import Array


def max_pool_2x2(x: Array) -> Array:
  """2x2 maximum with stride 2, odd rows and columns at the end dropped.

  Maxima of pairs. The gradient of XLA's window reduction is a scatter, many
  times slower on CPU. That of `max`, and of `jnp.maximum`, asks which input is
  equal to the maximum. Where XLA computes an input twice, in two fused loops
  that round differently, none may be, and the gradient of a compiled network is
  wrong (by 8 to 18 % for `max` over a reshaped axis, XLA:CPU, JAX 0.10.2). Here
  it goes to the larger input, and to one of equal ones. NaN stays, as in `max`.

  Args:
    x: `[n, H, W, C]`.

  Returns:
    `[n, H // 2, W // 2, C]`.
  """
  rows, columns = x.shape[1] // 2 * 2, x.shape[2] // 2 * 2
  x = _larger(x[:, 0:rows:2], x[:, 1:rows:2])
  return _larger(x[:, :, 0:columns:2], x[:, :, 1:columns:2])


def _larger(a: Array, b: Array) -> Array:
  """The maximum, whose gradient compares the inputs and not the result."""
  return jnp.where((a < b) | jnp.isnan(b), b, a)


def average_pool_2x2(x: Array) -> Array:
  """Means of 2x2 pixels: `[n, H, W, C]` of even sides to half of them."""
  n, height, width, channels = x.shape
  pairs = x.reshape(n, height // 2, 2, width // 2, 2, channels)
  return pairs.mean((2, 4))
