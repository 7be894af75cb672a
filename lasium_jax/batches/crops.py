"""The usual other views of small photographs: moved a little, and mirrored."""

import functools

import jax

from lasium_jax.ops.augment import random_mirrors, random_shifts
from lasium_jax.settings import Whole
from lasium_jax.types import Array, Augment


def crops(*, margin: Whole = 4, mirror: bool = True) -> Augment | None:
  """Crops of images with a margin of zeros around them, half of them mirrored.

  Args:
    margin: in pixels, how far an image is moved at most, each way.
    mirror: whether half of the images are mirrored. Characters must not be.

  Returns:
    `(key, x [n, H, W, C]) -> x`, or None where nothing would be done.

  Example:
    >>> augment = lx.batches.crops(margin=1, mirror=False)
    >>> augment(jax.random.key(0), jnp.ones((2, 8, 8, 1))).shape
    (2, 8, 8, 1)
  """
  steps: list[Augment] = []
  if margin:
    steps.append(functools.partial(random_shifts, low=-margin, high=margin))
  if mirror:
    steps.append(random_mirrors)
  if not steps:
    return None

  def augment(key: Array, x: Array) -> Array:
    for own, step in zip(jax.random.split(key, len(steps)), steps, strict=True):
      x = step(own, x)
    return x

  return augment
