"""What a generator of classes draws where its Gaussians are narrow or wide.

See COLA, appendix A: of codes near the mean of their class, images of a class
are alike (figure 9). A Fréchet distance, which takes all images for one
Gaussian, barely sees it, and a classifier that learns of them does (figure 10).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from experiments.components.batches import made_alone
from experiments.pages import pictures
from experiments.pages.pictures import Pixels
from experiments.run.precision import jit
from experiments.stages.class_samples import draw, drawing
from experiments.stages.classifier import tester
from experiments.stages.distances import Embedding, features_of
from lasium_jax import metrics
from lasium_jax.batches import repeated
from lasium_jax.data.dataset import Dataset, class_counts
from lasium_jax.fitting import Learning, fitter
from lasium_jax.types import (
  Array,
  ClassifyFn,
  Generator,
  Params,
  Trainer,
  TrainingSet,
)

ROWS = 10  # Classes of the picture, at most.
REAL = 4  # Real images of a class that are shown, at most.


class Spreading(NamedTuple):
  """One trained generator, whose draws have several spreads.

  Attributes:
    model: the generator, with `sample_class`, whose parameters are a pair:
      those that were trained, and the spread. So one program serves for all.
    params: what was trained.
    spreads: of the Gaussians.
  """

  model: Generator
  params: Params
  spreads: Sequence[float]


def spreadable(with_spread: Callable[[Array | float], Generator]) -> Generator:
  """A generator whose spread is one of its parameters.

  Args:
    with_spread: the generator of a spread, which may be traced.

  Returns:
    The generator, for pairs of parameters and a spread.
  """

  def decode(source: Params, z: Array) -> Array:
    return with_spread(1.0).decode(source[0], z)

  def sample_class(key: Array, source: Params, y: Array) -> Array:
    params, spread = source
    sample = with_spread(spread).sample_class
    assert sample is not None
    return sample(key, params, y)

  return Generator(decode, sample_class=sample_class)


class Judging(NamedTuple):
  """By what drawn images are judged.

  Attributes:
    embedding: in whose features they are compared with real images.
    real: real images, and their labels.
    classify: a classifier that learns of drawn images alone.
    trainer: what fits it.
    steps: of its training.
    batch_size: images of each.
  """

  embedding: Embedding
  real: Dataset
  classify: ClassifyFn
  trainer: Trainer
  steps: int
  batch_size: int


class Judged(NamedTuple):
  """What is found of the images of one spread.

  Attributes:
    distance: the Fréchet distance to real images in the embedding.
    accuracy: the classification accuracy score, on real images.
    diversity: the mean deviation of a feature within a class.
  """

  distance: float
  accuracy: float
  diversity: float


def sheet(
  key: Array, spreading: Spreading, sample: Dataset, count: int, *, ink: bool
) -> Pixels:
  """Classes as rows: real images, and drawn ones of each spread.

  The same random numbers serve for all spreads, so that an image is to be
  compared with the one at its place in another group.

  Args:
    key: a PRNG key.
    spreading: what draws.
    sample: real images that it learned from, class by class.
    count: images of each class and spread.
    ink: as in `pictures.image_grid`.

  Returns:
    The picture.
  """
  counts = class_counts(sample)
  rows = min(ROWS, len(counts))
  chosen = np.arange(rows) * len(counts) // rows
  real = min(REAL, int(counts.min()))
  starts = (np.cumsum(counts) - counts)[chosen]
  shown = sample.images[starts[:, None] + np.arange(real)] / 255
  scale = pictures.scale_of(sample.shape[0])
  names = [sample.class_names[i] for i in chosen]
  left = pictures.labeled_grid(shown, names, scale=scale, ink=ink)
  sheets = [pictures.titled(left, 'real images')]
  y = jnp.asarray(np.repeat(chosen, count), jnp.int32)
  drawn = jit(draw(spreading.model))
  for spread in spreading.spreads:
    made = drawn(key, (spreading.params, spread), y)
    grid = pictures.image_grid(made, count, scale=scale, ink=ink)
    sheets.append(pictures.titled(grid, f'spread {spread:g}'))
  return pictures.side_by_side(sheets)


def judge(
  key: Array, spreading: Spreading, judging: Judging, images: int
) -> tuple[dict[float, Judged], float]:
  """Measures of each spread, and what the distance is of real images.

  Args:
    key: a PRNG key; all spreads share it.
    spreading: what draws.
    judging: by what.
    images: how many are drawn, and compared with as many real ones, evenly
      spaced among all that there are.

  Returns:
    The measures by spread, and as an anchor the Fréchet distance of one half of
    the real images to the other half. Fewer images are farther apart, so that
    it is above what as many real images as made ones would have.
  """
  real = judging.real
  classes = len(real.class_names)
  places = np.linspace(0, len(real.images) - 1, images).round().astype(int)
  features, shown = features_of(judging.embedding), drawing(spreading.model)
  score = _scoring(spreading.model, judging, classes)
  of_real = features(real.images[places])
  halves = metrics.frechet_distance(of_real[::2], of_real[1::2])
  y = np.arange(images, dtype=np.int32) % classes
  found = {}
  for spread in spreading.spreads:
    source = spreading.params, spread
    made = features(shown(key, source, y))
    found[spread] = Judged(
      metrics.frechet_distance(of_real, made),
      score(key, source),
      float(metrics.diversity(made, y).mean()),
    )
    print(f'Spread {spread:g}: {_said(found[spread])}', flush=True)
  return found, halves


def _said(judged: Judged) -> str:
  return (
    f'Fréchet distance {judged.distance:.4g}, classification accuracy score '
    f'{100 * judged.accuracy:.2f} %, deviation within classes '
    f'{judged.diversity:.4g}.'
  )


def _scoring(
  model: Generator, judging: Judging, classes: int
) -> Callable[[Array, Params], float]:
  """`(key, source) -> accuracy` on real images, of what drawn ones taught."""
  batch_fn = made_alone(model, classes)
  fit = fitter(
    Learning(judging.trainer, repeated(judging.batch_size), batch_fn)
  )
  tested = tester(judging.classify, judging.real)
  # All of a batch is drawn anew: of these images only the shape is read.
  data = TrainingSet(judging.real.images[:classes], jnp.arange(classes))

  def score(key: Array, source: Params) -> float:
    return float(tested(fit(key, data, judging.steps, source)).mean())

  return score
