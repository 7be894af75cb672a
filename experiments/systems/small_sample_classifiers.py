"""Classifiers of real images, of made ones and of both, in as many steps."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import optax

from experiments.components.batches import OF_A_SAMPLE
from experiments.components.data import image_shape
from experiments.components.parts import make
from experiments.run.config import Settings
from experiments.run.members import members
from experiments.run.record import Record
from experiments.run.results import ON_MADE, SCORE, Result
from experiments.run.run import Run
from experiments.stages import classifier, training
from experiments.systems.cola_checks import is_unlabeled
from lasium_jax.data.dataset import Dataset
from lasium_jax.models.build import make_classifier
from lasium_jax.settings import Part
from lasium_jax.types import (
  Augment,
  ClassifyFn,
  Generator,
  Params,
  Trainer,
  TrainingSet,
)

# Batches are filled with few images, so that there is no set of a class.
TRAINING = Part(classifier.train, given=('set_size',))
MIXED = 'mixed'
REAL = 'real'


class Diet(NamedTuple):
  """What a classifier learns from.

  Attributes:
    part: which of the three it is.
    share: of each batch that is made; None is the config's.
    metric: what its accuracy is called.
    name: of its results; '' is the run's.
    note: in a few words.
  """

  part: str
  share: float | None
  metric: str
  name: str
  note: str


DIETS = (
  Diet(MIXED, None, 'accuracy', '', 'trained on real and made images'),
  Diet(REAL, 0.0, 'accuracy', 'real', 'trained on the real images alone'),
  Diet(
    'made',
    1.0,
    SCORE,
    '',
    'trained on made images alone',
  ),
)


class Drawing(NamedTuple):
  """A trained generator, and images that it has drawn.

  Attributes:
    model: with `sample_class`.
    params: its parameters.
    drawn: images of each class.
  """

  model: Generator
  params: Params
  drawn: Dataset


def train_all(
  run: Run,
  settings: Settings,
  drawing: Drawing,
  optimizer: optax.GradientTransformation,
  *,
  augment: Augment | None,
  told: Mapping[str, Any],
) -> list[Result]:
  """Trains and tests a classifier on each diet, without labels on made images.

  Args:
    run: whose members differ in their seeds alone. Of one seed all three begin
      with the same weights and meet real images in the same order.
    settings: of the run.
    drawing: what makes images, and some on which the classifier of real ones
      is tested too.
    optimizer: of each.
    augment: what is done to real images, or None.
    told: what results say of what was learned from.

  Returns:
    The results.
  """
  train, results = run.splits.train, []
  classes = len(train.class_names)
  classify, trainer = classifier_of(settings, classes, optimizer)
  for diet in _diets(settings):
    batch_fn = make(
      OF_A_SAMPLE,
      _batches(settings, diet),
      generator=drawing.model,
      classes=classes,
      augment=augment,
    )
    classifying = classifier.Classifying(
      classify,
      trainer,
      TrainingSet(train.images, jnp.asarray(train.labels)),
      batch_fn,
      drawing.params,
      run.splits.test,
      {**told, **_told_of_made(settings, diet)},
      diet.part,
      diet.name,
      diet.metric,
      diet.note,
    )
    params = classifier.train(run, classifying, **settings['training'])
    steps = settings['training']['steps']
    results += classifier.results_of(run, classifying, params, steps)
    if diet.part == REAL:
      on_made = classifying._replace(
        test=drawing.drawn, metric=ON_MADE, name=''
      )
      results += classifier.results_of(run, on_made, params, steps)
  return results


def _diets(settings: Settings) -> Sequence[Diet]:
  """Real images of clusters are of no known class."""
  return DIETS[-1:] if is_unlabeled(settings) else DIETS


def _batches(settings: Settings, diet: Diet) -> Settings:
  """The section of a diet's batches."""
  section = settings['batches']
  if diet.share is None or section['name'] == 'made_alone':
    return section
  return {**section, 'share': diet.share}


def told_of(settings: Settings) -> dict[str, int]:
  """What results say of the sample."""
  sample = settings['small_sample']
  return {'images a class': sample['shots'], 'sample': sample['split_seed']}


def _told_of_made(settings: Settings, diet: Diet) -> dict[str, int]:
  """What results say besides where made images are of a fixed set."""
  made = settings['batches']['made']
  return {'made images a class': made} if made and diet.part != REAL else {}


def classifier_of(
  settings: Settings, classes: int, optimizer: optax.GradientTransformation
) -> tuple[ClassifyFn, Trainer]:
  """The classifier of a run, and what trains it."""
  return make_classifier(
    settings['classifier'], classes, image_shape(settings), optimizer
  )


def trained(
  settings: Settings,
  files: Record,
  classes: int,
  optimizer: optax.GradientTransformation,
  part: str = MIXED,
) -> Params:
  """The first member's parameters, found without the data.

  Args:
    settings: of the run.
    files: likewise.
    classes: how many it has.
    optimizer: that it was trained by.
    part: which of `DIETS` it learned from.

  Returns:
    The parameters.

  Raises:
    FileNotFoundError: if its training has not come to its end.
  """
  _, trainer = classifier_of(settings, classes, optimizer)
  params = training.left_behind(
    trainer,
    files,
    classifier.stage_name(part),
    steps=settings['training']['steps'],
    members=len(members(settings)),
  )
  return params[0]
