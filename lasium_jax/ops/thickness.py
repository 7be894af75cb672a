"""Strokes made thicker or thinner by a known amount."""

import math

import chex
import jax
import jax.numpy as jnp

from lasium_jax.types import Array


def thicken(images: Array, radii: Array, *, most: int = 3) -> Array:
  """Grows the ink of each image by a radius, or the background.

  Each pixel becomes the largest of the pixels around, one at the distance d
  counting `clip(radius + 1 - d, 0, 1)` times: a dilation by a disc whose rim
  fades over one pixel, so that a radius may lie between whole numbers. Below
  0 it is the same of what the image lacks to 1. No pixel decreases with the
  radius, and a radius of 0 changes nothing.

  Within one pixel a rim grows as a mixture of pixels would; amounts that shall
  tell mixtures of strokes from those of pixels are further apart.

  Args:
    images: `[n, H, W, C]` in [0, 1], ink 1 and background 0.
    radii: `[n]` in pixels; those beyond `most` either way are cut to it.
    most: the largest radius.

  Returns:
    Likewise. What lies outside an image changes nothing inside it.
  """
  chex.assert_rank([images, radii], [4, 1])
  radii = radii.clip(-most, most).reshape(-1, 1, 1, 1)
  # Thinner ink is thicker background.
  grows = radii >= 0
  x = jnp.where(grows, images, 1 - images)
  height, width = images.shape[1:3]
  padded = jnp.pad(x, ((0, 0), (most, most), (most, most), (0, 0)))
  largest = x
  for down in range(-most, most + 1):
    for right in range(-most, most + 1):
      distance = math.hypot(down, right)
      if 0 < distance < most + 1:
        weight = (jnp.abs(radii) + 1 - distance).clip(0, 1)
        rows = slice(most + down, most + down + height)
        columns = slice(most + right, most + right + width)
        moved = padded[:, rows, columns]
        largest = jnp.maximum(largest, weight * moved)
  return jnp.where(grows, largest, 1 - largest)


def random_thickness(key: Array, images: Array, *, thickness: float) -> Array:
  """Makes the strokes of each image thicker or thinner by a radius of its own.

  Args:
    key: a PRNG key.
    images: `[n, H, W, C]` in [0, 1], ink 1 and background 0.
    thickness: the largest radius either way, in pixels on each side of a
      stroke; radii are uniform. Strokes of less than twice as many vanish.

  Returns:
    Likewise.
  """
  radii = thickness * jax.random.uniform(key, (len(images),), minval=-1)
  return thicken(images, radii, most=math.ceil(thickness))
