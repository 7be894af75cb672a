"""The convolutions for very few output channels."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from lasium_jax.ops.conv import (
  Geometry,
  check_plain,
  differentiable,
  geometry_of,
  interleave,
  pad,
  taps_of,
)
from lasium_jax.ops.conv_transpose import padding_before, phase_of
from lasium_jax.types import Array


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
    **options: as in `conv`.

  Returns:
    `[n, H, W, O]`.

  Raises:
    ValueError: if the stride is not 1 or the padding changes the size.
  """
  check_plain(**options)
  geometry = geometry_of(lhs, rhs, window_strides, padding)
  sizes = tuple(size - 1 for size in geometry.window)
  if geometry.strides != (1, 1) or tuple(map(sum, geometry.pads)) != sizes:
    raise ValueError('conv_by_shifts needs stride 1 and SAME padding.')
  return _conv_shifts(geometry, lhs, rhs)


def _shifts(geometry: Geometry, x: Array, kernel: Array) -> Array:
  (height, width), (rows, columns) = geometry.window, geometry.image
  products = x @ _tap_matrix(kernel)
  products = pad(products, geometry.pads)
  products = products.reshape(*products.shape[:3], -1, kernel.shape[-1])
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


def _shifted_back(geometry: Geometry, y: Array) -> Array:
  """For each product of `_shifts`, the output that it was added to."""
  (top, bottom), (left, right) = geometry.pads
  mirrored = geometry._replace(pads=((bottom, top), (right, left)))
  return jnp.concatenate(taps_of(mirrored, y)[::-1], axis=-1)


def _shifts_by_input(geometry: Geometry, y: Array, kernel: Array) -> Array:
  return _shifted_back(geometry, y) @ _tap_matrix(kernel).T


def _shifts_by_kernel(geometry: Geometry, x: Array, y: Array) -> Array:
  return _by_taps(geometry, x, _shifted_back(geometry, y), y.shape[-1])


def _by_taps(
  geometry: Geometry, x: Array, products: Array, outputs: int
) -> Array:
  """The kernel's gradient from that of the products, `[n, H, W, h * w * O]`."""
  products = products.reshape(-1, products.shape[-1])
  matrix = x.reshape(-1, x.shape[-1]).T @ products
  matrix = matrix.reshape(x.shape[-1], *geometry.window, outputs)
  return matrix.transpose(1, 2, 0, 3)


_conv_shifts = differentiable(_shifts, _shifts_by_input, _shifts_by_kernel)


def conv_transpose_by_shifts(x: Array, kernel: Array, stride: int) -> Array:
  """A SAME transposed convolution as one 1x1 product and shifted sums.

  As `conv_by_shifts`, for kernels with very few output channels. The same
  numbers as `conv_transpose_by_phases`.

  Args:
    x: `[n, H, W, I]`.
    kernel: `[k, k, I, O]`, O small.
    stride: the factor by which height and width grow.

  Returns:
    `[n, stride * H, stride * W, O]`.
  """
  size = len(kernel)
  # Those of the convolution that goes back from the output to the input.
  low = size - 1 - padding_before(size, stride)
  pads = (low, size - stride - low)
  image = (stride * x.shape[1], stride * x.shape[2])
  geometry = Geometry((stride, stride), (pads, pads), image, (size, size))
  return _transpose_shifts(geometry, x, kernel)


def _transposed(geometry: Geometry, x: Array, kernel: Array) -> Array:
  (_, height, width, _), size = x.shape, len(kernel)
  stride, low = geometry.strides[0], padding_before(size, geometry.strides[0])
  before, after = low // stride, (stride + size - 2 - low) // stride
  products = pad(x @ _tap_matrix(kernel), ((before, after), (before, after)))
  products = products.reshape(*products.shape[:3], size, size, -1)
  # For each phase of the output: its taps, and where their products begin.
  places = []
  for phase in range(stride):
    first, left = phase_of(size, stride, phase)
    taps = range(first, size, stride)
    places.append([(tap, before - left + i) for i, tap in enumerate(taps)])
  phases = [
    sum(
      (
        products[:, top : top + height, left : left + width, row, column]
        for row, top in rows
        for column, left in columns
      ),
      start=jnp.zeros((), x.dtype),
    )
    for rows in places
    for columns in places
  ]
  return interleave(phases, geometry.strides)


def _transposed_back(geometry: Geometry, y: Array) -> Array:
  """For each product of `_transposed`, the output that it was added to."""
  return jnp.concatenate(taps_of(geometry, y)[::-1], axis=-1)


def _transposed_by_input(geometry: Geometry, y: Array, kernel: Array) -> Array:
  return _transposed_back(geometry, y) @ _tap_matrix(kernel).T


def _transposed_by_kernel(geometry: Geometry, x: Array, y: Array) -> Array:
  return _by_taps(geometry, x, _transposed_back(geometry, y), y.shape[-1])


_transpose_shifts = differentiable(
  _transposed, _transposed_by_input, _transposed_by_kernel
)
