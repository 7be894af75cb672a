"""Data sets whose files are as their authors publish them."""

from pathlib import Path
from typing import Literal

from experiments.run.config import BadConfig
from experiments.run.run import Places
from lasium_jax.data.celeba import read_celeba
from lasium_jax.data.dataset import Dataset
from lasium_jax.data.decode import ImageForm
from lasium_jax.data.stl10 import read_stl10
from lasium_jax.data.tiny_imagenet import read_tiny_imagenet
from lasium_jax.settings import Count


def celeba(
  places: Places,
  *,
  attribute: str = 'Male',
  present: bool = True,
  split: Literal['all', 'train', 'validation', 'test'] = 'all',
  size: Count = 128,
  channels: Literal[1, 3] = 3,
  invert: bool = False,
) -> Dataset:
  """The faces of CelebA that have an attribute, or those that have it not.

  Args:
    places: `data_dir` has a folder `celeba`, as its authors publish it; see
      `lasium_jax.data.celeba`.
    attribute: one of its 40.
    present: whether they have it.
    split: its authors', or all.
    size: side of an image, in pixels.
    channels: 1 (gray) or 3.
    invert: whether dark becomes 1 and light 0.

  Returns:
    The images, of one class.

  Raises:
    BadConfig: if it is not said where data sets are.
  """
  return read_celeba(
    _folder(places, 'celeba', 'celeba'),
    ImageForm(size, channels, invert),
    attribute=attribute,
    present=present,
    split=split,
    cache_dir=places.cache_dir,
  )


def stl10(
  places: Places,
  *,
  split: Literal['train', 'test'] = 'train',
  size: Count = 48,
  channels: Literal[1, 3] = 3,
  invert: bool = False,
) -> Dataset:
  """The labeled images of STL-10.

  Args:
    places: `data_dir` has a folder `stl10_binary`, as its authors publish it;
      see `lasium_jax.data.stl10`.
    split: its authors'.
    size: side of an image, in pixels; theirs have 96.
    channels: 1 (gray) or 3.
    invert: whether dark becomes 1 and light 0.

  Returns:
    The images, of ten classes.

  Raises:
    BadConfig: if it is not said where data sets are.
  """
  return read_stl10(
    _folder(places, 'stl10', 'stl10_binary'),
    ImageForm(size, channels, invert),
    split=split,
    cache_dir=places.cache_dir,
  )


def tiny_imagenet(
  places: Places,
  *,
  split: Literal['train', 'validation'] = 'train',
  size: Count = 64,
  channels: Literal[1, 3] = 3,
  invert: bool = False,
) -> Dataset:
  """The labeled images of Tiny ImageNet.

  Args:
    places: `data_dir` has a folder `tiny-imagenet-200`, as it is published;
      see `lasium_jax.data.tiny_imagenet`.
    split: that of its folders; its test has no labels.
    size: side of an image, in pixels; theirs have 64.
    channels: 1 (gray) or 3.
    invert: whether dark becomes 1 and light 0.

  Returns:
    The images, of 200 classes.

  Raises:
    BadConfig: if it is not said where data sets are.
  """
  return read_tiny_imagenet(
    _folder(places, 'tiny_imagenet', 'tiny-imagenet-200'),
    ImageForm(size, channels, invert),
    split=split,
    cache_dir=places.cache_dir,
  )


def _folder(places: Places, name: str, folder: str) -> Path:
  """Where the files of a data set are.

  Raises:
    BadConfig: if it is not said where data sets are.
  """
  if places.data_dir is None:
    raise BadConfig(
      f'{name} is read from files: name the folder that its folder `{folder}` '
      'is in with --data_dir.'
    )
  return places.data_dir / folder
