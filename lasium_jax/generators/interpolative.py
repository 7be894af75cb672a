"""Interpolative autoencoders (section 4.1 of the paper of that name)."""

import functools
import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from lasium_jax.generators.objectives import (
  Comparison,
  Norm,
  Objective,
  Pass,
  trained_by,
)
from lasium_jax.nets.autoencoder import Name
from lasium_jax.ops.affine import Affine, random_affine, warp
from lasium_jax.ops.mixtures import mix
from lasium_jax.settings import (
  Angle,
  Count,
  Enlargement,
  NonNegative,
  Share,
  Whole,
)
from lasium_jax.types import Array, Generator, Trainer


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
  network: Name = 'infogan',
  width: Count = 64,
  norm: Norm = 'l1',
  perceptual: NonNegative = 0.0,
  learning_rate: NonNegative = 1e-3,
  decay_steps: Whole = 0,
  rotation: Angle = 20.0,
  translation: Share = 0.1,
  scale: Enlargement = 1.25,
  shear: Share = 0.0,
  stretch: Enlargement = 1.0,
) -> tuple[Generator, Trainer]:
  """An autoencoder whose mixed codes show mixtures of affine maps.

  Of each image x two random maps make A and B. With `alpha ~ U[0, 1]`, C is x
  under the map whose parameters are the mean of theirs, A's weighted by alpha.
  With `d` the norm, averaged over pixels, the loss is

    L = (d(A, G(E(A))) + d(B, G(E(B)))) / 2
        + d(C, G(alpha E(A) + (1 - alpha) E(B)))

  See Interpolative Autoencoders, equations 1 and 2. The paper names neither
  the norm nor the optimizer, nor the ranges of the maps. Its maps turn, move
  and scale; that they may slant and stretch too is ours. Networks are
  normalized by the moments of all images of a step: of A and B in the encoder,
  and of what shall become A, B and C in the generator.

  Args:
    shape: `(H, W, C)` of the images.
    latent_size: D.
    network: as in `autoencoder`.
    width: likewise.
    norm: likewise, of all three images.
    perceptual: likewise: a weight beside each `d` of the loss above.
    learning_rate: Adam's.
    decay_steps: as in `autoencoder`.
    rotation: the largest angle of a map either way, in degrees.
    translation: its largest shift either way, in fractions of a side.
    scale: its largest enlargement; the smallest is the inverse.
    shear: the largest tangent of a slant either way; 0 slants nothing.
    stretch: how much wider, and lower, it makes an image at most, beside the
      enlargement; the least is the inverse.

  Returns:
    The generator, which has no prior, and its trainer.

  Raises:
    ValueError: if the network has no layers for such a shape.

  Example:
    >>> generator, trainer = lx.generators.interpolative((8, 8, 1), width=4)
    >>> data = lx.TrainingSet(jnp.zeros((2, 8, 8, 1), jnp.uint8))
    >>> params = trainer.params(trainer.init(jax.random.key(0), data))
    >>> z = jax.jit(generator.encode)(params, jnp.zeros((2, 8, 8, 1)))
    >>> jax.jit(generator.decode)(params, z.mean(0, keepdims=True)).shape
    (1, 8, 8, 1)
  """
  draw = functools.partial(
    triplets,
    rotation=rotation,
    translation=translation,
    scale=scale,
    shear=shear,
    stretch=stretch,
  )
  return trained_by(
    objective(draw),
    shape,
    latent_size=latent_size,
    network=network,
    width=width,
    norm=norm,
    perceptual=perceptual,
    learning_rate=learning_rate,
    decay_steps=decay_steps,
  )


def triplets(
  key: Array,
  x: Array,
  *,
  rotation: float,
  translation: float,
  scale: float,
  shear: float = 0.0,
  stretch: float = 1.0,
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
      shear=shear,
      stretch=stretch,
    )
    for key in (first_key, second_key)
  )
  alpha = jax.random.uniform(alpha_key, (len(x),))
  return triplets_of(x, first, second, alpha)


def triplets_of(
  x: Array, first: Affine, second: Affine, alpha: Array
) -> Triplets:
  """A, B and C of images `x [b, H, W, C]` by given maps.

  Args:
    x: the images.
    first: the `b` maps that make A.
    second: those that make B.
    alpha: `[b]` in [0, 1], the weight of A.

  Returns:
    The triplets; C is under the mean of the parameters of each two maps.
  """
  return Triplets(
    warp(x, first),
    warp(x, second),
    warp(x, mix(alpha, first, second)),
    alpha,
  )


def objective(draw: Callable[[Array, Array], Triplets]) -> Objective:
  """What equation 2 compares, of what `draw` makes of a batch."""

  def make(
    key: Array, encode: Pass, decode: Pass, x: Array
  ) -> dict[str, Comparison]:
    a, b, c, alpha = draw(key, x)
    ends = jnp.concatenate([a, b])
    z = encode(ends)
    mixed = mix(alpha, *jnp.split(z, 2))
    made = decode(jnp.concatenate([z, mixed]))
    return {
      'reconstruction': Comparison(made[: len(ends)], ends),
      'interpolation': Comparison(made[len(ends) :], c),
    }

  return make
