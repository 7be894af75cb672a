"""Interpolative autoencoders (section 4.1 of the paper of that name)."""

import functools
import math
from collections.abc import Callable
from typing import Annotated, NamedTuple

import jax
import jax.numpy as jnp

from lasium_jax.generators.autoencoder import (
  DISTANCES,
  Norm,
  Objective,
  Pass,
  trained_by,
)
from lasium_jax.ops.affine import random_affine, warp
from lasium_jax.ops.mixtures import mix
from lasium_jax.settings import Count, NonNegative, Range, Share
from lasium_jax.types import Array, Generator, Metrics, Trainer

Angle = Annotated[float, Range(0, 180)]
Enlargement = Annotated[float, Range(1, 10)]


class Triplets(NamedTuple):
  """What mixed codes are taught by.

  Attributes:
    a: `[b, H, W, C]`, each image under a map.
    b: likewise, under another.
    c: under the map between the two.
    alpha: `[b]` in [0, 1], the weight of A.
  """

  a: Array
  b: Array
  c: Array
  alpha: Array


def interpolative(
  shape: tuple[int, int, int],
  *,
  latent_size: Count = 64,
  width: Count = 64,
  norm: Norm = 'l1',
  learning_rate: NonNegative = 1e-3,
  rotation: Angle = 20.0,
  translation: Share = 0.1,
  scale: Enlargement = 1.25,
) -> tuple[Generator, Trainer]:
  """An autoencoder whose mixed codes show mixtures of affine maps.

  Of each image x two random maps make A and B. With `alpha ~ U[0, 1]`, C is x
  under the map whose parameters are the mean of theirs, A's weighted by alpha.
  With `d` the norm, averaged over pixels, the loss is

    L = (d(A, G(E(A))) + d(B, G(E(B)))) / 2
        + d(C, G(alpha E(A) + (1 - alpha) E(B)))

  See Interpolative Autoencoders, equations 1 and 2. The paper names neither
  the norm nor the optimizer, nor the ranges of the maps. Networks are
  normalized by the moments of all images of a step: of A and B in the encoder,
  and of what shall become A, B and C in the generator.

  Args:
    shape: `(H, W, C)` of the images, H and W divisible by 4.
    latent_size: D.
    width: of both networks; see `lasium_jax.nets.infogan`.
    norm: as in `autoencoder`, of all three images.
    learning_rate: Adam's.
    rotation: the largest angle of a map either way, in degrees.
    translation: its largest shift either way, in fractions of a side.
    scale: its largest enlargement; the smallest is the inverse.

  Returns:
    The generator, which has no prior, and its trainer.

  Raises:
    ValueError: if H or W is not divisible by 4.

  Example:
    >>> generator, trainer = lx.generators.interpolative((8, 8, 1), width=4)
    >>> data = lx.TrainingSet(jnp.zeros((2, 8, 8, 1), jnp.uint8))
    >>> params = trainer.params(trainer.init(jax.random.key(0), data))
    >>> z = jax.jit(generator.encode)(params, jnp.zeros((2, 8, 8, 1)))
    >>> jax.jit(generator.decode)(params, z.mean(0, keepdims=True)).shape
    (1, 8, 8, 1)
  """
  draw = functools.partial(
    triplets, rotation=rotation, translation=translation, scale=scale
  )
  return trained_by(
    objective(draw, norm),
    shape,
    latent_size=latent_size,
    width=width,
    learning_rate=learning_rate,
  )


def triplets(
  key: Array, x: Array, *, rotation: float, translation: float, scale: float
) -> Triplets:
  """Draws A, B and C of each of the images `x [b, H, W, C]`."""
  first_key, second_key, alpha_key = jax.random.split(key, 3)
  first, second = (
    random_affine(
      key,
      len(x),
      rotation=math.radians(rotation),
      translation=translation,
      scale=scale,
    )
    for key in (first_key, second_key)
  )
  alpha = jax.random.uniform(alpha_key, (len(x),))
  return Triplets(
    warp(x, first),
    warp(x, second),
    warp(x, mix(alpha, first, second)),
    alpha,
  )


def objective(
  draw: Callable[[Array, Array], Triplets], norm: Norm
) -> Objective:
  """Equation 2, of what `draw` makes of a batch."""

  def distance(made: Array, image: Array) -> Array:
    return DISTANCES[norm](made - image).mean()

  def loss(
    key: Array, encode: Pass, decode: Pass, x: Array
  ) -> tuple[Array, Metrics]:
    a, b, c, alpha = draw(key, x)
    z_a, z_b = jnp.split(encode(jnp.concatenate([a, b])), 2)
    codes = jnp.concatenate([z_a, z_b, mix(alpha, z_a, z_b)])
    made = jnp.split(decode(codes), 3)
    reconstruction = (distance(made[0], a) + distance(made[1], b)) / 2
    interpolation = distance(made[2], c)
    return reconstruction + interpolation, {
      'reconstruction': reconstruction,
      'interpolation': interpolation,
    }

  return loss
