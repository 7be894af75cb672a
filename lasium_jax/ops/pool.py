"""Pooling whose gradient is as cheap as its value."""

from lasium_jax.types import Array


def max_pool_2x2(x: Array) -> Array:
  """2x2 maximum with stride 2, odd rows and columns at the end dropped.

  A reshape and a maximum: the gradient of XLA's window reduction is a scatter,
  many times slower on CPU.

  Args:
    x: `[n, H, W, C]`.

  Returns:
    `[n, H // 2, W // 2, C]`.
  """
  n, height, width, channels = x.shape
  rows, columns = height // 2, width // 2
  x = x[:, : 2 * rows, : 2 * columns]
  return x.reshape(n, rows, 2, columns, 2, channels).max(axis=(2, 4))
