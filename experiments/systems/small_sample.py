"""A classifier of a folder of few pictures, with an honest estimate of it.

The estimate is by cross-validation: for each fold everything, the generator
too, is trained anew on the other folds. Then a last model learns from all.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from experiments.components.labeled_folder import labeled_folder
from experiments.components.small_sample import folds
from experiments.pages import cross_validation, report, sections
from experiments.run import loop, record
from experiments.run.precision import jit
from experiments.run.record import clock, duration
from experiments.run.results import Result, to_json
from experiments.stages import few_pictures
from experiments.stages.few_pictures import Plan
from experiments.stages.in_parts import in_parts
from lasium_jax import models, small_sample
from lasium_jax.data import Splits
from lasium_jax.data.dataset import (
  Dataset,
  class_counts,
  select_classes,
  select_images,
)
from lasium_jax.data.decode import ImageForm
from lasium_jax.models import Model
from lasium_jax.ops.images import as_floats
from lasium_jax.small_sample import Parts
from lasium_jax.types import Array, Params

MODEL = 'model'  # The exported model's folder in the workdir.
PAGE = {
  'Accuracy to expect': cross_validation.estimate,
  'What is confused': cross_validation.confused,
  'Given images': sections.stage_pictures(few_pictures.GIVEN),
  'Made images': sections.stage_pictures(few_pictures.MADE),
  'Training': sections.training_curves,
  'Settings': sections.settings,
  'Time and hardware': sections.times,
}


class Sample(NamedTuple):
  """What a run learns from.

  Attributes:
    dataset: all pictures.
    paths: of each, in the folder.
    places: `[n]`, the fold of each.
  """

  dataset: Dataset
  paths: list[str]
  places: np.ndarray


class Learned(NamedTuple):
  """What was written.

  Attributes:
    model: the folder of the classifier.
    page: the report.
    account: sentences on what is to be expected of it.
  """

  model: Path
  page: Path
  account: list[str]


def learn(
  images: Path,
  workdir: Path,
  *,
  recipe: Mapping[str, Any],
  form: ImageForm,
  most_folds: int = 5,
  seed: int = 0,
  cache_dir: Path,
) -> Learned:
  """Trains and judges a classifier; the same call goes on where one stopped.

  Args:
    images: a folder with one sub-folder of pictures a class.
    workdir: of this run.
    recipe: arguments of `lasium_jax.small_sample.recipe`.
    form: of the images.
    most_folds: as many as the smallest class has pictures are made, and no
      more than so many.
    seed: of the folds and of all training.
    cache_dir: where decoded pictures are kept.

  Returns:
    What was written.

  Raises:
    ValueError: if settings or pictures cannot be used.
    WrongWorkdir: if the folder holds another run.
    OSError: if something cannot be read or written.
    Stopped: after SIGTERM, when what was computed is saved.
    Diverged: if training does.
  """
  how = small_sample.checked_recipe(dict(recipe), 'recipe')
  shape = form.size, form.size, form.channels
  small_sample.check_shape(how, shape)
  dataset, paths = labeled_folder(images, form, cache_dir)
  count = min(most_folds, int(class_counts(dataset).min()))
  sample = Sample(dataset, paths, folds(dataset.labels, count, seed=seed))
  settings = {
    'system': 'small_sample',
    'name': 'small-sample',
    'seed': seed,
    'folds': count,
    'data': {
      'name': 'folder',
      'path': str(images.resolve()),
      **form._asdict(),
    },
    'recipe': how._asdict(),
  }
  files = record.open_record(workdir, settings)
  files.keep_config(settings)
  none = select_classes(dataset, np.arange(0))
  files.keep_data(Splits(dataset, none, none))
  loop.stop_on_sigterm()
  parts = small_sample.parts(how, shape, len(dataset.class_names))
  plan = Plan(files, how, parts, seed, form.invert)
  few_pictures.keep_given(plan, dataset)
  _cross_validate(plan, sample)
  params, drawn_by = few_pictures.train(plan, dataset)
  if parts.drawing is not None:
    few_pictures.keep_made(plan, dataset, drawn_by)
  result = _result(plan, sample, images.resolve().name)
  model = _export(plan, dataset, params, result)
  return Learned(model, report.write_report(workdir, PAGE), _account(result))


def _cross_validate(plan: Plan, sample: Sample) -> None:
  """Judges each fold by a model of the others; folds that are done stay."""
  files = plan.files
  path = files.workdir / cross_validation.FILE
  count = int(sample.places.max()) + 1
  classify = _classifier(plan.parts)
  for fold in range(count):
    done, began, part = record.read_json(path), clock(), f'fold {fold + 1}'
    if part in done:
      continue
    held_out = sample.places == fold
    others = select_images(sample.dataset, ~held_out)
    params, _ = few_pictures.train(plan, others, part=part)
    entries = _judge(classify, params, sample, np.flatnonzero(held_out))
    record.write_json(path, done | {part: entries})
    for stage in few_pictures.stages(part):
      # A generator's take much room, and nothing goes on from them any more.
      shutil.rmtree(files.checkpoints(stage), ignore_errors=True)
    right = sum(entry['truth'] == entry['label'] for entry in entries)
    left = (clock() - began) * (count - fold)
    print(
      f'Fold {fold + 1} of {count}: {right} of {len(entries)} right. About '
      f'{duration(left)} left in all.',
      flush=True,
    )


def _classifier(parts: Parts) -> Any:
  """`(params, images [n, H, W, C]) -> probabilities`, compiled."""

  def probabilities(params: Params, images: Array) -> Array:
    return jax.nn.softmax(parts.classify(params, as_floats(images)).logits)

  return jit(probabilities)


def _judge(
  classify: Any, params: Params, sample: Sample, rows: np.ndarray
) -> list[dict[str, Any]]:
  names = sample.dataset.class_names
  found = in_parts(
    lambda images: classify(params, images), sample.dataset.images[rows]
  )
  return [
    {
      'file': sample.paths[row],
      'truth': names[sample.dataset.labels[row]],
      'label': names[own.argmax()],
      'confidence': round(float(own.max()), 4),
    }
    for row, own in zip(rows, found, strict=True)
  ]


def _result(plan: Plan, sample: Sample, name: str) -> Result:
  """The accuracy of all pictures, each judged by a model that never saw it."""
  files = plan.files
  found = record.read_json(files.workdir / cross_validation.FILE)
  entries = [entry for fold in found.values() for entry in fold]
  right = sum(entry['truth'] == entry['label'] for entry in entries)
  # This interval is not symmetric: it has its ends, and no half of it.
  low, high = cross_validation.wilson(right, len(entries))
  result = Result(
    'small-sample',
    'accuracy',
    right / len(entries),
    name,
    len(entries),
    'images',
    protocol={
      'classes': len(sample.dataset.class_names),
      'folds': len(found),
      'low': low,
      'high': high,
    },
    steps=plan.recipe.steps,
    note='cross-validation',
  )
  page = {
    'results': [to_json(result)],
    'hardware': record.hardware(),
    'precision': 'float32',
  }
  record.write_json(files.workdir / 'results.json', page)
  return result


def _export(
  plan: Plan, dataset: Dataset, params: Params, result: Result
) -> Path:
  """Writes the model; that of an earlier start, whole or not, is replaced."""
  folder = plan.files.workdir / MODEL
  shutil.rmtree(folder, ignore_errors=True)
  card = small_sample.card_of(
    plan.recipe,
    dataset.shape,
    dataset.class_names,
    invert=plan.ink,
    seed=plan.seed,
  )
  card['training'] |= {
    'run': result.name,
    'images': len(dataset.images),
    'data': result.dataset,
  }
  card['accuracy'] = [to_json(result)]
  return models.save_model(folder, Model(card, jax.device_get(params)))


def _account(result: Result) -> list[str]:
  told = result.protocol
  return [
    f'Accuracy to expect: {100 * result.value:.1f} %, in a 95 % interval of '
    f'{100 * told["low"]:.1f} to {100 * told["high"]:.1f} %, from '
    f'{told["folds"]}-fold cross-validation of {result.n} pictures.'
  ]
