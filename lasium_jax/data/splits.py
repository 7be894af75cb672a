"""Divisions of a data set by its classes, or of the images of each class."""

from collections.abc import Sequence

import numpy as np

from lasium_jax.data.dataset import (
  Dataset,
  Splits,
  class_counts,
  select_classes,
  select_images,
)


def concatenate(datasets: Sequence[Dataset]) -> Dataset:
  """One data set of all images; classes of equal name are one class."""
  names = sorted({name for d in datasets for name in d.class_names})
  index = {name: i for i, name in enumerate(names)}
  labels = np.concatenate(
    [np.array([index[n] for n in d.class_names])[d.labels] for d in datasets]
  )
  images = np.concatenate([d.images for d in datasets])
  order = np.argsort(labels, kind='stable')
  return Dataset(images[order], labels[order].astype(np.int32), tuple(names))


def random_split(
  dataset: Dataset, train: int, validation: int, test: int, *, seed: int
) -> Splits:
  """Shuffles the classes once, and deals them out in this order.

  Args:
    dataset: of all classes.
    train: number of classes, 1,200 in LASIUM's Omniglot experiments.
    validation: likewise, 100.
    test: likewise, 323.
    seed: of the shuffle.

  Returns:
    The splits.

  Raises:
    ValueError: if there are fewer classes than asked for, or a number is
      negative.
  """
  num_classes = len(dataset.class_names)
  if min(train, validation, test) < 0:
    raise ValueError(
      f'{train}, {validation} and {test} classes were asked for; a split has '
      'none or more.'
    )
  if train + validation + test > num_classes:
    raise ValueError(
      f'{train} + {validation} + {test} classes were asked for, and there are '
      f'only {num_classes}. Ask for fewer.'
    )
  order = np.random.default_rng(seed).permutation(num_classes)
  ends = np.cumsum([train, validation, test])
  parts = np.split(order[: ends[-1]], ends[:-1])
  return Splits(*(select_classes(dataset, part) for part in parts))


def divided(
  dataset: Dataset, share: float, *, seed: int
) -> tuple[Dataset, Dataset]:
  """Two parts of the images, chosen at random, both with all classes.

  Args:
    dataset: of two images or more of each class.
    share: in [0, 1], of each class's images that are in the first part; they
      are at least one, and leave at least one.
    seed: of the choice.

  Returns:
    The two parts.

  Raises:
    ValueError: if a class has fewer than two images.
  """
  counts = class_counts(dataset)
  if counts.min() < 2:
    smallest = dataset.class_names[int(counts.argmin())]
    raise ValueError(
      f'Class {smallest!r} has {counts.min()} images, and each of two parts '
      'needs one at least: leave that class out, or divide by classes.'
    )
  first = np.clip(np.rint(share * counts).astype(int), 1, counts - 1)
  return _some_of_each(dataset, first, seed)


def few_of_each(
  dataset: Dataset, shots: int, *, seed: int, spare: bool = True
) -> tuple[Dataset, Dataset]:
  """As many images of each class, chosen at random, and all others.

  Args:
    dataset: of more than `shots` images of each class.
    shots: how many of each are in the first part.
    seed: of the choice.
    spare: whether each class must have an image in the second part; otherwise
      classes of `shots` images may be in the first part whole.

  Returns:
    The two parts.

  Raises:
    ValueError: if a class has too few images.
  """
  counts = class_counts(dataset)
  if counts.min() < shots + spare:
    smallest = dataset.class_names[int(counts.argmin())]
    none_left = ': none would be left' if spare else ''
    raise ValueError(
      f'{shots} images of each class were asked for, and class {smallest!r} '
      f'has {counts.min()}{none_left}. Ask for fewer, or leave that class out.'
    )
  return _some_of_each(dataset, np.full_like(counts, shots), seed)


def _some_of_each(
  dataset: Dataset, numbers: np.ndarray, seed: int
) -> tuple[Dataset, Dataset]:
  """So many images of each class, at random, and the others."""
  counts = class_counts(dataset)
  shuffled = np.random.default_rng(seed).permutation(len(dataset.labels))
  by_class = shuffled[np.argsort(dataset.labels[shuffled], kind='stable')]
  starts = np.cumsum(counts) - counts
  place = np.arange(len(by_class)) - np.repeat(starts, counts)
  chosen = np.zeros(len(by_class), bool)
  chosen[by_class] = place < np.repeat(numbers, counts)
  return select_images(dataset, chosen), select_images(dataset, ~chosen)


def with_rotations(dataset: Dataset) -> Dataset:
  """Adds every class turned by 90, 180 and 270 degrees as classes of its own.

  Vinyals et al. (2016) train on 1,200 characters so multiplied.
  """
  num_classes = len(dataset.class_names)
  return Dataset(
    np.concatenate([np.rot90(dataset.images, k, (1, 2)) for k in range(4)]),
    np.concatenate([dataset.labels + k * num_classes for k in range(4)]),
    tuple(
      f'{name} rotated by {90 * k}' if k else name
      for k in range(4)
      for name in dataset.class_names
    ),
  )


def named_split(
  dataset: Dataset, validation: Sequence[str], test: Sequence[str]
) -> Splits:
  """Classes apart by their names; the training classes are all others.

  Args:
    dataset: of all classes.
    validation: the names of those held out for validation.
    test: likewise, for the test.

  Returns:
    The splits.

  Raises:
    ValueError: if the data set lacks one of these classes, a class is in both
      parts, or none is left.
  """
  index = {name: i for i, name in enumerate(dataset.class_names)}
  unknown = [name for name in (*validation, *test) if name not in index]
  if unknown:
    raise ValueError(
      f'{len(unknown)} of the classes to hold out are not in the data set, '
      f'such as {unknown[0]!r}; it has {", ".join(dataset.class_names[:3])}, '
      '... This division (config.data.split) is of another data set.'
    )
  both = set(validation) & set(test)
  if both:
    raise ValueError(
      f'Class {min(both)!r} is held out for validation and for the test.'
    )
  held_out = {*validation, *test}
  train = [name for name in dataset.class_names if name not in held_out]
  if not train:
    raise ValueError('All classes are held out: none is left to train on.')
  return Splits(
    *(
      select_classes(dataset, np.array(sorted(index[n] for n in names), int))
      for names in (train, validation, test)
    )
  )
