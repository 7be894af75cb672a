"""The transposed convolution, one output phase at a time."""

from lasium_jax.ops.conv import conv, interleave
from lasium_jax.types import Array


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
  starts = [phase_of(len(kernel), stride, p) for p in range(stride)]
  phases = []
  for row_tap, top in starts:
    for column_tap, left in starts:
      taps = kernel[row_tap::stride, column_tap::stride]
      bottom, right = taps.shape[0] - 1 - top, taps.shape[1] - 1 - left
      phases.append(conv(x, taps, (1, 1), ((top, bottom), (left, right))))
  return interleave(phases, (stride, stride))


def padding_before(size: int, stride: int) -> int:
  """Zeros that `lax.conv_transpose` puts before the dilated input, if SAME.

  Args:
    size: of the window, along one axis.
    stride: the factor by which the axis grows.

  Returns:
    A count: output o meets tap t where `o + t` less this is a multiple of the
    stride, and the multiple is the input's place.
  """
  return size - 1 if stride > size - 1 else -(-(size + stride - 2) // 2)


def phase_of(size: int, stride: int, phase: int) -> tuple[int, int]:
  """First tap and left padding of one output phase along one axis."""
  low = padding_before(size, stride)
  tap = (low - phase) % stride
  return tap, -((phase + tap - low) // stride)
