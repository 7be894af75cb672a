"""The ways to make the tasks of meta-training."""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Annotated

import jax

from experiments.components.parts import make_part
from experiments.run.config import BadConfig, Settings
from lasium_jax import tasks
from lasium_jax.ops.affine import random_warps
from lasium_jax.ops.augment import random_shifts, random_views
from lasium_jax.ops.elastic import random_bends
from lasium_jax.ops.thickness import random_thickness
from lasium_jax.settings import (
  Angle,
  Count,
  Enlargement,
  Part,
  Radius,
  Range,
  Share,
  Ways,
)
from lasium_jax.types import (
  AnchorFn,
  Array,
  Augment,
  Generator,
  LatentSampler,
  TaskFn,
)

Smoothness = Annotated[float, Range(0.01, 1)]


def augmentation(
  *,
  shift: tuple[int, int] = (0, 0),
  views: bool = False,
  rotation: Angle = 0.0,
  translation: Share = 0.0,
  scale: Enlargement = 1.0,
  shear: Share = 0.0,
  stretch: Enlargement = 1.0,
  elastic: Share = 0.0,
  smoothness: Smoothness = 0.15,
  thickness: Radius = 0.0,
) -> Augment | None:
  """What is done to images of a task, or to a classifier's batch.

  Of a task these are its query images, and with `augment_support` all.

  Args:
    shift: the least and the largest offset in pixels, each way; (0, 0) is none.
    views: whether they are cropped, mirrored and recolored, as photographs are.
    rotation: the largest angle that they are turned by, in degrees.
    translation: the largest way that they are then moved, in fractions of a
      side, with bilinear interpolation.
    scale: the largest that they are scaled by, about the center; the smallest
      is its inverse.
    shear: the largest tangent of the angle that they are slanted by.
    stretch: the largest that they are made wider and lower by; the smallest is
      its inverse.
    elastic: how far the parts of an image are moved apart, the standard
      deviation in fractions of a side; they are bent before they are turned.
    smoothness: within which distance parts are moved alike, likewise.
    thickness: the most that strokes grow or shrink on each side, in pixels,
      before all else.

  Returns:
    `(key, x [n, H, W, C]) -> x`, or None.

  Raises:
    ValueError: if more than one of shift, views and the others, which go
      together, is asked for, or the offsets are the wrong way round.
  """
  low, high = shift
  if low > high:
    raise ValueError(
      f'shift is {shift}; it must be (low, high), in this order.'
    )
  shifts = (low, high) != (0, 0)
  warp = (rotation, translation, scale, shear, stretch)
  warps = warp != (0, 0, 1, 0, 1)
  anew = warps or elastic > 0 or thickness > 0
  if shifts + views + anew > 1:
    raise ValueError(
      f'views is {views}, shift {shift}, rotation, '
      f'translation, scale, shear and stretch {warp}, and elastic and '
      f'thickness {(elastic, thickness)}; views, shift or the others can '
      'change the images. Set views to False, shift to (0, 0), or the others '
      'to 0, 0, 1, 0, 1, 0 and 0.'
    )
  if views:
    return random_views
  if shifts:
    return functools.partial(random_shifts, low=low, high=high)
  ranges = {
    'rotation': math.radians(rotation),
    'translation': translation,
    'scale': scale,
    'shear': shear,
    'stretch': stretch,
  }
  moved = functools.partial(random_warps, **ranges)
  if elastic:
    moved = functools.partial(
      random_bends,
      elastic=elastic,
      smoothness=smoothness,
      **(ranges if warps else {}),
    )
  thick = functools.partial(random_thickness, thickness=thickness)
  changes = ((thickness, thick), (elastic or warps, moved))
  return _in_order([change for asked, change in changes if asked])


def _in_order(changes: Sequence[Augment]) -> Augment | None:
  """One after the other; None if there is none."""
  if len(changes) < 2:
    return changes[0] if changes else None

  def augment(key: Array, x: Array) -> Array:
    keys = jax.random.split(key, len(changes))
    for own_key, change in zip(keys, changes, strict=True):
      x = change(own_key, x)
    return x

  return augment


def lasium(
  generator: Generator,
  make_anchors: Callable[[int], AnchorFn],
  sampler: LatentSampler,
  augment: Augment | None,
  *,
  ways: Ways = 5,
  shots: Count = 1,
  queries: Count = 5,
) -> TaskFn:
  """`lasium_jax.tasks.lasium`, whose ways are those of its anchors."""
  return tasks.lasium(
    generator,
    make_anchors(ways),
    sampler,
    shots=shots,
    queries=queries,
    augment=augment,
  )


# Each says what its tasks are made of: a generator's images, unlabeled images,
# clusters of what a generator's encoder sees, or labels.
TASKS = {
  'lasium': Part(lasium, reads='generator'),
  'umtra': Part(tasks.umtra, given=('augment',), reads='images'),
  'cactus': Part(tasks.cactus, given=('augment',), reads='clusters'),
  'labeled': Part(tasks.labeled, given=('augment',), reads='labels'),
}
CLUSTER_TASKS = Part(tasks.clustered, given=('augment',))
AUGMENTATION = Part(augmentation)


def augment_of(settings: Settings, section: str) -> Augment | None:
  """What a section of `AUGMENTATION` has images changed by, or None.

  Raises:
    BadConfig: if its settings do not go together.
  """
  try:
    augment: Augment | None = make_part(AUGMENTATION, settings[section])
  except ValueError as error:
    raise BadConfig(f'config.{section}: {error}') from error
  return augment
