"""The splits of a run on a folder of image files."""

from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from experiments.run.config import BadConfig
from experiments.run.run import Places
from lasium_jax.data import Splits, evenly_spaced
from lasium_jax.data.dataset import Dataset, class_counts, select_classes
from lasium_jax.data.decode import ImageForm
from lasium_jax.data.folder import read_folder, split_folder
from lasium_jax.data.listing import list_images
from lasium_jax.settings import Count, Share


class Needs(NamedTuple):
  """What the tasks of a run need, of data that may have too little of it.

  Attributes:
    ways: classes of a task.
    validation: images of each class in a validation task.
    test: likewise in a test task.
    device_bytes: of images that a device has room for.
  """

  ways: int
  validation: int
  test: int
  device_bytes: int


def folder(
  places: Places,
  needs: Needs,
  *,
  path: str = '',
  evaluation_path: str = '',
  held_out: Share = 0.1,
  max_bad_share: Share = 0.05,
  max_pixels: Count = 100_000_000,
  size: Count = 32,
  channels: Literal[1, 3] = 3,
  invert: bool = False,
) -> Splits:
  """Files to train on, and the tasks that can be made of others.

  Unlike the splits of other data sets, these share classes: training and
  held-out files lie in the same sub-folders. Only a folder of its own for
  evaluation can have classes that training never saw. Without one, one half of
  the held-out files is for validation and the other for the test, so that what
  chooses a checkpoint does not also judge it.

  Args:
    places: where decoded images are kept.
    needs: what tasks need.
    path: the folder of the training images.
    evaluation_path: one sub-folder a class; '' is held-out files.
    held_out: the share of the files in `path`, below 1.
    max_bad_share: of the files that may fail to decode.
    max_pixels: larger files are not decoded.
    size: side that images are made, in pixels.
    channels: 1 (gray) or 3.
    invert: whether dark becomes 1 and light 0.

  Returns:
    The splits. Validation and test are empty where there are too few classes
    with enough images for a task; the run goes without them.

  Raises:
    BadConfig: if the two folders overlap.
    OSError: if one of them cannot be read.
    ValueError: if there are no images in one, or too many do not decode.
  """
  form = ImageForm(size, channels, invert, max_pixels)
  if evaluation_path:  # Before the other is decoded, which may take long.
    _check_apart(path, evaluation_path)
    list_images(Path(evaluation_path))
  parts = (held_out,) if evaluation_path else (held_out / 2, held_out / 2)
  train, *others = split_folder(
    path,
    form,
    held_out=parts,
    cache_dir=places.cache_dir,
    max_bad_share=max_bad_share,
  )
  fitting = [evenly_spaced(part, needs.device_bytes) for part in others]
  validation = _classes(fitting[0], needs.validation, needs.ways)
  if evaluation_path:
    test = read_folder(
      evaluation_path,
      form,
      cache_dir=places.cache_dir,
      max_bad_share=max_bad_share,
    )
  else:
    test = _classes(fitting[1], needs.test, needs.ways)
  splits = Splits(train, validation, test)
  _say(path, needs, splits, sum(len(part.images) for part in others))
  return splits


def _check_apart(path: str, evaluation_path: str) -> None:
  train, test = Path(path).resolve(), Path(evaluation_path).resolve()
  if train == test or train in test.parents or test in train.parents:
    raise BadConfig(
      f'config.data.evaluation_path is {evaluation_path!r}, and '
      f'config.data.path is {path!r}: one is in the other, so that training '
      'would see what it is judged on. Move one of them out.'
    )


def _classes(dataset: Dataset, needed: int, ways: int) -> Dataset:
  """The classes with images enough for a task; none if fewer than `ways`."""
  counts = class_counts(dataset)
  enough = np.flatnonzero(counts >= needed)
  return select_classes(dataset, enough if len(enough) >= ways else enough[:0])


def _say(path: str, needs: Needs, splits: Splits, held_out: int) -> None:
  """What the run has, and what it goes without."""
  print(
    f'{path}: {len(splits.train.images):,} images to train on, {held_out:,} '
    'held out.'
  )
  for name, dataset, count in (
    ('meta-validation', splits.validation, needs.validation),
    ('evaluation', splits.test, needs.test),
  ):
    if not len(dataset.images):
      print(
        f'No {name}: fewer than {needs.ways} sub-folders have {count} '
        'held-out images for it, which its tasks need.'
      )
