"""What a generator draws of its classes, compared with real images.

Real images of the test are divided into two sets: one that drawn images are
compared with, and one that is compared with it in their place, as the floor.
"""

import functools
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
  *,
  images: int,
  neighbors: int,
  density_neighbors: int,
  recognizer: str,
  **_: Any,
) -> None:
  """Sees that there are images enough; settings are those of `measure`.

  Raises:
    BadConfig: if neighbors are more than images, or there are none.
  """
  n = _count(test, images)
  if n < 1:
    raise BadConfig(
      f'The test has {len(test.images)} images, and made ones are compared '
      'with half of them: leave more for it.'
    )
  check_neighbors(
    n,
    'the test',
    neighbors=neighbors,
    density_neighbors=density_neighbors,
    recognizer=recognizer,
  )


def _count(test: Dataset, images: int) -> int:
  return min(images, len(test.images) // 2)


def made(
  run: Run, model: Generator, params: Params, classes: int, images: int
) -> Dataset:
  """Draws images of classes that have equal shares.

  Args:
    run: whose first member's seed counts.
    model: with `sample_class`.
    params: the generator's.
    classes: how many it draws images of.
    images: how many there are in all, rounded to whole classes, one of each at
      least.

  Returns:
    The images, class by class.
  """
  each = max(1, images // classes)
  y = np.repeat(np.arange(classes, dtype=np.int32), each)
  key = streams.stream(run.seed, streams.QUALITY)
  names = run.splits.train.class_names
  return Dataset(drawing(model)(key, params, y), y, names)


def measure(
  run: Run,
  drawn: Dataset,
  embedding: Embedding | None,
  told: Told,
  *,
  images: Ways = 2_000,
  neighbors: Count = 3,
  density_neighbors: Count = 5,
  subsets: Count = 100,
  subset_size: Ways = 1_000,
  recognizer: str = '',
) -> list[Result]:
  """Compares drawn images with real ones.

  Args:
    run: whose results they are.
    drawn: what `made` returned for as many images.
    embedding: what `recognizer` names; without it no features are compared.
    told: what results say of the generator.
    images: how many are drawn and compared with real ones, of the test at most
      half.
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
  del recognizer
  n = _count(run.splits.test, images)
  places = np.arange(2 * n) * len(run.splits.test.images) // (2 * n)
  real, alike = (run.splits.test.images[places[i::2]] for i in range(2))
  # A distance of fewer images is larger, so that all sets are of one size.
  few = min(n, len(drawn.images))
  chosen = np.arange(few) * len(drawn.images) // few
  all_judged = [
    Sample(run.name, drawn.images[chosen]),
    Sample('test', alike, 'other real images of the test'),
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
