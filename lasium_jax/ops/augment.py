"""Image augmentations, for one image or a batch, compiled anywhere."""

import jax
import jax.numpy as jnp

from lasium_jax.types import Array


def shift(image: Array, offset: Array) -> Array:
  """Translates one image by whole pixels, filling with 0 (the background).

  Args:
    image: `[H, W, C]`.
    offset: `[2]` int32, down and right.

  Returns:
    `[H, W, C]`.
  """
  height, width, _ = image.shape
  rows = jnp.arange(height) - offset[0]
  columns = jnp.arange(width) - offset[1]
  inside_rows = (rows >= 0) & (rows < height)
  inside_columns = (columns >= 0) & (columns < width)
  inside = inside_rows[:, None] & inside_columns[None, :]
  moved = jnp.take(image, rows, axis=0, mode='clip')
  moved = jnp.take(moved, columns, axis=1, mode='clip')
  return jnp.where(inside[..., None], moved, 0)


def random_shifts(key: Array, images: Array, low: int, high: int) -> Array:
  """Translates each image by its own integers, uniform in `low..high`.

  LASIUM shifts the query images of a synthetic task by -5..4 pixels.

  Args:
    key: a PRNG key.
    images: `[n, H, W, C]`.
    low: the smallest offset, inclusive.
    high: the largest offset, inclusive.

  Returns:
    `[n, H, W, C]`.
  """
  offsets = jax.random.randint(key, (len(images), 2), low, high + 1)
  return jax.vmap(shift)(images, offsets)
