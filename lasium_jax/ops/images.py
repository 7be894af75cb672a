"""Images as numbers."""

import jax.numpy as jnp

from lasium_jax.types import Array


def as_floats(images: Array) -> Array:
  """uint8 images to float32 in [0, 1]."""
  return images.astype(jnp.float32) / 255
