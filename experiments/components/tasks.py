"""The ways to make the tasks of meta-training."""

import functools
from collections.abc import Callable

from lasium_jax import tasks
from lasium_jax.ops.augment import random_shifts, random_views
from lasium_jax.settings import Count, Part, Ways
from lasium_jax.tasks.examples import Augment
from lasium_jax.types import AnchorFn, Generator, LatentSampler, TaskFn


def augmentation(
  *, shift: tuple[int, int] = (0, 0), views: bool = False
) -> Augment | None:
  """What is done to the query images of a task.

  Args:
    shift: the least and the largest offset in pixels, each way; (0, 0) is none.
    views: whether they are cropped, mirrored and recolored, as photographs are.

  Returns:
    `(key, x [n, H, W, C]) -> x`, or None.

  Raises:
    ValueError: if both are asked for, or the offsets are the wrong way round.
  """
  low, high = shift
  if low > high:
    raise ValueError(
      f'config.augment.shift is {shift}; it must be (low, high), in this order.'
    )
  if views and (low, high) != (0, 0):
    raise ValueError(
      'config.augment.views is True; it must be False where config.augment.'
      'shift is to move the images.'
    )
  if views:
    return random_views
  if (low, high) == (0, 0):
    return None
  return functools.partial(random_shifts, low=low, high=high)


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


# Each says what its tasks are made of: a generator's images, unlabeled images
# or labels.
TASKS = {
  'lasium': Part(lasium, reads='generator'),
  'umtra': Part(tasks.umtra, given=('augment',), reads='images'),
  'labeled': Part(tasks.labeled, given=('augment',), reads='labels'),
}
AUGMENTATION = Part(augmentation)
