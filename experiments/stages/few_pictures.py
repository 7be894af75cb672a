"""A classifier of few pictures is trained, after a generator if it has one."""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from experiments.pages import pictures
from experiments.run import loop, streams
from experiments.run.loop import Stage
from experiments.run.members import Member
from experiments.run.precision import jit
from experiments.run.record import Record
from experiments.stages import classifier, generator, training
from experiments.stages.class_samples import draw
from experiments.stages.pictures import keep
from lasium_jax import small_sample
from lasium_jax.data.dataset import Dataset, class_counts
from lasium_jax.fitting import Learning
from lasium_jax.small_sample import Parts, Recipe
from lasium_jax.types import Params, TrainingSet

GIVEN, MADE = 'given_images', 'made_images'
ALL = 'all pictures'
SHOWN = 10  # Images of a class that are shown, at most.
CLASSES = 30  # That are shown, at most.


class Plan(NamedTuple):
  """What is trained, where and how.

  Attributes:
    files: of the run.
    recipe: how.
    parts: of the recipe.
    seed: of all that is random.
    ink: whether pictures are drawn dark on light, as the files look.
  """

  files: Record
  recipe: Recipe
  parts: Parts
  seed: int
  ink: bool


def stages(part: str) -> tuple[str, str]:
  """The stages of a model's generator, and of its classifier."""
  suffix = f'_{part.replace(" ", "_")}' if part else ''
  return f'{generator.NAME}{suffix}', f'{classifier.NAME}{suffix}'


def train(
  plan: Plan, dataset: Dataset, *, part: str = ''
) -> tuple[Params, Params]:
  """Trains what a recipe says on all images of a data set.

  Args:
    plan: what is trained.
    dataset: what is learned from.
    part: which of several models of a run it is; '' for the last.

  Returns:
    The parameters of the classifier, and of the generator, or ().
  """
  for_generator, for_classifier = stages(part)
  parts, source = plan.parts, ()
  if parts.drawing is not None:
    steps = small_sample.generator_steps(plan.recipe, len(dataset.images))
    fit = _fit(parts.drawing.learning, dataset, steps)
    stage = _stage(
      plan,
      for_generator,
      fit,
      streams.GENERATOR,
      title='Generator',
      part=part or ALL,
    )
    source = _run(plan, stage, fit)
  fit = _fit(parts.learning, dataset, plan.recipe.steps, source)
  stage = _stage(
    plan,
    for_classifier,
    fit,
    streams.CLASSIFIER,
    title='Classifier',
    part=part or ALL,
    units=classifier.UNITS,
  )
  return _run(plan, stage, fit), source


def _fit(
  learning: Learning, dataset: Dataset, steps: int, source: Params = ()
) -> training.Fit:
  return training.Fit(
    learning.trainer,
    TrainingSet(dataset.images, jnp.asarray(dataset.labels)),
    steps,
    1,
    learning.epoch_fn,
    learning.batch_fn,
    source,
    fast_convolutions=True,
  )


def _stage(
  plan: Plan, name: str, fit: training.Fit, stream: int, **description: Any
) -> Stage:
  return training.stage_of(
    name,
    fit,
    [Member(plan.seed, {})],
    stream,
    mesh=None,
    device_bytes=fit.data.images.nbytes,
    **description,
  )


def _run(plan: Plan, stage: Stage, fit: training.Fit) -> Params:
  training.note(plan.files, stage.name, fit)
  (state,) = loop.run(stage, plan.files, checkpoint_seconds=60.0)
  return fit.trainer.params(state)


def keep_given(plan: Plan, dataset: Dataset) -> None:
  """Keeps a picture of the images that were given."""
  counts = class_counts(dataset)
  rows = np.split(dataset.images / 255, np.cumsum(counts)[:-1])
  told = 'One class a row'
  if counts.max() > SHOWN:
    told += f', {SHOWN} pictures of each at most'
  _keep_rows(plan, GIVEN, dataset, rows, told)


def keep_made(plan: Plan, dataset: Dataset, params: Params) -> None:
  """Keeps a picture of what the last generator draws of each class."""
  drawing = plan.parts.drawing
  assert drawing is not None
  classes = len(dataset.class_names)
  y = jnp.asarray(np.repeat(np.arange(classes), SHOWN), jnp.int32)
  key = streams.stream(plan.seed, streams.CLASS_SAMPLES)
  made = np.asarray(jit(draw(drawing.model))(key, params, y))
  rows = list(made.reshape(classes, SHOWN, *dataset.shape))
  told = (
    'One class a row, drawn by the generator that learned from all pictures'
  )
  _keep_rows(plan, MADE, dataset, rows, told)


def _keep_rows(
  plan: Plan, name: str, dataset: Dataset, rows: list[np.ndarray], told: str
) -> None:
  """Keeps images `[n_i, H, W, C]` of each class, evenly spaced classes."""
  count = len(rows)
  chosen = np.arange(min(CLASSES, count)) * count // min(CLASSES, count)
  columns = min(SHOWN, max(len(rows[i]) for i in chosen))
  empty = 0.0 if plan.ink else 1.0  # White on the page.
  sheet = np.full((len(chosen), columns, *dataset.shape), empty)
  for row, i in zip(sheet, chosen, strict=True):
    row[: len(rows[i])] = rows[i][:columns]
  drawn = pictures.labeled_grid(
    sheet,
    [dataset.class_names[i] for i in chosen],
    scale=pictures.scale_of(dataset.shape[0]),
    ink=plan.ink,
  )
  if len(chosen) < count:
    told += f'; {len(chosen)} of {count} classes'
  keep(plan.files, name, name, drawn, f'{told}.', scroll=True)
