"""The data sets that configs name, split."""

import functools
import hashlib
from importlib import metadata
from pathlib import Path
from typing import Literal

import numpy as np

from experiments.components.folders import folder
from experiments.run.config import BadConfig, Settings
from experiments.run.run import Places
from lasium_jax.data import Splits, omniglot, splits
from lasium_jax.data.cache import cached
from lasium_jax.data.cifar_fs import cifar_fs_split
from lasium_jax.data.dataset import Dataset
from lasium_jax.ops.images import cut
from lasium_jax.settings import Count, Part, Seed, Share, Whole

# Ways to divide classes, of Omniglot above all.
ClassSplit = Literal[
  'random',
  'rotations',
  'background',
  'vinyals',
  'first_characters',
  'cifar_fs',
]
# Of each alphabet, for the test (Boutin et al. 2022).
FIRST_CHARACTERS = 3
_AT_ONCE = 1_000  # Images.


def glyphs(
  places: Places,
  *,
  split_seed: Seed = 0,
  size: Count = 28,
  channels: Literal[1] = 1,
  invert: Literal[True] = True,
) -> Splits:
  """The built-in characters, whole scripts held out.

  Args:
    places: where drawings are kept.
    split_seed: of the distortions.
    size: side of an image, in pixels.
    channels: 1, gray.
    invert: True, as pictures of them are ink 1 on background 0.

  Returns:
    The splits.
  """
  del channels, invert
  from lasium_jax.data import glyphs

  drawn = functools.cache(lambda: glyphs.glyphs(split_seed, size=size))
  # Drawn anew when how they are drawn changes, or the typefaces may have.
  code = Path(glyphs.__file__).read_bytes()
  packages = [metadata.version(p) for p in ('matplotlib', 'pillow', 'scipy')]
  version = hashlib.sha256(code + repr(packages).encode()).hexdigest()[:12]

  def split(name: str) -> Dataset:
    entry = f'glyphs-{name}-{split_seed}-{size}x{size}-{version}'
    return cached(places.cache_dir, entry, lambda: getattr(drawn(), name))

  return Splits(*map(split, Splits._fields))


def tfds(
  places: Places,
  *,
  dataset: str = 'omniglot',
  split: ClassSplit = 'random',
  split_seed: Seed = 0,
  tfds_splits: tuple[str, ...] = ('train', 'test'),
  train_classes: Count = 1_200,
  validation_classes: Whole = 100,
  test_classes: Count = 323,
  size: Count = 28,
  channels: Literal[1, 3] = 1,
  invert: bool = True,
  threshold: Share = 0.0,
) -> Splits:
  """A prepared TensorFlow data set, divided by classes.

  Args:
    places: where it is.
    dataset: TFDS's name.
    split: 'random' shuffles the classes; 'rotations' also turns the training
      classes; 'background' is Omniglot's official split, 'vinyals' that of
      Vinyals et al. (2016); 'first_characters' tests on the first three of
      each alphabet. Of these three only `validation_classes` can be chosen.
      'cifar_fs' divides CIFAR-100's classes as Bertinetto et al. (2019) do,
      and nothing can be chosen.
    split_seed: of the shuffle.
    tfds_splits: what is divided, but for 'background' and 'vinyals'.
    train_classes: how many.
    validation_classes: how many.
    test_classes: how many.
    size: side of an image, in pixels.
    channels: 1 (gray) or 3.
    invert: whether dark becomes 1 and light 0.
    threshold: where each image, resized and stretched from 0 to 1, is cut into
      black and white, as `lasium_jax.ops.images.cut` does; 0 leaves it as it
      is.

  Returns:
    The splits.

  Raises:
    BadConfig: if it is not said where data sets are.
  """

  def read(name: str) -> Dataset:
    images = read_prepared(
      places, dataset, name, size=size, channels=channels, invert=invert
    )
    return _black_and_white(images, threshold) if threshold else images

  held_out = {'validation': validation_classes, 'seed': split_seed}
  if split == 'background':
    return omniglot.background_split(read('train'), read('test'), **held_out)
  if split == 'vinyals':
    return omniglot.vinyals_split(read('train'), read('test'), **held_out)
  whole = splits.concatenate([read(name) for name in tfds_splits])
  if split == 'first_characters':
    return omniglot.first_characters_split(whole, FIRST_CHARACTERS, **held_out)
  if split == 'cifar_fs':
    return cifar_fs_split(whole)
  shuffled = splits.random_split(
    whole,
    train_classes,
    validation_classes,
    test_classes,
    seed=split_seed,
  )
  if split == 'rotations':
    return shuffled._replace(train=splits.with_rotations(shuffled.train))
  return shuffled


def _black_and_white(dataset: Dataset, threshold: float) -> Dataset:
  """Images cut in two, some at a time, as floats take four times the room."""
  parts = [
    np.asarray(cut(dataset.images[first : first + _AT_ONCE], threshold))
    for first in range(0, len(dataset.images), _AT_ONCE)
  ]
  return dataset._replace(images=np.concatenate(parts))


def read_prepared(
  places: Places,
  dataset: str,
  split: str,
  *,
  size: int,
  channels: int,
  invert: bool,
) -> Dataset:
  """One of TFDS's own splits, as `lasium_jax.data.tfds.read_tfds` says.

  Raises:
    BadConfig: if it is not said where data sets are.
  """
  from lasium_jax.data.tfds import read_tfds

  if places.data_dir is None:
    raise BadConfig(
      f'{dataset!r} is a data set of TFDS: name the folder where it is '
      'prepared with --data_dir.'
    )
  return read_tfds(
    dataset,
    split,
    data_dir=places.data_dir,
    cache_dir=places.cache_dir,
    size=size,
    channels=channels,
    invert=invert,
    download=places.download,
  )


DATA = {'glyphs': Part(glyphs), 'folder': Part(folder), 'tfds': Part(tfds)}


def image_shape(settings: Settings) -> tuple[int, int, int]:
  """`(H, W, C)` of a run's images."""
  data = settings['data']
  return data['size'], data['size'], data['channels']
