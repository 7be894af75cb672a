"""Images bent by random smooth fields, as by hands that never draw alike.

See Simard, Steinkraus and Platt, "Best practices for convolutional neural
networks applied to visual document analysis" (2003), section 2.
"""

import chex
import jax
import jax.numpy as jnp

from lasium_jax.ops.affine import random_affine, warp
from lasium_jax.ops.bilinear import read_at
from lasium_jax.types import Array


def random_fields(
  key: Array,
  n: int,
  height: int,
  width: int,
  *,
  elastic: float,
  smoothness: float,
) -> Array:
  """Draws displacements that change smoothly over an image.

  They are normal noise, each direction by itself, blurred by a Gaussian. Where
  an image ends less noise is averaged, and weighs more, so that all pixels are
  moved equally far.

  Args:
    key: a PRNG key.
    n: how many fields.
    height: H.
    width: W.
    elastic: the standard deviation of a displacement down, in heights, and to
      the right, in widths. Strokes fold over where it is no smaller than
      `smoothness`; a quarter of that is a strong bend.
    smoothness: the standard deviation of the Gaussian, likewise, above 0.

  Returns:
    `[n, 2, H, W]`, down and right, in pixels.
  """
  noise = jax.random.normal(key, (n, 2, height, width))
  down, right = (_blur(side, smoothness) for side in (height, width))
  smooth = jnp.einsum('ah,ndhw,bw->ndab', down, noise, right)
  sides = jnp.array([height, width], smooth.dtype).reshape(1, 2, 1, 1)
  return elastic * sides * smooth


def displace(images: Array, fields: Array) -> Array:
  """Looks at each image at other places, with bilinear interpolation.

  Args:
    images: `[n, H, W, C]`.
    fields: `[n, 2, H, W]`, how far down and right of a pixel of the result lies
      what it shows, in pixels.

  Returns:
    `[n, H, W, C]`; what lies outside an image is 0.
  """
  chex.assert_rank([images, fields], 4)
  target = jnp.indices(images.shape[1:3])
  return jax.vmap(lambda x, field: read_at(x, target + field))(images, fields)


def random_bends(
  key: Array,
  images: Array,
  /,
  *,
  elastic: float,
  smoothness: float,
  **ranges: float,
) -> Array:
  """Bends each image by a field of its own, drawn as by `random_fields`.

  A map of its own may follow. Images are read once for both: twice
  interpolated, strokes are blurred.

  Args:
    key: a PRNG key.
    images: `[n, H, W, C]`.
    elastic: the standard deviation of a displacement, in fractions of a side.
    smoothness: how far displacements are alike, likewise, above 0.
    **ranges: of the maps, those of `lasium_jax.ops.affine.random_affine`; none
      for no maps.

  Returns:
    `[n, H, W, C]`; what lies outside an image is 0.
  """
  n, height, width, _ = images.shape
  field_key, map_key = jax.random.split(key)
  fields = random_fields(
    field_key, n, height, width, elastic=elastic, smoothness=smoothness
  )
  if not ranges:
    return displace(images, fields)
  return warp(images, random_affine(map_key, n, **ranges), fields)


def _blur(side: int, smoothness: float) -> Array:
  """A Gaussian's weights `[side, side]`, the squares of each row 1 in all."""
  places = jnp.arange(side) / side
  apart = places[:, None] - places[None]
  weights = jnp.exp(-0.5 * (apart / smoothness) ** 2)
  return weights / jnp.linalg.norm(weights, axis=1, keepdims=True)
