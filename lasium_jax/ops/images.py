"""Images as numbers."""

import jax.numpy as jnp
import numpy as np

from lasium_jax.types import Array


def as_floats(images: Array | np.ndarray) -> Array:
  """Images as float32 in [0, 1], told apart by their dtype.

  Args:
    images: of any shape; bytes (uint8), or floats that are in [0, 1] already.

  Returns:
    The same images as float32.

  Raises:
    TypeError: on another dtype, whose range nobody knows.
  """
  if images.dtype == jnp.uint8:
    return jnp.asarray(images).astype(jnp.float32) / 255
  if jnp.issubdtype(images.dtype, jnp.floating):
    return jnp.asarray(images).astype(jnp.float32)
  raise TypeError(
    f'Images must be uint8, or floats in [0, 1], not {images.dtype}.'
  )


def cut(images: Array | np.ndarray, threshold: float) -> Array:
  """Images in black and white: each is stretched from 0 to 1, and cut in two.

  Args:
    images: `[n, H, W, C]`, bytes or in [0, 1].
    threshold: in [0, 1]; above it is white. 0 leaves the images gray, and
      unstretched.

  Returns:
    `[n, H, W, C]` uint8; cut, they have 0 and 255 alone, and an image of one
    color is black.
  """
  x = as_floats(images)
  if not threshold:
    return jnp.rint(255 * jnp.clip(x, 0, 1)).astype(jnp.uint8)
  low = x.min((1, 2, 3), keepdims=True)
  high = x.max((1, 2, 3), keepdims=True)
  x = (x - low) / jnp.maximum(high - low, jnp.finfo(x.dtype).tiny)
  return jnp.where(x > threshold, 255, 0).astype(jnp.uint8)
