"""Pairs of images to be mixed, and others to compare the mixtures with."""

from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.run.config import BadConfig
from experiments.stages.distances import check_neighbors
from experiments.stages.interpolation import pairs_of
from lasium_jax.data.dataset import (
  Dataset,
  class_counts,
  evenly_spaced,
  select_classes,
  select_images,
)
from lasium_jax.ops.sampling import distinct
from lasium_jax.types import Array

TOO_FEW = (
  'No class of config.evaluation_data has three images: two are mixed, and '
  'others compared with the mixtures. Name a data set that has more.'
)


class Pairs(NamedTuple):
  """Two images of one class each, to be mixed, and others of these classes.

  Attributes:
    first: `[n, H, W, C]` uint8, the seeds with the weight alpha.
    second: likewise, of the same classes.
    alpha: `[n]`.
    alike: `[n, H, W, C]` uint8, real images among which the seeds are.
    real: `[m, H, W, C]` uint8, real images among which they are not.
  """

  first: np.ndarray
  second: np.ndarray
  alpha: np.ndarray
  alike: np.ndarray
  real: np.ndarray


class Groups(NamedTuple):
  """A few images of one class each, and others of these classes.

  Attributes:
    seeds: `[n, k, H, W, C]` uint8, k different ones in each group.
    alike: `[n, H, W, C]` uint8, real images among which seeds are.
    real: `[m, H, W, C]` uint8, real images among which none are.
  """

  seeds: np.ndarray
  alike: np.ndarray
  real: np.ndarray


def check_images(
  dataset: Dataset,
  *,
  images: int,
  neighbors: int,
  density_neighbors: int,
  recognizer: str,
  **_: Any,
) -> None:
  """Sees that there are images enough; settings are those of `quality.measure`.

  Raises:
    BadConfig: if no pair can be made, or neighbors are more than images.
  """
  counts = class_counts(dataset)
  if counts.max() < 3:
    raise BadConfig(TOO_FEW)
  n = min(images, int((counts[counts > 2] // 2).sum()))
  check_neighbors(
    n,
    'config.evaluation_data',
    neighbors=neighbors,
    density_neighbors=density_neighbors,
    recognizer=recognizer,
  )


def draw(
  key: Array, dataset: Dataset, images: int, alphas: Literal['half', 'uniform']
) -> Pairs:
  """Pairs of seeds, which are every second image of each class.

  A class has as large a share of the pairs as it has of real images, because
  distances of two sets would tell of their classes otherwise. One that has no
  two seeds has no part in any of it.

  Args:
    key: a PRNG key.
    dataset: of the classes.
    images: pairs, at most as many as other images.
    alphas: as `quality.measure` has them.

  Returns:
    The pairs.

  Raises:
    BadConfig: if no class has two seeds.
  """
  counts = class_counts(dataset)
  if counts.max() < 3:
    raise BadConfig(TOO_FEW)
  seeds, classes, alike, real = _parts(dataset, images, 2)
  row_key, alpha_key = jax.random.split(key)
  first, second = seeds.images[pairs_of(row_key, seeds, classes)]
  uniform = np.asarray(jax.random.uniform(alpha_key, (len(classes),)))
  half = np.full(len(classes), 0.5, np.float32)
  return Pairs(
    first, second, half if alphas == 'half' else uniform, alike, real
  )


def check_groups(
  dataset: Dataset,
  seeds: int,
  *,
  images: int,
  neighbors: int,
  density_neighbors: int,
  recognizer: str,
  **_: Any,
) -> None:
  """Sees that there are images enough for groups; settings are as above.

  Raises:
    BadConfig: if no group can be made, or neighbors are more than images.
  """
  counts = class_counts(dataset)
  able = counts[counts >= _least(seeds)]
  if not len(able):
    raise BadConfig(
      f'config.few_shot_generation.seeds is {seeds}; config.quality has every '
      'second image of a class for a seed, and compares with the others, and '
      f'no class of config.evaluation_data has {_least(seeds)}. Lower it.'
    )
  check_neighbors(
    min(images, int((able // 2).sum())),
    'config.evaluation_data',
    neighbors=neighbors,
    density_neighbors=density_neighbors,
    recognizer=recognizer,
  )


def draw_groups(key: Array, dataset: Dataset, images: int, k: int) -> Groups:
  """Groups of seeds, which are every second image of each class.

  Classes have shares as `draw` gives them.

  Args:
    key: a PRNG key.
    dataset: of the classes; at least one has images enough.
    images: groups, at most as many as other images.
    k: seeds of a group.

  Returns:
    The groups.
  """
  seeds, classes, alike, real = _parts(dataset, images, k)
  counts = class_counts(seeds)
  starts = np.cumsum(counts) - counts
  keys = jax.random.split(key, len(classes))
  pick = jax.vmap(distinct, in_axes=(0, 0, None))
  picks = pick(keys, jnp.asarray(counts[classes]), k)
  rows = starts[classes][:, None] + np.asarray(picks)
  return Groups(seeds.images[rows], alike, real)


def _parts(
  dataset: Dataset, images: int, k: int
) -> tuple[Dataset, np.ndarray, np.ndarray, np.ndarray]:
  """What is made of seeds, and what stands beside it.

  Returns:
    The seeds; the class of each image that is made, which are `images` or as
    many as there are others; and as many images of the seeds and of the others.
  """
  seeds, others = _halves(dataset, k)
  n = min(images, len(others.images))
  size = n * dataset.images[0].nbytes
  alike, real = (evenly_spaced(part, size).images for part in (seeds, others))
  classes = seeds.labels[np.arange(n) * len(seeds.labels) // n]
  return seeds, classes, alike, real


def _halves(dataset: Dataset, k: int) -> tuple[Dataset, Dataset]:
  """Every second image of the classes that so have `k` seeds; the others."""
  able = np.flatnonzero(class_counts(dataset) >= _least(k))
  dataset = select_classes(dataset, able)
  counts = np.bincount(dataset.labels)
  starts = np.cumsum(counts) - counts
  even = (np.arange(len(dataset.labels)) - starts[dataset.labels]) % 2 == 0
  seeds, others = (select_images(dataset, part) for part in (even, ~even))
  return seeds, others


def _least(k: int) -> int:
  """Images of a class of which every second one makes `k`, and one is left."""
  return max(2 * k - 1, 2)
