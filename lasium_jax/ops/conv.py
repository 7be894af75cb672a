"""Convolutions lowered for the place where they are used.

XLA's own convolution is the right one for large batches with shared weights.
It is slow on CPU where its gradient stands in a loop body, and on every
backend where each task has weights of its own (it becomes a grouped
convolution). The functions here give the same numbers by matrix products.
docs/performance.md has the measurements. Images are NHWC, kernels HWIO.

A convolution, its gradient by the input and its gradient by the kernel are the
three derivatives of one form, linear in each of image, kernel and output. Each
is differentiated by the other two, so all orders of derivative are lowered
alike (`differentiable`).
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from lasium_jax.ops import xla_convolutions
from lasium_jax.types import Array

Pads = tuple[tuple[int, int], tuple[int, int]]


class Geometry(NamedTuple):
  """What a convolution is, but for its arrays."""

  strides: tuple[int, int]
  pads: Pads
  image: tuple[int, int]  # Height and width of the input.
  window: tuple[int, int]


Lowering = Callable[[Geometry, Array, Array], Array]


def conv(
  lhs: Array,
  rhs: Array,
  window_strides: Sequence[int],
  padding: str | Sequence[tuple[int, int]],
  **options: Any,
) -> Array:
  """XLA's convolution, with a kernel gradient that is fast on CPU too.

  A drop-in for `lax.conv_general_dilated`, to be passed to `flax.linen.Conv`
  as `conv_general_dilated=`. For large batches with shared weights, outside
  of loops.

  Args:
    lhs: `[n, H, W, I]` images.
    rhs: `[h, w, I, O]` kernel.
    window_strides: two ints.
    padding: 'SAME', 'VALID', or two (low, high) pairs.
    **options: the rest of `lax.conv_general_dilated`'s, at their defaults.

  Returns:
    `[n, H', W', O]`.

  Raises:
    ValueError: on dilation or groups, which have no use here.
  """
  check_plain(**options)
  return _conv_xla(geometry_of(lhs, rhs, window_strides, padding), lhs, rhs)


def conv_by_patches(
  lhs: Array,
  rhs: Array,
  window_strides: Sequence[int],
  padding: str | Sequence[tuple[int, int]],
  **options: Any,
) -> Array:
  """A convolution as patches times a weight matrix.

  Right inside loops and for per-task weights. Arguments, result and errors are
  those of `conv`.
  """
  check_plain(**options)
  return _conv_patches(geometry_of(lhs, rhs, window_strides, padding), lhs, rhs)


def conv_of_learner(
  lhs: Array,
  rhs: Array,
  window_strides: Sequence[int],
  padding: str | Sequence[tuple[int, int]],
  **options: Any,
) -> Array:
  """`conv` where `ops.xla_convolutions.used`, else `conv_by_patches`.

  MAML's inner loop is one, with weights of each task's own; a network of
  ProtoNets may be in none, and has one set for all tasks. Arguments, result and
  errors are those of `conv`.
  """
  lowering = conv if xla_convolutions.used() else conv_by_patches
  return lowering(lhs, rhs, window_strides, padding, **options)


def check_plain(
  lhs_dilation: Sequence[int] | None = None,
  rhs_dilation: Sequence[int] | None = None,
  feature_group_count: int = 1,
  **_: Any,
) -> None:
  dilations = (*(lhs_dilation or ()), *(rhs_dilation or ()))
  if feature_group_count != 1 or any(d != 1 for d in dilations):
    raise ValueError('These convolutions support neither dilation nor groups.')


def geometry_of(
  x: Array,
  kernel: Array,
  strides: Sequence[int],
  padding: str | Sequence[tuple[int, int]],
) -> Geometry:
  image, window = _sides(x), (kernel.shape[0], kernel.shape[1])
  if isinstance(padding, str):
    padding = lax.padtype_to_pads(image, window, strides, padding)
  (top, bottom), (left, right) = padding
  pads = ((int(top), int(bottom)), (int(left), int(right)))
  return Geometry((strides[0], strides[1]), pads, image, window)


def _sides(x: Array) -> tuple[int, int]:
  return x.shape[1], x.shape[2]


def differentiable(
  conv: Lowering, by_input: Lowering, by_kernel: Lowering
) -> Callable[[Geometry, Array, Array], Array]:
  """Ties a convolution and its two gradients into each other's derivatives.

  Args:
    conv: `(geometry, x, kernel) -> y`.
    by_input: `(geometry, y, kernel) -> x`, its transpose in x.
    by_kernel: `(geometry, x, y) -> kernel`, its transpose in the kernel.

  Returns:
    `conv`, differentiable to any order.
  """
  conv = jax.custom_vjp(conv, nondiff_argnums=(0,))
  by_input = jax.custom_vjp(by_input, nondiff_argnums=(0,))
  by_kernel = jax.custom_vjp(by_kernel, nondiff_argnums=(0,))

  def forward(op: Any) -> Any:
    return lambda geometry, a, b: (op(geometry, a, b), (a, b))

  conv.defvjp(
    forward(conv),
    lambda g, saved, y: (by_input(g, y, saved[1]), by_kernel(g, saved[0], y)),
  )
  by_input.defvjp(
    forward(by_input),
    lambda g, saved, x: (conv(g, x, saved[1]), by_kernel(g, x, saved[0])),
  )
  by_kernel.defvjp(
    forward(by_kernel),
    lambda g, saved, k: (by_input(g, saved[1], k), conv(g, saved[0], k)),
  )
  return conv


def _xla(geometry: Geometry, x: Array, kernel: Array) -> Array:
  return lax.conv_general_dilated(
    x,
    kernel,
    geometry.strides,
    geometry.pads,
    dimension_numbers=('NHWC', 'HWIO', 'NHWC'),
  )


def _xla_by_input(geometry: Geometry, y: Array, kernel: Array) -> Array:
  shape = (len(y), *geometry.image, kernel.shape[2])
  x = jax.ShapeDtypeStruct(shape, y.dtype)
  return jax.linear_transpose(lambda x: _xla(geometry, x, kernel), x)(y)[0]


def _xla_by_kernel(geometry: Geometry, x: Array, y: Array) -> Array:
  """The kernel's gradient: JAX's where fast, else a matrix product a tap.

  It is slow on a CPU unless the option of `ops.xla_convolutions` is given.
  """
  shape = (*geometry.window, x.shape[-1], y.shape[-1])

  def by_taps(x: Array, y: Array) -> Array:
    rows = y.reshape(-1, y.shape[-1])
    taps = [tap.reshape(-1, tap.shape[-1]) for tap in taps_of(geometry, x)]
    return jnp.stack([tap.T @ rows for tap in taps]).reshape(shape)

  def by_xla(x: Array, y: Array) -> Array:
    kernel = jax.ShapeDtypeStruct(shape, x.dtype)
    return jax.linear_transpose(lambda k: _xla(geometry, x, k), kernel)(y)[0]

  if xla_convolutions.used():
    return by_xla(x, y)
  return lax.platform_dependent(x, y, cpu=by_taps, default=by_xla)


_conv_xla = differentiable(_xla, _xla_by_input, _xla_by_kernel)


def _patches(geometry: Geometry, x: Array, kernel: Array) -> Array:
  matrix = kernel.reshape(-1, kernel.shape[-1])
  return jnp.concatenate(taps_of(geometry, x), axis=-1) @ matrix


def _patches_by_input(geometry: Geometry, y: Array, kernel: Array) -> Array:
  """The input's pixels of equal remainder modulo the stride, one by one.

  Each such phase meets every stride-th tap, and is a convolution of y.
  """
  (height, width), (rows, columns) = geometry.image, geometry.strides
  (low, _), (left, _) = geometry.pads
  steps = -(-height // rows), -(-width // columns)
  phases = []
  for p in range(rows):
    tap, top = _phase(p + low, rows)
    for q in range(columns):
      other, side = _phase(q + left, columns)
      taps = kernel[tap::rows, other::columns][::-1, ::-1].swapaxes(2, 3)
      if not taps.size:  # The stride is longer than the window.
        phases.append(jnp.zeros((len(y), *steps, kernel.shape[2]), y.dtype))
        continue
      pads = (
        _around(top, taps.shape[0], y.shape[1], steps[0]),
        _around(side, taps.shape[1], y.shape[2], steps[1]),
      )
      window = (taps.shape[0], taps.shape[1])
      inner = Geometry((1, 1), pads, _sides(y), window)
      phases.append(_patches(inner, y, taps))
  return interleave(phases, (rows, columns))[:, :height, :width]


def _phase(offset: int, stride: int) -> tuple[int, int]:
  """First tap that a phase meets, and the output that it meets there first."""
  tap = offset % stride
  return tap, (offset - tap) // stride


def _around(first: int, taps: int, size: int, steps: int) -> tuple[int, int]:
  """Padding by which a window of flipped taps yields `steps` outputs.

  Output q is the sum over u of tap u at `q + first - u`.
  """
  low = taps - 1 - first
  return low, steps - 1 + taps - size - low


def interleave(phases: list[Array], strides: tuple[int, int]) -> Array:
  """`[n, rows * h, columns * w, C]` of rows x columns images `[n, h, w, C]`."""
  n, height, width, channels = phases[0].shape
  rows, columns = strides
  x = jnp.stack(phases).reshape(rows, columns, n, height, width, channels)
  x = x.transpose(2, 3, 0, 4, 1, 5)
  return x.reshape(n, rows * height, columns * width, channels)


def _patches_by_kernel(geometry: Geometry, x: Array, y: Array) -> Array:
  patches = jnp.concatenate(taps_of(geometry, x), axis=-1)
  matrix = patches.reshape(-1, patches.shape[-1]).T @ y.reshape(-1, y.shape[-1])
  return matrix.reshape(*geometry.window, x.shape[-1], y.shape[-1])


_conv_patches = differentiable(_patches, _patches_by_input, _patches_by_kernel)


def taps_of(geometry: Geometry, x: Array) -> list[Array]:
  """For each tap of the window, the `[n, H', W', C]` inputs that it meets."""
  x = pad(x, geometry.pads)
  (height, width), strides = geometry.window, geometry.strides
  rows = (x.shape[1] - height) // strides[0] + 1
  columns = (x.shape[2] - width) // strides[1] + 1
  return [
    x[
      :,
      i : i + (rows - 1) * strides[0] + 1 : strides[0],
      j : j + (columns - 1) * strides[1] + 1 : strides[1],
    ]
    for i in range(height)
    for j in range(width)
  ]


def pad(x: Array, pads: Pads) -> Array:
  """Pads height and width with zeros; crops where a pad is negative."""
  config = ((0, 0, 0), *((low, high, 0) for low, high in pads), (0, 0, 0))
  return lax.pad(x, jnp.zeros((), x.dtype), config)
