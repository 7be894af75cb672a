"""Pictures of new images of a class of which a generator sees a few."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from experiments.run import streams
from experiments.run.config import BadConfig
from experiments.run.precision import jit
from experiments.run.run import Run
from experiments.stages.pictures import keep_sheet
from lasium_jax.data.dataset import Dataset, class_counts
from lasium_jax.ops.images import as_floats
from lasium_jax.ops.sampling import distinct
from lasium_jax.settings import Count
from lasium_jax.types import Array, Generator, Params

NAME = 'few_shot_generation'
CAPTION = (
  'Left, in negative: {seeds} of a class of the evaluation data, one class a '
  'row. Right: what the generator makes of them. It was trained {labels}.'
)


def show(
  run: Run,
  model: Generator,
  params: Params,
  dataset: Dataset,
  *,
  labels: bool,
  classes: Count = 8,
  seeds: Count = 5,
  images: Count = 10,
) -> None:
  """Keeps a picture of seeds, and of what is made of them.

  Args:
    run: whose picture it is; what is drawn follows from its seed.
    model: the generator, with `sample_like`.
    params: its parameters.
    dataset: whose classes the seeds are of.
    labels: whether the generator was trained with labels, for the caption.
    classes: how many, evenly spaced: the rows of the picture.
    seeds: of each.
    images: made of the seeds of a class.

  Raises:
    BadConfig: if no class has so many images.
  """
  key = streams.stream(run.seed, streams.FEW_SHOT_GENERATION)
  seed_key, made_key = jax.random.split(key)
  rows = choose(seed_key, dataset, classes, seeds)
  shown = as_floats(dataset.images[rows])
  made = jit(functools.partial(images_like, model, n=images))(
    made_key, params, shown
  )
  keep_rows(run, np.asarray(shown), np.asarray(made), labels=labels)


def keep_rows(
  run: Run, seeds: np.ndarray, made: np.ndarray, *, labels: bool
) -> None:
  """Keeps a picture, one class a row.

  Args:
    run: whose picture it is.
    seeds: `[m, k, H, W, C]` in [0, 1].
    made: `[m, n, H, W, C]` likewise, what a generator makes of them.
    labels: whether it was trained with labels, for the caption.
  """
  sheet, count = np.concatenate([1 - seeds, made], axis=1), seeds.shape[1]
  caption = CAPTION.format(
    seeds=f'{count} images' if count > 1 else 'an image',
    labels='with labels' if labels else 'without labels',
  )
  keep_sheet(
    run,
    NAME,
    NAME,
    sheet.reshape(-1, *sheet.shape[2:]),
    caption,
    columns=sheet.shape[1],
  )


def check_images(dataset: Dataset, *, seeds: int, **_: int) -> None:
  """Sees that a class has images enough; the settings are those of `show`.

  Raises:
    BadConfig: if none has.
  """
  most = np.bincount(dataset.labels).max()
  if most < seeds:
    raise BadConfig(
      f'config.few_shot_generation.seeds is {seeds}, and no class of '
      f'config.evaluation_data has more images than {most}: lower it.'
    )


def choose(
  key: Array, dataset: Dataset, classes: int, seeds: int
) -> np.ndarray:
  """The rows `[classes, seeds]` of different images of one class each.

  Raises:
    BadConfig: if no class has so many images.
  """
  counts = class_counts(dataset)
  starts = np.cumsum(counts) - counts
  able = np.flatnonzero(counts >= seeds)
  if not len(able):
    raise BadConfig(
      f'{seeds} seeds of a class are asked for, and no class of '
      f'config.evaluation_data has more images than {counts.max()}.'
    )
  chosen = able[np.arange(classes) * len(able) // classes]
  draw = jax.vmap(distinct, in_axes=(0, 0, None))
  picks = draw(
    jax.random.split(key, classes), jnp.asarray(counts[chosen]), seeds
  )
  return starts[chosen][:, None] + np.asarray(picks)


def images_like(
  model: Generator, key: Array, params: Params, seeds: Array, *, n: int
) -> Array:
  """New images of each of some classes.

  Args:
    model: the generator, with `sample_like`.
    key: a PRNG key.
    params: the generator's.
    seeds: `[m, k, H, W, C]`, images of each class.
    n: how many to make of each.

  Returns:
    `[m, n, H, W, C]` in [0, 1].
  """
  sample = model.sample_like
  assert sample is not None

  def of_one(key: Array, x: Array) -> Array:
    return model.decode(params, sample(key, params, x, n))

  return jax.vmap(of_one)(jax.random.split(key, len(seeds)), seeds)
