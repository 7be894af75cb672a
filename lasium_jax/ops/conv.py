"""Convolutions lowered for the place where they are used.

XLA's own convolution is the right one for large batches with shared weights.
It is slow on CPU where its gradient stands in a loop body, and on every
backend where each task has weights of its own (it becomes a grouped
convolution). The functions here give the same numbers by matrix products.
docs/performance.md has the measurements. Images are NHWC, kernels HWIO.
"""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from lasium_jax.types import Array

Pads = tuple[tuple[int, int], tuple[int, int]]

_DIMENSIONS = ('NHWC', 'HWIO', 'NHWC')


def conv(
  lhs: Array,
  rhs: Array,
  window_strides: Sequence[int],
  padding: str | Sequence[tuple[int, int]],
  **options: Any,
) -> Array:
  """XLA's convolution, with a kernel gradient that is fast on CPU too.

  For large batches with shared weights, outside of loops. XLA:CPU computes
  the kernel's gradient several times slower than the value; one matrix
  product a tap is not.

  Args:
    lhs: `[n, H, W, I]` images.
    rhs: `[h, w, I, O]` kernel.
    window_strides: two ints.
    padding: 'SAME', 'VALID', or two (low, high) pairs.
    **options: as in `conv_by_patches`.

  Returns:
    `[n, H', W', O]`.
  """
  _check_plain(**options)
  strides = (window_strides[0], window_strides[1])
  return _conv(lhs, rhs, strides, _pads(lhs, rhs, strides, padding))


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def _conv(x: Array, kernel: Array, strides: tuple[int, int], pads: Pads) -> Array:
  return lax.conv_general_dilated(
    x, kernel, strides, pads, dimension_numbers=_DIMENSIONS
  )


def _conv_forward(
  x: Array, kernel: Array, strides: tuple[int, int], pads: Pads
) -> tuple[Array, tuple[Array, Array]]:
  return _conv(x, kernel, strides, pads), (x, kernel)


def _conv_backward(
  strides: tuple[int, int],
  pads: Pads,
  residuals: tuple[Array, Array],
  cotangent: Array,
) -> tuple[Array, Array]:
  x, kernel = residuals

  def ordinary(x: Array, kernel: Array) -> Array:
    return lax.conv_general_dilated(
      x, kernel, strides, pads, dimension_numbers=_DIMENSIONS
    )

  def by_taps(x: Array, cotangent: Array) -> Array:
    rows = cotangent.reshape(-1, cotangent.shape[-1])
    taps = _taps(x, kernel.shape[:2], strides, pads)
    products = [tap.reshape(-1, tap.shape[-1]).T @ rows for tap in taps]
    return jnp.stack(products).reshape(kernel.shape)

  def by_conv(x: Array, cotangent: Array) -> Array:
    return jax.vjp(lambda kernel: ordinary(x, kernel), kernel)[1](cotangent)[0]

  kernel_gradient = lax.platform_dependent(
    x, cotangent, cpu=by_taps, default=by_conv
  )
  (gradient,) = jax.vjp(lambda x: ordinary(x, kernel), x)[1](cotangent)
  return gradient, kernel_gradient


_conv.defvjp(_conv_forward, _conv_backward)


def conv_by_patches(
  lhs: Array,
  rhs: Array,
  window_strides: Sequence[int],
  padding: str | Sequence[tuple[int, int]],
  *,
  precision: Any = None,
  **options: Any,
) -> Array:
  """A 2-D convolution as patches times a weight matrix.

  A drop-in for `lax.conv_general_dilated`, to be passed to `flax.linen.Conv`
  as `conv_general_dilated=`. Right inside loops and for per-task weights.

  Args:
    lhs: `[n, H, W, I]` images.
    rhs: `[h, w, I, O]` kernel.
    window_strides: two ints.
    padding: 'SAME', 'VALID', or two (low, high) pairs.
    precision: passed to the matrix product.
    **options: the rest of `lax.conv_general_dilated`'s, at their defaults.

  Returns:
    `[n, H', W', O]`.

  Raises:
    ValueError: on dilation or groups, which this lowering has no use for.
  """
  _check_plain(**options)
  strides = (window_strides[0], window_strides[1])
  pads = _pads(lhs, rhs, strides, padding)
  taps = _taps(lhs, rhs.shape[:2], strides, pads)
  patches = jnp.concatenate(taps, axis=-1)
  matrix = rhs.reshape(-1, rhs.shape[-1])
  return jnp.matmul(patches, matrix, precision=precision)


def _check_plain(
  lhs_dilation: Sequence[int] | None = None,
  rhs_dilation: Sequence[int] | None = None,
  feature_group_count: int = 1,
  **_: Any,
) -> None:
  dilations = (*(lhs_dilation or ()), *(rhs_dilation or ()))
  if feature_group_count != 1 or any(d != 1 for d in dilations):
    raise ValueError('These convolutions support neither dilation nor groups.')


def _pads(
  x: Array,
  kernel: Array,
  strides: tuple[int, int],
  padding: str | Sequence[tuple[int, int]],
) -> Pads:
  """Padding as (low, high) pairs."""
  if isinstance(padding, str):
    padding = lax.padtype_to_pads(
      x.shape[1:3], kernel.shape[:2], strides, padding
    )
  (top, bottom), (left, right) = padding
  return (int(top), int(bottom)), (int(left), int(right))


