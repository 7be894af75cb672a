"""Images of twice the size, and at other places, by bilinear interpolation."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.ndimage import map_coordinates

from lasium_jax.types import Array


def read_at(image: Array, places: Sequence[Array] | Array) -> Array:
  """An image at other places than its pixels.

  Args:
    image: `[H, W, C]`.
    places: rows and columns, each `[h, w]` floats.

  Returns:
    `[h, w, C]`; what lies outside the image is 0.
  """
  # Pixels are read one by one. As products with matrices of weights, the maps
  # of 28x28 images took seven times as long on a CPU.
  rows, columns = places

  def channel(pixels: Array) -> Array:
    return map_coordinates(pixels, [rows, columns], order=1, mode='constant')

  return jax.vmap(channel, -1, -1)(image)


def doubled(x: Array) -> Array:
  """Twice the height and width, bilinear.

  Each pixel becomes four, of which each has a quarter of its neighbor along
  either axis; at the edges a pixel is its own neighbor. The same as
  `jax.image.resize`, and as PyTorch without `align_corners`.

  Args:
    x: `[n, H, W, C]`.

  Returns:
    `[n, 2 * H, 2 * W, C]`.
  """
  return _along(_along(x, 1), 2)


def _along(x: Array, axis: int) -> Array:
  size = x.shape[axis]
  first, last = (
    lax.slice_in_dim(x, i, i + 1, axis=axis) for i in (0, size - 1)
  )
  before = lax.slice_in_dim(x, 0, size - 1, axis=axis)
  after = lax.slice_in_dim(x, 1, size, axis=axis)
  neighbors = (
    jnp.concatenate([first, before], axis),
    jnp.concatenate([after, last], axis),
  )
  pairs = jnp.stack([0.75 * x + 0.25 * y for y in neighbors], axis + 1)
  return pairs.reshape(*x.shape[:axis], 2 * size, *x.shape[axis + 1 :])
