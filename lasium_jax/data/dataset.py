"""A labeled collection in host memory, and its way to the device."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from lasium_jax.data.groups import class_groups
from lasium_jax.types import ImageSet


class Dataset(NamedTuple):
  """Images sorted by class, in host memory.

  Attributes:
    images: `[n, H, W, C]` uint8; ink or light is 255, background 0.
    labels: `[n]` int32, ascending, `0..len(class_names)-1`, none left out.
    class_names: one name a class.
  """

  images: np.ndarray
  labels: np.ndarray
  class_names: tuple[str, ...]

  @property
  def shape(self) -> tuple[int, int, int]:
    """`(H, W, C)` of an image."""
    height, width, channels = self.images.shape[1:]
    return height, width, channels


class Splits(NamedTuple):
  """Three datasets that share no class.

  Some share classes: those of image folders, and the training and validation
  images of autoencoders, which may even be the same.
  """

  train: Dataset
  validation: Dataset
  test: Dataset


def class_counts(dataset: Dataset) -> np.ndarray:
  """How many images each class has: `[num_classes]` ints."""
  return np.bincount(dataset.labels, minlength=len(dataset.class_names))


def select_classes(dataset: Dataset, classes: np.ndarray) -> Dataset:
  """The images of `classes` (ints), relabeled `0..` in the order given.

  A class -1 has no images, and no name.
  """
  where = [np.flatnonzero(dataset.labels == c) for c in classes]
  lengths = np.array([len(w) for w in where], int)
  return Dataset(
    dataset.images[np.concatenate([np.zeros(0, int), *where])],
    np.repeat(np.arange(len(where), dtype=np.int32), lengths),
    tuple(dataset.class_names[c] if c >= 0 else '' for c in classes),
  )


def select_images(dataset: Dataset, chosen: np.ndarray) -> Dataset:
  """The images where `chosen` (bool `[n]`) is; some of each class must be."""
  return Dataset(
    dataset.images[chosen], dataset.labels[chosen], dataset.class_names
  )


def evenly_spaced(dataset: Dataset, max_bytes: int) -> Dataset:
  """As many images as fit, at equal steps; all of them where they do.

  Args:
    dataset: any.
    max_bytes: of the images; at least one is kept.

  Returns:
    The images, their classes in the same shares but for rounding; a class of
    which nothing is left is left out.
  """
  total = len(dataset.images)
  if dataset.images.nbytes <= max_bytes:
    return dataset
  fitting = max(1, max_bytes * total // dataset.images.nbytes)
  chosen = np.arange(fitting) * total // fitting
  present, labels = np.unique(dataset.labels[chosen], return_inverse=True)
  names = tuple(dataset.class_names[c] for c in present)
  return Dataset(dataset.images[chosen], labels.astype(np.int32), names)


def image_set(dataset: Dataset) -> ImageSet:
  """Puts a dataset on the device, as bytes.

  Args:
    dataset: any.

  Returns:
    Its images, with groups of classes if their names say them
    (`lasium_jax.data.class_groups`).
  """
  counts = class_counts(dataset)
  starts = np.cumsum(counts) - counts
  names = class_groups(dataset.class_names)
  groups = None
  if names is not None:
    _, places = np.unique(names, return_inverse=True)
    groups = jnp.asarray(places, jnp.int32)
  return ImageSet(
    jnp.asarray(dataset.images),
    jnp.asarray(starts, jnp.int32),
    jnp.asarray(counts, jnp.int32),
    groups,
  )