def _taps(
  x: Array, window: Sequence[int], strides: tuple[int, int], pads: Pads
) -> list[Array]:
  """For each tap of the window, the `[n, H', W', C]` inputs that it meets."""
  x = _pad(x, pads)
  rows = (x.shape[1] - window[0]) // strides[0] + 1
  columns = (x.shape[2] - window[1]) // strides[1] + 1
  return [
    x[
      :,
      i : i + (rows - 1) * strides[0] + 1 : strides[0],
      j : j + (columns - 1) * strides[1] + 1 : strides[1],
    ]
    for i in range(window[0])
    for j in range(window[1])
  ]


def _pad(x: Array, pads: Pads) -> Array:
  """Pads height and width with zeros; crops where a pad is negative."""
  config = ((0, 0, 0), *((low, high, 0) for low, high in pads), (0, 0, 0))
  return lax.pad(x, jnp.zeros((), x.dtype), config)


def conv_by_shifts(
  lhs: Array,
  rhs: Array,
  window_strides: Sequence[int],
  padding: str | Sequence[tuple[int, int]],
  **options: Any,
) -> Array:
  """A stride-1 SAME convolution as one 1x1 product and shifted sums.

  For kernels with very few output channels, which starve the matrix unit: all
  taps become output channels of one product, and are summed where they fall.

  Args:
    lhs: `[n, H, W, I]` images.
    rhs: `[h, w, I, O]` kernel, O small.
    window_strides: ones.
    padding: 'SAME', or (low, high) pairs that keep the size.
    **options: as in `conv_by_patches`.

  Returns:
    `[n, H, W, O]`.

  Raises:
    ValueError: if the stride is not 1 or the padding changes the size.
  """
  _check_plain(**options)
  pads = _pads(lhs, rhs, (1, 1), padding)
  sizes = tuple(size - 1 for size in rhs.shape[:2])
  if tuple(window_strides) != (1, 1) or tuple(map(sum, pads)) != sizes:
    raise ValueError('conv_by_shifts needs stride 1 and SAME padding.')
  return _conv_by_shifts(lhs, rhs, pads)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def _conv_by_shifts(x: Array, kernel: Array, pads: Pads) -> Array:
  height, width, _, channels = kernel.shape
  rows, columns = x.shape[1:3]
  products = (x @ _tap_matrix(kernel)).reshape(*x.shape[:3], -1, channels)
  (top, bottom), (left, right) = pads
  products = jnp.pad(
    products, ((0, 0), (top, bottom), (left, right), (0, 0), (0, 0))
  )
  return sum(
    (
      products[:, i : i + rows, j : j + columns, i * width + j]
      for i in range(height)
      for j in range(width)
    ),
    start=jnp.zeros((), x.dtype),
  )


def _tap_matrix(kernel: Array) -> Array:
  """`[I, h * w * O]`: every tap as output channels of a 1x1 convolution."""
  return kernel.transpose(2, 0, 1, 3).reshape(kernel.shape[2], -1)


def _shifts_forward(
  x: Array, kernel: Array, pads: Pads
) -> tuple[Array, tuple[Array, Array]]:
  return _conv_by_shifts(x, kernel, pads), (x, kernel)


def _shifts_backward(
  pads: Pads, residuals: tuple[Array, Array], cotangent: Array
) -> tuple[Array, Array]:
  """Products gather the cotangent from where the sum had shifted them.

  Left to itself, JAX would add up one zero-padded array a tap.
  """
  x, kernel = residuals
  height, width, in_channels, out_channels = kernel.shape
  mirrored = tuple((high, low) for low, high in pads)
  taps = _taps(cotangent, (height, width), (1, 1), mirrored)
  products = jnp.concatenate(taps[::-1], axis=-1)
  gradient = products @ _tap_matrix(kernel).T
  matrix = x.reshape(-1, in_channels).T @ products.reshape(
    -1, products.shape[-1]
  )
  matrix = matrix.reshape(in_channels, height, width, out_channels)
  return gradient, matrix.transpose(1, 2, 0, 3)


_conv_by_shifts.defvjp(_shifts_forward, _shifts_backward)


def conv_transpose_by_phases(x: Array, kernel: Array, stride: int) -> Array:
  """A SAME transposed convolution without multiplying the zeros.

  The output pixels of equal remainder modulo the stride form a phase; each
  phase is an ordinary small convolution of the input with every stride-th tap.
  The same numbers as `lax.conv_transpose(x, kernel, ..., padding='SAME')`.

  Args:
    x: `[n, H, W, I]`.
    kernel: `[k, k, I, O]`.
    stride: the factor by which height and width grow.

  Returns:
    `[n, stride * H, stride * W, O]`.
  """
  n, height, width, _ = x.shape
  size, out_channels = kernel.shape[0], kernel.shape[-1]
  starts = [_phase(size, stride, p) for p in range(stride)]
  phases = []
  for row_tap, top in starts:
    for column_tap, left in starts:
      taps = kernel[row_tap::stride, column_tap::stride]
      bottom, right = taps.shape[0] - 1 - top, taps.shape[1] - 1 - left
      pads = ((top, bottom), (left, right))
      phases.append(_conv(x, taps, (1, 1), pads))
  out = jnp.stack(phases).reshape(stride, stride, n, height, width, out_channels)
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
