"""Affine maps of images, known by their parameters.

Their mixtures (`lasium_jax.ops.mixtures`) are of angles, shifts and scales, not
of matrices. See Interpolative Autoencoders, section 4.1.
"""

import math
from typing import NamedTuple

import chex
import jax
import jax.numpy as jnp

from lasium_jax.ops.bilinear import read_at
from lasium_jax.types import Array


class Affine(NamedTuple):
  """Maps about the center of an image: slanted, turned, scaled, then moved.

  Attributes:
    rotation: `[n]` in radians, counterclockwise as an image is looked at.
    translation: `[n, 2]`, down and right, in fractions of the image's sides.
    scale: `[n]`, above 0; 2 makes everything twice as large.
    shear: `[n]` tangents of the angles that upright lines are slanted by, to
      the right above the center; None for no slant.
    stretch: `[n]`, above 0, how much wider images are than `scale` has them,
      and how much lower; None for 1.
  """

  rotation: Array
  translation: Array
  scale: Array
  shear: Array | None = None
  stretch: Array | None = None


def random_affine(
  key: Array,
  n: int,
  *,
  rotation: float,
  translation: float,
  scale: float,
  shear: float = 0.0,
  stretch: float = 1.0,
) -> Affine:
  """Draws maps.

  Args:
    key: a PRNG key.
    n: how many.
    rotation: the largest angle either way, in radians.
    translation: the largest either way, in fractions of a side.
    scale: the largest, 1 or more; the smallest is its inverse. Logarithms are
      drawn uniformly, so that images shrink as often as they grow.
    shear: the largest tangent of a slant, either way.
    stretch: as scale.

  Returns:
    `n` maps.
  """
  drawn = jax.random.uniform(key, (n, 4), minval=-1)
  maps = Affine(
    rotation * drawn[:, 0],
    translation * drawn[:, 1:3],
    jnp.exp(math.log(scale) * drawn[:, 3]),
  )
  if (shear, stretch) == (0, 1):
    return maps
  drawn = jax.random.uniform(jax.random.fold_in(key, 1), (n, 2), minval=-1)
  return maps._replace(
    shear=shear * drawn[:, 0],
    stretch=jnp.exp(math.log(stretch) * drawn[:, 1]),
  )


def warp(images: Array, maps: Affine, fields: Array | None = None) -> Array:
  """Maps each image by its own map, with bilinear interpolation.

  Args:
    images: `[n, H, W, C]`.
    maps: `n` of them.
    fields: `[n, 2, H, W]`, how far down and right of the place that a map says
      lies what a pixel of the result shows, in pixels; None for 0.

  Returns:
    `[n, H, W, C]`; what lies outside an image is 0.
  """
  chex.assert_rank(images, 4)
  return jax.vmap(_warp_one)(images, maps, fields)


def random_warps(
  key: Array,
  images: Array,
  /,
  *,
  rotation: float,
  translation: float,
  scale: float,
  shear: float = 0.0,
  stretch: float = 1.0,
) -> Array:
  """Maps each image by a map of its own, drawn as by `random_affine`.

  Args:
    key: a PRNG key.
    images: `[n, H, W, C]`.
    rotation: the largest angle either way, in radians.
    translation: the largest either way, in fractions of a side.
    scale: the largest, 1 or more.
    shear: the largest tangent of a slant, either way.
    stretch: the largest, 1 or more.

  Returns:
    `[n, H, W, C]`; what lies outside an image is 0.
  """
  maps = random_affine(
    key,
    len(images),
    rotation=rotation,
    translation=translation,
    scale=scale,
    shear=shear,
    stretch=stretch,
  )
  return warp(images, maps)


def slant(images: Array, tangents: Array) -> Array:
  """Slants each image as italics are, with bilinear interpolation.

  Rows move sideways by their height above the center.

  Args:
    images: `[n, H, W, C]`.
    tangents: `[n]` of the angles; above 0 the upper half moves right.

  Returns:
    `[n, H, W, C]`; what lies outside an image is 0.
  """
  chex.assert_rank(images, 4)

  def one(image: Array, tangent: Array) -> Array:
    height, width, _ = image.shape
    down, right = jnp.meshgrid(
      jnp.arange(height), jnp.arange(width), indexing='ij'
    )
    return read_at(image, [down, right + tangent * (down - (height - 1) / 2)])

  return jax.vmap(one)(images, tangents)


def _warp_one(image: Array, one: Affine, field: Array | None) -> Array:
  height, width, _ = image.shape
  places = jnp.stack(_sources(height, width, one))
  return read_at(image, places if field is None else places + field)


def _sources(height: int, width: int, one: Affine) -> list[Array]:
  """Rows and columns, `[H, W]` floats, that the pixels of the result show."""
  cosine, sine = jnp.cos(one.rotation), jnp.sin(one.rotation)
  middle = (height - 1) / 2, (width - 1) / 2
  target = jnp.meshgrid(jnp.arange(height), jnp.arange(width), indexing='ij')
  # The map backward, its rotation written for rows, which count downward.
  down, right = (
    (places - center - moved * side) / one.scale
    for places, center, moved, side in zip(
      target, middle, one.translation, (height, width), strict=True
    )
  )
  down, right = cosine * down + sine * right, cosine * right - sine * down
  if one.stretch is not None:
    down, right = down * one.stretch, right / one.stretch
  if one.shear is not None:
    right = right + one.shear * down
  return [down + middle[0], right + middle[1]]
