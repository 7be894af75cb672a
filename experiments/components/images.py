"""Data sets as they are, not divided by classes, that configs name.

What is trained without labels has one to train on, and others to be judged on.
"""

from collections import ChainMap
from collections.abc import Mapping
from typing import Literal

import numpy as np

from experiments.components.data import (
  DATA,
  ClassSplit,
  glyphs,
  read_prepared,
  tfds,
)
from experiments.components.published_images import (
  celeba,
  stl10,
  tiny_imagenet,
)
from experiments.run.config import BadConfig, Settings
from experiments.run.run import Places
from lasium_jax.data.dataset import Dataset, select_classes
from lasium_jax.data.splits import divided
from lasium_jax.settings import Count, Part, Seed, Whole


def tfds_images(
  places: Places,
  *,
  dataset: str = 'mnist',
  split: str = 'train',
  part: Literal['all', 'first', 'second'] = 'all',
  part_seed: Seed = 0,
  first_class: Whole = 0,
  classes: Whole = 0,
  class_seed: Seed = 0,
  transposed: bool = False,
  size: Count = 28,
  channels: Literal[1, 3] = 1,
  invert: bool = False,
) -> Dataset:
  """One split of a prepared TensorFlow data set.

  Args:
    places: where it is.
    dataset: TFDS's name, with that of its configuration where it has several,
      such as 'emnist/bymerge'.
    split: TFDS's name of the split.
    part: one half of the images of each class, at random, or all. So what one
      run trains on, another can do without where there is only one split. The
      halves are the same whatever classes are left out.
    part_seed: of the halves.
    first_class: classes before it, counted from 0, are left out. EMNIST's
      letters begin at 10.
    classes: how many of the others are kept, at random; 0 is all.
    class_seed: of these.
    transposed: whether the files have rows for columns, as EMNIST's have.
    size: side of an image, in pixels.
    channels: 1 (gray) or 3.
    invert: whether dark becomes 1 and light 0.

  Returns:
    The images.

  Raises:
    BadConfig: if it is not said where data sets are, or no class is left.
    ValueError: if a class cannot be halved.
  """
  images = read_prepared(
    places, dataset, split, size=size, channels=channels, invert=invert
  )
  if transposed:
    images = images._replace(images=images.images.swapaxes(1, 2))
  if part != 'all':
    halves = divided(images, 0.5, seed=part_seed)
    images = halves[('first', 'second').index(part)]
  if not first_class and not classes:
    return images
  left = np.arange(first_class, len(images.class_names))
  if len(left) < max(classes, 1):
    raise BadConfig(
      f'first_class is {first_class} and classes {classes}; {dataset} '
      f'({split}) has {len(images.class_names)} classes: '
      f'{len(left) or "none"} would be left. Lower one of them.'
    )
  if classes:
    left = np.random.default_rng(class_seed).permutation(left)[:classes]
  return select_classes(images, np.sort(left))


def glyph_images(
  places: Places,
  *,
  split: Literal['train', 'validation', 'test'] = 'train',
  split_seed: Seed = 0,
  size: Count = 28,
  channels: Literal[1] = 1,
  invert: Literal[True] = True,
) -> Dataset:
  """The built-in characters of some scripts.

  Args:
    places: where drawings are kept.
    split: no two have a script in common.
    split_seed: of the distortions: with another one the same characters are
      drawn anew.
    size: side of an image, in pixels.
    channels: 1, gray.
    invert: True, as pictures of them are ink 1 on background 0.

  Returns:
    The images.
  """
  drawn = glyphs(
    places, split_seed=split_seed, size=size, channels=channels, invert=invert
  )
  images: Dataset = getattr(drawn, split)
  return images


def omniglot_images(
  places: Places,
  *,
  split: Literal['train', 'validation', 'test'] = 'train',
  classes: ClassSplit = 'first_characters',
  split_seed: Seed = 0,
  validation_classes: Whole = 0,
  test_classes: Count = 323,
  size: Count = 28,
  channels: Literal[1, 3] = 1,
  invert: bool = True,
) -> Dataset:
  """One part of Omniglot, its classes divided.

  Args:
    places: where TFDS has prepared it.
    split: which part.
    classes: how they are divided, as `tfds` of the data sets with classes says.
    split_seed: likewise.
    validation_classes: likewise.
    test_classes: likewise.
    size: side of an image, in pixels.
    channels: 1 (gray) or 3.
    invert: whether dark becomes 1 and light 0.

  Returns:
    The images.

  Raises:
    BadConfig: if it is not said where data sets are.
  """
  parts = tfds(
    places,
    split=classes,
    split_seed=split_seed,
    validation_classes=validation_classes,
    test_classes=test_classes,
    size=size,
    channels=channels,
    invert=invert,
  )
  images: Dataset = getattr(parts, split)
  return images


IMAGES = {
  'tfds': Part(tfds_images),
  'glyphs': Part(glyph_images),
  'omniglot': Part(omniglot_images),
  'celeba': Part(celeba),
  'stl10': Part(stl10),
  'tiny_imagenet': Part(tiny_imagenet),
}
# What a classifier of all classes can learn: the training classes of `DATA`, of
# which this is a view, or all images of a row of `IMAGES`.
LABELED: Mapping[str, Part] = ChainMap(
  DATA, {f'{name}_images': part for name, part in IMAGES.items()}
)


def name_of(section: Settings) -> str:
  """What results call the data set of a section."""
  name = str(section.get('dataset', section['name']))
  if 'attribute' not in section:
    return name
  absent = '' if section['present'] else 'not '
  return f'{name} ({absent}{section["attribute"]})'
