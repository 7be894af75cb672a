"""The data sets that configs name, split and checked."""

import functools
import hashlib
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from experiments.components import checks, folder
from experiments.components.checks import BadConfig, Config, pick
from lasium_jax.data import Splits, splits
from lasium_jax.data.cache import cached, default_cache_dir
from lasium_jax.data.dataset import Dataset


class Places(NamedTuple):
  """Where data is, on this machine; no part of a run's config."""

  data_dir: Path | None = None
  cache_dir: Path = default_cache_dir()
  download: bool = False


def read_splits(config: Config, places: Places) -> Splits:
  """The splits that the config names, checked against its tasks."""
  make = {'glyphs': _glyphs, 'folder': _folder}.get(
    config.data.name, _tfds_splits
  )
  result = make(config, places)
  checks.check_data(config, result)
  return result


def _glyphs(config: Config, places: Places) -> Splits:
  from lasium_jax.data import glyphs

  seed, size = config.data.split_seed, config.data.size
  drawn = functools.cache(lambda: glyphs.glyphs(seed, size=size))
  # Drawn anew when how they are drawn changes, or the typefaces may have.
  code = Path(glyphs.__file__).read_bytes()
  packages = [metadata.version(p) for p in ('matplotlib', 'pillow', 'scipy')]
  version = hashlib.sha256(code + repr(packages).encode()).hexdigest()[:12]

  def split(name: str) -> Dataset:
    entry = f'glyphs-{name}-{seed}-{size}x{size}-{version}'
    return cached(places.cache_dir, entry, lambda: getattr(drawn(), name))

  return Splits(*map(split, Splits._fields))


def _folder(config: Config, places: Places) -> Splits:
  return folder.folder_splits(config, places.cache_dir)


def _tfds_splits(config: Config, places: Places) -> Splits:
  from lasium_jax.data.tfds import read_tfds

  if places.data_dir is None:
    raise BadConfig(
      f'config.data.name is {config.data.name!r}, a TFDS data set: name the '
      'folder where it is prepared with --data_dir.'
    )

  def read(split: str) -> Dataset:
    return read_tfds(
      config.data.name,
      split,
      data_dir=places.data_dir or '',
      cache_dir=places.cache_dir,
      size=config.data.size,
      channels=config.data.channels,
      invert=config.data.invert,
      download=places.download,
    )

  def background() -> Splits:
    return splits.background_split(
      read('train'),
      read('test'),
      validation=config.data.validation_classes,
      seed=config.data.split_seed,
    )

  def shuffled() -> Splits:
    return splits.random_split(
      splits.concatenate([read(s) for s in config.data.tfds_splits]),
      config.data.train_classes,
      config.data.validation_classes,
      config.data.test_classes,
      seed=config.data.split_seed,
    )

  def rotations() -> Splits:
    result = shuffled()
    return result._replace(train=splits.with_rotations(result.train))

  options = {
    'random': shuffled,
    'rotations': rotations,
    'background': background,
  }
  return pick(options, 'data.split', config.data.split)()
