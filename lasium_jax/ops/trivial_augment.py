"""TrivialAugment: one operation of random strength on each image.

See Mueller and Hutter, "TrivialAugment: Tuning-free Yet State-of-the-Art Data
Augmentation" (ICCV 2021), algorithm 1; the strengths are those of its wide
space (appendix, "TA (Wide)"). Nothing in it was searched with labels.
"""

import math

import jax
import jax.numpy as jnp

from lasium_jax.ops.affine import Affine, warp
from lasium_jax.types import Array

OPERATIONS = (
  *('identity', 'shear_x', 'shear_y', 'translate_x', 'translate_y', 'rotate'),
  *('brightness', 'color', 'contrast', 'sharpness'),
  *('posterize', 'solarize', 'auto_contrast', 'equalize'),
)
LEVELS = 31  # Strengths are 0, 1/30, ..., 1.
# What each does at most.
_SHEAR = 0.99  # A tangent.
_TRANSLATION = 32  # In pixels.
_ROTATION = math.radians(135)
_ENHANCEMENT = 0.99
_BITS = 6  # Of 8, that are set to 0.
# Of red, green and blue, in the gray of an image.
_LUMA = (0.299, 0.587, 0.114)


def trivial_augment(key: Array, images: Array) -> Array:
  """Changes each image by one operation of its own.

  Operation, strength and direction are drawn uniformly.

  Args:
    key: a PRNG key.
    images: `[n, H, W, C]` in [0, 1], of 1 or 3 channels.

  Returns:
    `[n, H, W, C]` in [0, 1]; what lies outside an image is 0.
  """
  n = len(images)
  operation_key, level_key, sign_key = jax.random.split(key, 3)
  operations = jax.random.randint(operation_key, (n,), 0, len(OPERATIONS))
  levels = jax.random.randint(level_key, (n,), 0, LEVELS)
  signs = jax.random.rademacher(sign_key, (n,), images.dtype)
  return transform(images, operations, signs * levels / (LEVELS - 1))


def transform(images: Array, operations: Array, strengths: Array) -> Array:
  """Changes each image by a given operation.

  Args:
    images: `[n, H, W, C]` in [0, 1], of 1 or 3 channels.
    operations: `[n]` int32, places in `OPERATIONS`.
    strengths: `[n]` in [-1, 1]. Above 0 an image is moved down or to the right,
      turned counterclockwise, made brighter, more colorful, richer in contrast
      or sharper, and below 0 the other way. Posterizing and solarizing have no
      direction, and what follows them no strength.

  Returns:
    `[n, H, W, C]` in [0, 1].
  """
  moved = _moved(images, operations, strengths)
  return jax.vmap(_changed)(images, moved, operations, strengths)


def _moved(images: Array, operations: Array, strengths: Array) -> Array:
  """Those that are to be sheared, translated or rotated, read once.

  As in the authors' code shears hold the upper left corner fast, and rotations
  the center. That code reads the nearest pixel; this one interpolates.
  """
  n, height, width, _ = images.shape

  def amount(name: str, most: float) -> Array:
    chosen = operations == OPERATIONS.index(name)
    return jnp.where(chosen, most * strengths, 0)

  def places(name: str, most: float) -> Array:
    return amount(name, most)[:, None, None]

  down = jnp.arange(height)[None, :, None] + 0.5
  right = jnp.arange(width)[None, None] + 0.5
  fields = [
    places('shear_y', _SHEAR) * right + places('translate_y', -_TRANSLATION),
    places('shear_x', _SHEAR) * down + places('translate_x', -_TRANSLATION),
  ]
  shape = (n, height, width)
  maps = Affine(
    amount('rotate', _ROTATION), jnp.zeros((n, 2)), jnp.ones(n, images.dtype)
  )
  offsets = jnp.stack([jnp.broadcast_to(part, shape) for part in fields], 1)
  return warp(images, maps, offsets)


def _changed(
  image: Array, moved: Array, operation: Array, strength: Array
) -> Array:
  """One image `[H, W, C]` by its operation; `moved` if that is a map."""
  gray = _gray(image)
  factor = 1 + _ENHANCEMENT * strength

  def enhanced(plain: Array) -> Array:
    """The image, as far from its plain form as `factor` says."""
    return jnp.clip(plain + factor * (image - plain), 0, 1)

  results = {
    'identity': image,
    **dict.fromkeys(
      ('shear_x', 'shear_y', 'translate_x', 'translate_y', 'rotate'), moved
    ),
    'brightness': enhanced(jnp.zeros_like(image)),
    'color': enhanced(gray),
    'contrast': enhanced(gray.mean(keepdims=True)),
    'sharpness': enhanced(_smooth(image)),
    'posterize': _posterized(image, jnp.abs(strength)),
    'solarize': _solarized(image, jnp.abs(strength)),
    'auto_contrast': _stretched(image),
    'equalize': jax.vmap(_equalized, -1, -1)(image),
  }
  chosen = [operation == i for i in range(len(OPERATIONS))]
  return jnp.select(chosen, [results[name] for name in OPERATIONS])


def _gray(image: Array) -> Array:
  """`[H, W, 1]`, how bright an image `[H, W, C]` is."""
  if image.shape[-1] == 1:
    return image
  return (image * jnp.array(_LUMA, image.dtype)[None, None]).sum(
    -1, keepdims=True
  )


def _smooth(image: Array) -> Array:
  """Each pixel five times, and its neighbors once; those at the edge stay."""
  rows = image[:-2] + image[1:-1] + image[2:]
  near = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
  inner = image[1:-1, 1:-1]
  return image.at[1:-1, 1:-1].set((near + 4 * inner) / 13)


def _bytes(image: Array) -> Array:
  return jnp.round(255 * image).astype(jnp.int32)


def _posterized(image: Array, strength: Array) -> Array:
  """The lowest bits of each pixel are 0, up to six of its eight."""
  bits = jnp.round(_BITS * strength).astype(jnp.int32)
  return (_bytes(image) >> bits << bits) / 255


def _solarized(image: Array, strength: Array) -> Array:
  """What is bright is turned to its opposite; by a strength of 1 all is."""
  return jnp.where(_bytes(image) < 256 * (1 - strength), image, 1 - image)


def _stretched(image: Array) -> Array:
  """Each channel so that it reaches from 0 to 1; one that is flat stays."""
  low, high = (of(image, (0, 1), keepdims=True) for of in (jnp.min, jnp.max))
  span = high - low
  return jnp.where(
    span > 0, (image - low) / jnp.where(span > 0, span, 1), image
  )


def _equalized(channel: Array) -> Array:
  """One channel `[H, W]` with about as many pixels of each level."""
  levels = _bytes(channel)
  counts = jnp.bincount(levels.ravel(), length=256)
  below = jnp.cumsum(counts) - counts
  step = (channel.size - counts[levels.max()]) // 255
  table = (step // 2 + below) // jnp.maximum(step, 1)
  equal = jnp.minimum(table, 255)[levels] / 255
  return jnp.where(step > 0, equal, channel)
