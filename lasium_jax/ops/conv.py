"""Convolutions lowered for the place where they are used.

XLA's own convolution is the right one for large batches with shared weights.
It is slow on CPU where its gradient stands in a loop body, and on every
backend where each task has weights of its own (it becomes a grouped
convolution). The functions here give the same numbers by matrix products.
docs/performance.md has the measurements. Images are NHWC, kernels HWIO.
"""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from jax import lax

from lasium_jax.types import Array

_DIMENSIONS = ('NHWC', 'HWIO', 'NHWC')


def conv_by_patches(
  lhs: Array,
  rhs: Array,
  window_strides: Sequence[int],
  padding: str | Sequence[tuple[int, int]],
  *,
  lhs_dilation: Sequence[int] | None = None,
  rhs_dilation: Sequence[int] | None = None,
  dimension_numbers: Any = None,
  feature_group_count: int = 1,
  precision: Any = None,
  **_: Any,
) -> Array:
  """A 2-D convolution as patches times a weight matrix.

  A drop-in for `lax.conv_general_dilated`, to be passed to `flax.linen.Conv`
  as `conv_general_dilated=`. Right inside loops and for per-task weights.

  Args:
    lhs: `[n, H, W, I]` images.
    rhs: `[h, w, I, O]` kernel.
    window_strides: two ints.
    padding: 'SAME', 'VALID', or two (low, high) pairs.
    lhs_dilation: only ones are supported.
    rhs_dilation: only ones are supported.
    dimension_numbers: ignored; always NHWC and HWIO.
    feature_group_count: only 1 is supported.
    precision: passed to the matrix product.

  Returns:
    `[n, H', W', O]`.

  Raises:
    ValueError: on dilation or groups, which this lowering has no use for.
  """
  del dimension_numbers
  dilations = (*(lhs_dilation or ()), *(rhs_dilation or ()))
  if feature_group_count != 1 or any(d != 1 for d in dilations):
    raise ValueError('conv_by_patches supports neither dilation nor groups.')
  height, width, in_channels, out_channels = rhs.shape
  patches = _patches(lhs, (height, width), tuple(window_strides), padding)
  matrix = rhs.reshape(height * width * in_channels, out_channels)
  return jnp.matmul(patches, matrix, precision=precision)


def _patches(
  x: Array,
  window: tuple[int, int],
  strides: tuple[int, ...],
  padding: str | Sequence[tuple[int, int]],
) -> Array:
  """`[n, H', W', h*w*C]` windows of `x`, cut out by strided slices."""
  if isinstance(padding, str):
    padding = lax.padtype_to_pads(x.shape[1:3], window, strides, padding)
  x = jnp.pad(x, ((0, 0), *padding, (0, 0)))
  out = [(x.shape[1 + i] - window[i]) // strides[i] + 1 for i in (0, 1)]
  slices = [
    x[
      :,
      i : i + (out[0] - 1) * strides[0] + 1 : strides[0],
      j : j + (out[1] - 1) * strides[1] + 1 : strides[1],
    ]
    for i in range(window[0])
    for j in range(window[1])
  ]
  return jnp.concatenate(slices, axis=-1)


def conv_by_shifts(
  lhs: Array,
  rhs: Array,
  window_strides: Sequence[int],
  padding: str | Sequence[tuple[int, int]],
  *,
  precision: Any = None,
  **_: Any,
) -> Array:
  """A stride-1 SAME convolution as one 1x1 product and shifted sums.

  For kernels with very few output channels, which starve the matrix unit: all
  taps become output channels of one product, and are summed where they fall.

  Args:
    lhs: `[n, H, W, I]` images.
    rhs: `[h, w, I, O]` kernel, O small.
    window_strides: ones.
    padding: 'SAME', or (low, high) pairs that keep the size.
    precision: passed to the matrix product.

  Returns:
    `[n, H, W, O]`.

  Raises:
    ValueError: if the stride is not 1 or the padding changes the size.
  """
  height, width, in_channels, out_channels = rhs.shape
  n, rows, columns, _channels = lhs.shape
  if isinstance(padding, str):
    padding = lax.padtype_to_pads(
      (rows, columns), (height, width), (1, 1), padding
    )
  (top, bottom), (left, right) = padding
  keeps_size = (top + bottom, left + right) == (height - 1, width - 1)
  if tuple(window_strides) != (1, 1) or not keeps_size:
    raise ValueError('conv_by_shifts needs stride 1 and SAME padding.')
  taps = rhs.transpose(2, 0, 1, 3).reshape(in_channels, -1)
  products = jnp.matmul(lhs, taps, precision=precision)
  products = products.reshape(n, rows, columns, height, width, out_channels)
  products = jnp.pad(
    products, ((0, 0), (top, bottom), (left, right), *((0, 0),) * 3)
  )
  return sum(
    (
      products[:, i : i + rows, j : j + columns, i, j]
      for i in range(height)
      for j in range(width)
    ),
    start=jnp.zeros((), lhs.dtype),
  )


def conv_transpose_by_phases(
  x: Array, kernel: Array, stride: int, precision: Any = None
) -> Array:
  """A SAME transposed convolution without multiplying the zeros.

  The output pixels of equal remainder modulo the stride form a phase; each
  phase is an ordinary small convolution of the input with every stride-th tap.
  The same numbers as `lax.conv_transpose(x, kernel, ..., padding='SAME')`.

  Args:
    x: `[n, H, W, I]`.
    kernel: `[k, k, I, O]`.
    stride: the factor by which height and width grow.
    precision: passed to the convolutions.

  Returns:
    `[n, stride * H, stride * W, O]`.
  """
  n, height, width, _ = x.shape
  size, out_channels = kernel.shape[0], kernel.shape[-1]
  phases = [_phase(size, stride, p) for p in range(stride)]
  rows = []
  for row_tap, row_pad in phases:
    for column_tap, column_pad in phases:
      taps = kernel[row_tap::stride, column_tap::stride]
      rows.append(
        lax.conv_general_dilated(
          x,
          taps,
          window_strides=(1, 1),
          padding=(
            (row_pad, taps.shape[0] - 1 - row_pad),
            (column_pad, taps.shape[1] - 1 - column_pad),
          ),
          dimension_numbers=_DIMENSIONS,
          precision=precision,
        )
      )
  out = jnp.stack(rows).reshape(stride, stride, n, height, width, out_channels)
  out = out.transpose(2, 3, 0, 4, 1, 5)
  return out.reshape(n, stride * height, stride * width, out_channels)


def _phase(size: int, stride: int, phase: int) -> tuple[int, int]:
  """First tap and left padding of one output phase along one axis.

  `lax.conv_transpose` dilates the input and pads it by `low` on the left, so
  output `stride * q + phase` meets tap t where `phase + t - low` divides.
  """
  total = size + stride - 2
  low = size - 1 if stride > size - 1 else -(-total // 2)
  tap = (low - phase) % stride
  return tap, -((phase + tap - low) // stride)
