"""Other views of the small photographs that a classifier learns from."""

import functools
from typing import Literal

import jax

from lasium_jax.ops.augment import random_mirrors, random_shifts
from lasium_jax.ops.trivial_augment import trivial_augment as trivial
from lasium_jax.settings import Whole
from lasium_jax.types import Array, Augment

Edges = Literal['zero', 'reflect']


def crops(
  *,
  margin: Whole = 4,
  mirror: bool = True,
  edges: Edges = 'zero',
  trivial_augment: bool = False,
) -> Augment | None:
  """Crops of images with a margin around them, half of them mirrored.

  Args:
    margin: in pixels, how far an image is moved at most, each way.
    mirror: whether half of the images are mirrored. Characters must not be.
    edges: what the margin is: zeros, or the image reflected, whose sides must
      then be larger than the margin.
    trivial_augment: whether each image is then changed by an operation of
      TrivialAugment, such as a shear, a rotation or another contrast.

  Returns:
    `(key, x [n, H, W, C]) -> x`, or None where nothing would be done.

  Example:
    >>> augment = lx.batches.crops(margin=1, mirror=False)
    >>> augment(jax.random.key(0), jnp.ones((2, 8, 8, 1))).shape
    (2, 8, 8, 1)
  """
  steps: list[Augment] = []
  if margin:
    shifts = functools.partial(random_shifts, reflect=edges == 'reflect')
    steps.append(functools.partial(shifts, low=-margin, high=margin))
  if mirror:
    steps.append(random_mirrors)
  if trivial_augment:
    steps.append(trivial)
  if not steps:
    return None

  def augment(key: Array, x: Array) -> Array:
    for own, step in zip(jax.random.split(key, len(steps)), steps, strict=True):
      x = step(own, x)
    return x

  return augment
