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
