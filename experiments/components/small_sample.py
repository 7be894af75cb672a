"""A few images of each class to learn from, and others for the test."""

import numpy as np

from experiments.run.config import BadConfig
from lasium_jax.data.dataset import Dataset, class_counts, select_classes
from lasium_jax.data.splits import few_of_each
from lasium_jax.settings import Count, Seed, Whole


def small_sample(
  images: Dataset,
  test: Dataset | None,
  *,
  shots: Count = 50,
  split_seed: Seed = 0,
  classes: Whole = 0,
  class_seed: Seed = 0,
) -> tuple[Dataset, Dataset]:
  """Draws what is learned from.

  Args:
    images: that it is drawn of.
    test: images of the same classes; None takes all that are not drawn.
    shots: images of each class that are drawn; of the smallest class they may
      be all where there is a test.
    split_seed: of the draw, whatever the seeds of the run: another sample has
      another one.
    classes: how many are kept, at random; 0 is all.
    class_seed: of these.

  Returns:
    The sample, and the images for the test.

  Raises:
    BadConfig: if a class has too few images, there are too few classes, or the
      test has other classes.
  """
  if test is not None and test.class_names != images.class_names:
    raise BadConfig(
      'config.evaluation_data has other classes than config.data: name images '
      'of the same classes, in the same order.'
    )
  count = len(images.class_names)
  if classes > count:
    raise BadConfig(
      f'config.small_sample.classes is {classes}, and config.data has {count}: '
      'lower it, or let it be 0 for all.'
    )
  if classes:
    order = np.random.default_rng(class_seed).permutation(count)
    kept = np.sort(order[:classes])
    images = select_classes(images, kept)
    test = test and select_classes(test, kept)
  _check_enough(images, shots, spare=test is None)
  few, others = few_of_each(images, shots, seed=split_seed, spare=test is None)
  return few, others if test is None else test


def _check_enough(images: Dataset, shots: int, *, spare: bool) -> None:
  """Raises BadConfig if a class has fewer images, or none to spare."""
  counts = class_counts(images)
  needed = shots + spare
  if counts.min() >= needed:
    return
  smallest = images.class_names[int(counts.argmin())]
  why = ', and at least one is needed for the test' if spare else ''
  raise BadConfig(
    f'config.small_sample.shots is {shots}{why}; class {smallest!r} of '
    f'config.data has {counts.min()} images: lower it, or add images.'
  )


def folds(labels: np.ndarray, count: int, *, seed: int) -> np.ndarray:
  """Divides images for cross-validation, each class as evenly as can be.

  Args:
    labels: `[n]` classes.
    count: of the folds, no more than the smallest class has images.
    seed: of the division.

  Returns:
    `[n]` ints, the fold of each image; folds differ by one image at most, and
    so do their shares of a class.
  """
  rng = np.random.default_rng(seed)
  places, start = np.zeros(len(labels), int), 0
  for label in np.unique(labels):
    rows = rng.permutation(np.flatnonzero(labels == label))
    places[rows] = (start + np.arange(len(rows))) % count
    start += len(rows)
  return places
