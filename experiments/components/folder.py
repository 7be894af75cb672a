"""The splits of a run on a folder of images."""

from pathlib import Path

import numpy as np

from experiments.components.checks import BadConfig, Config
from lasium_jax.data import Splits, evenly_spaced
from lasium_jax.data.dataset import Dataset, select_classes
from lasium_jax.data.decode import ImageForm
from lasium_jax.data.folder import read_folder, split_folder


def folder_splits(config: Config, cache_dir: Path) -> Splits:
  """Files to train on, and the tasks that can be made of others.

  Unlike the splits of other data sets, these share classes: training and
  held-out files lie in the same sub-folders. Only a folder of its own for
  evaluation can have classes that training never saw.

  Args:
    config: with `data.path`, and perhaps `data.evaluation_path`.
    cache_dir: where decoded images are kept.

  Returns:
    The splits. Validation and test are empty where there are too few classes
    with enough images for a task; the run goes without them.

  Raises:
    BadConfig: if the two folders overlap.
  """
  data, ways = config.data, config.evaluation.ways
  train, held_out = split_folder(
    data.path,
    _form(config),
    held_out=data.held_out,
    cache_dir=cache_dir,
    max_bad_share=data.max_bad_share,
  )
  held_out = evenly_spaced(held_out, data.device_bytes)
  queries = config.evaluation.queries
  validation = _classes(held_out, config.tasks.shots + queries, ways)
  if data.evaluation_path:
    test = _evaluation(config, cache_dir)
  else:
    test = _classes(held_out, max(config.evaluation.shots) + queries, ways)
  _say(config, train, held_out, Splits(train, validation, test))
  return Splits(train, validation, test)


def _form(config: Config) -> ImageForm:
  data = config.data
  return ImageForm(data.size, data.channels, data.invert, data.max_pixels)


def _evaluation(config: Config, cache_dir: Path) -> Dataset:
  data = config.data
  train, test = Path(data.path).resolve(), Path(data.evaluation_path).resolve()
  if train == test or train in test.parents or test in train.parents:
    raise BadConfig(
      f'config.data.evaluation_path is {data.evaluation_path!r}, and '
      f'config.data.path is {data.path!r}: one is in the other, so that '
      'training would see what it is judged on. Move one of them out.'
    )
  return read_folder(
    data.evaluation_path,
    _form(config),
    cache_dir=cache_dir,
    max_bad_share=data.max_bad_share,
  )


def _classes(dataset: Dataset, needed: int, ways: int) -> Dataset:
  """The classes with images enough for a task; none if fewer than `ways`."""
  counts = np.bincount(dataset.labels, minlength=len(dataset.class_names))
  enough = np.flatnonzero(counts >= needed)
  return select_classes(dataset, enough if len(enough) >= ways else enough[:0])


def _say(
  config: Config, train: Dataset, held_out: Dataset, splits: Splits
) -> None:
  """What the run has, and what it goes without."""
  ways, queries = config.evaluation.ways, config.evaluation.queries
  print(
    f'{config.data.path}: {len(train.images):,} images to train on, '
    f'{len(held_out.images):,} held out.'
  )
  needed = {
    'validation': config.tasks.shots + queries,
    'test': max(config.evaluation.shots) + queries,
  }
  missing = {'validation': 'meta-validation', 'test': 'evaluation'}
  for name, count in needed.items():
    if not len(getattr(splits, name).images):
      print(
        f'No {missing[name]}: fewer than {ways} sub-folders have {count} '
        'held-out images, which its tasks need.'
      )
