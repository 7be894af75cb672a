"""What a generator draws of its classes, compared with real images.

Drawn images are compared with as many of the test, all of it if need be, and
one half of the test with the other, as the floor, of no more images.
"""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from experiments.run import streams
from experiments.run.config import BadConfig
from experiments.run.results import Result
from experiments.run.run import Run
from experiments.stages.class_samples import drawing
from experiments.stages.distances import (
  TO_TRAINING,
  Embedding,
  Sample,
  check_neighbors,
  compared,
  nearest,
  result_of,
)
from lasium_jax.data.dataset import Dataset, evenly_spaced
from lasium_jax.settings import Count, Ways
from lasium_jax.types import Generator, Params


class Told(NamedTuple):
  """What results say of the generator.

  Attributes:
    steps: of its training.
    protocol: what it learned from.
  """

  steps: int
  protocol: dict[str, Any]


def check_images(
  test: Dataset,
  classes: int,
  *,
  images: int,
  neighbors: int,
  density_neighbors: int,
  recognizer: str,
  **_: Any,
) -> None:
  """Sees that there are images enough; settings are those of `measure`.

  Args:
    test: whose images are compared with.
    classes: how many the generator draws images of.
    images: a setting.
    neighbors: likewise.
    density_neighbors: likewise.
    recognizer: likewise.
    **_: the other settings.

  Raises:
    BadConfig: if neighbors are more than images, or there are none.
  """
  n = _half(test, min(images, classes * _each(images, classes)))
  if n < 1:
    raise BadConfig(
      f'The test has {len(test.images)} images, and a half of them is compared '
      'with the other: leave more for it.'
    )
  check_neighbors(
    n,
    'the test',
    neighbors=neighbors,
    density_neighbors=density_neighbors,
    recognizer=recognizer,
  )


def _half(test: Dataset, images: int) -> int:
  """How many images of the test are compared with as many others of it."""
  return min(images, len(test.images) // 2)


def _each(images: int, classes: int) -> int:
  """How many images of each class are drawn."""
  return max(1, images // classes)


def made(
  run: Run,
  model: Generator,
  params: Params,
  classes: int,
  *,
  images: int,
  draws: int = 1,
) -> list[Dataset]:
  """Draws images of classes that have equal shares, once or again and again.

  Args:
    run: whose first member's seed counts.
    model: with `sample_class`.
    params: the generator's.
    classes: how many it draws images of.
    images: how many there are in all, rounded to whole classes, one of each at
      least.
    draws: how often they are drawn.

  Returns:
    The images of each draw, class by class.
  """
  y = np.arange(classes, dtype=np.int32).repeat(_each(images, classes))
  key = streams.stream(run.seed, streams.QUALITY)
  # The number 1 is of the kernel distance's subsets.
  keys = [key, *(jax.random.fold_in(key, i) for i in range(2, draws + 1))]
  names, draw = run.splits.train.class_names, drawing(model)
  return [Dataset(draw(own, params, y), y, names) for own in keys]


def measure(
  run: Run,
  drawn: Sequence[Dataset],
  embedding: Embedding | None,
  told: Told,
  *,
  images: Ways = 2_000,
  draws: Count = 1,
  neighbors: Count = 3,
  density_neighbors: Count = 5,
  subsets: Count = 100,
  subset_size: Ways = 1_000,
  recognizer: str = '',
) -> list[Result]:
  """Compares drawn images with real ones.

  Args:
    run: whose results they are.
    drawn: what `made` returned for as many images and draws.
    embedding: what `recognizer` names; without it no features are compared.
    told: what results say of the generator.
    images: how many are compared with as many real ones, at most all that are
      drawn, and all of the test. The halves of the test have so many at most,
      too.
    draws: how often images are drawn; of all but the nearest training images
      results are means over the draws, with their 95 % interval.
    neighbors: of precision and recall.
    density_neighbors: of density and coverage.
    subsets: of the kernel distance.
    subset_size: its images.
    recognizer: the folder of a recognizer's run, or of the model that was
      exported of it, or a file of Inception's weights; '' leaves out what
      needs its features.

  Returns:
    The results.
  """
  del recognizer, draws  # Which `drawn` and `embedding` are of.
  test = run.splits.test.images
  # A distance of fewer images is larger, so that both sets are of one size.
  images = min(images, len(drawn[0].images))
  half = _half(run.splits.test, images)
  one, other = (_spaced(test, 2 * half)[i::2] for i in range(2))
  real = _spaced(test, min(images, len(test)))
  made_once, *made_again = (_spaced(own.images, len(real)) for own in drawn)
  all_judged = [
    Sample(run.name, made_once, others=made_again),
    Sample(
      'test',
      other,
      'other real images of the test',
      # Both are the same images up to a half of the test.
      real=None if len(real) == half else one,
    ),
  ]
  result = functools.partial(
    result_of,
    run=run,
    dataset=run.dataset,
    steps=told.steps,
    **told.protocol,
  )
  training = evenly_spaced(run.splits.train, run.device_bytes).images
  results = nearest(result, all_judged, TO_TRAINING, training)
  if embedding is not None:
    subset_key = jax.random.fold_in(
      streams.stream(run.seed, streams.QUALITY), 1
    )
    results += compared(
      subset_key,
      result,
      embedding,
      all_judged,
      real,
      neighbors=neighbors,
      density_neighbors=density_neighbors,
      subsets=subsets,
      subset_size=subset_size,
    )
  return results


def _spaced(images: np.ndarray, n: int) -> np.ndarray:
  """So many of the images, evenly spaced, or all if there are fewer."""
  n = min(n, len(images))
  return images[np.arange(n) * len(images) // n]
