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


def shift_reflected(image: Array, offset: Array) -> Array:
  """Translates one image by whole pixels, its own mirror image beyond its edge.

  Args:
    image: `[H, W, C]`.
    offset: `[2]` int32, down and right, smaller than the sides.

  Returns:
    `[H, W, C]`. The pixels of an edge are not there twice.
  """
  for axis in (0, 1):
    last = image.shape[axis] - 1
    places = jnp.abs(jnp.arange(last + 1) - offset[axis])
    image = jnp.take(image, last - jnp.abs(last - places), axis=axis)
  return image


def random_shifts(
  key: Array, images: Array, low: int, high: int, *, reflect: bool = False
) -> Array:
  """Translates each image by its own integers, uniform in `low..high`.

  LASIUM shifts the query images of a synthetic task by -5..4 pixels.

  Args:
    key: a PRNG key.
    images: `[n, H, W, C]`.
    low: the smallest offset, inclusive.
    high: the largest offset, inclusive.
    reflect: whether an image goes on as its mirror image beyond its edge; else
      there is 0.

  Returns:
    `[n, H, W, C]`.
  """
  offsets = jax.random.randint(key, (len(images), 2), low, high + 1)
  return jax.vmap(shift_reflected if reflect else shift)(images, offsets)


def random_mirrors(key: Array, images: Array) -> Array:
  """Mirrors half of the images, at random: left becomes right.

  Args:
    key: a PRNG key.
    images: `[n, H, W, C]`.

  Returns:
    `[n, H, W, C]`.
  """
  mirrored = jax.random.bernoulli(key, shape=(len(images), 1, 1, 1))
  return jnp.where(mirrored, images[:, :, ::-1], images)


def random_views(key: Array, images: Array) -> Array:
  """Looks at each photograph anew: another crop, side and light.

  A part of 50 to 100 % of the side is enlarged to the whole, half of the
  images are mirrored, contrast and brightness change, and of color images
  the saturation; a fifth of those turn gray. Without it a photograph's colors
  alone tell its class from four others, and a learner learns no more (UMTRA,
  Khodadadeh et al. 2019, Table 1).

  Args:
    key: a PRNG key.
    images: `[n, H, W, C]` in [0, 1], of 1 or 3 channels.

  Returns:
    `[n, H, W, C]` in [0, 1].
  """
  return jax.vmap(_view)(jax.random.split(key, len(images)), images)


def _view(key: Array, image: Array) -> Array:
  crop_key, mirror_key, light_key, gray_key = jax.random.split(key, 4)
  image = _random_crop(crop_key, image, least=0.5)
  image = jnp.where(jax.random.bernoulli(mirror_key), image[:, ::-1], image)
  low, high = jnp.array([0.0, 0.6, -0.2]), jnp.array([1.6, 1.4, 0.2])
  saturation, contrast, brightness = jax.random.uniform(
    light_key, (3,), minval=low, maxval=high
  )
  saturation *= jax.random.bernoulli(gray_key, 0.8)
  gray = image.mean(-1, keepdims=True)
  image = gray + saturation * (image - gray)
  image = image.mean() + contrast * (image - image.mean()) + brightness
  return jnp.clip(image, 0, 1)


def _random_crop(key: Array, image: Array, least: float) -> Array:
  """A rectangle of the image's shape and `least` of its side or more."""
  side_key, corner_key = jax.random.split(key)
  side = jax.random.uniform(side_key, minval=least)
  corner = jax.random.uniform(corner_key, (2,), maxval=1 - side)
  size = jnp.array(image.shape[:2])
  return jax.image.scale_and_translate(
    image,
    image.shape,
    (0, 1),
    jnp.full(2, 1 / side),
    -corner * size / side,
    'linear',
  )
