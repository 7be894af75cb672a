"""An ordinary classifier of the training characters, all labels seen.

Its features later tell of a generated character which one it is.
"""

from inspect import signature
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import optax

from experiments.components.batches import BATCHES
from experiments.components.data import DATA, image_shape
from experiments.components.folders import Needs
from experiments.components.optimizers import OPTIMIZERS
from experiments.components.parts import (
  Sections,
  check_sections,
  make,
  make_part,
)
from experiments.components.tasks import AUGMENTATION
from experiments.pages import report, sections
from experiments.run.config import (
  BadConfig,
  Config,
  Settings,
  require_filled,
  require_shared,
)
from experiments.run.members import members
from experiments.run.record import Record
from experiments.run.results import read_results
from experiments.run.run import Places, Run, System
from experiments.stages import classifier, training
from experiments.stages.evaluation import write_results
from lasium_jax.data import Splits
from lasium_jax.data.dataset import Dataset, select_classes
from lasium_jax.models.build import CLASSIFIERS, make_classifier
from lasium_jax.settings import Count, Part, Share
from lasium_jax.types import BatchFn, ClassifyFn, Params, Trainer, TrainingSet


def loss(*, label_smoothing: Share = 0.0) -> float:
  """How much of each label is given to all classes alike."""
  return label_smoothing


def held_out(*, drawings: Count = 4) -> int:
  """How many images of each class are kept for the test."""
  return drawings


SECTIONS: Sections = {
  'data': DATA,
  'held_out': Part(held_out),
  'classifier': CLASSIFIERS,
  'loss': Part(loss),
  'optimizer': OPTIMIZERS,
  'batches': BATCHES,
  'augment': AUGMENTATION,
  'training': Part(classifier.train),
}


PAGE = {
  'Results': sections.metrics_table,
  'Training': sections.training_curves,
  'Settings': sections.settings,
  'Time and hardware': sections.times,
  'How to repeat it': sections.commands,
}


class Parts(NamedTuple):
  """What is known before the data are.

  Attributes:
    settings: that it is made of.
    batch_fn: what becomes of a batch.
    optimizer: of the network.
  """

  settings: Settings
  batch_fn: BatchFn
  optimizer: optax.GradientTransformation


def complete(config: Config) -> Config:
  """Nothing is left to other fields."""
  return config


def build(settings: Settings) -> Parts:
  """The parts that do not depend on the data.

  Raises:
    ValueError: if settings cannot work; the message names the field.
  """
  check_sections(settings, SECTIONS)
  require_shared(settings, 'training.batch_size')
  augment = make_part(AUGMENTATION, settings['augment'])
  batches = settings['batches']['name']
  augments = 'augment' in signature(BATCHES[batches].make).parameters
  if augments != (augment is not None):
    raise BadConfig(
      f'config.batches.name is {batches!r}, which '
      f'{"augments" if augments else "does not augment"} images, and '
      f'config.augment {"leaves them as they are" if augments else "would"}: '
      f'set config.augment.shift{"" if augments else " to (0, 0)"}.'
    )
  batch_fn: BatchFn = make(BATCHES, settings['batches'], augment=augment)
  optimizer = make(
    OPTIMIZERS, settings['optimizer'], steps=settings['training']['steps']
  )
  return Parts(settings, batch_fn, optimizer)


def ready(parts: Parts, files: Record) -> None:
  """The work begins with nothing but data."""


def read(settings: Settings, places: Places) -> Splits:
  """The training classes, some images of each held out for the test."""
  needs = Needs(1, 0, 0, settings['device_bytes'])
  splits: Splits = make(DATA, settings['data'], places=places, needs=needs)
  count = settings['held_out']['drawings']
  train, test = split_images(splits.train, count)
  require_filled(settings, 'training.batch_size', len(train.images))
  nothing = select_classes(train, np.arange(0))
  return Splits(train, nothing, test)


def split_images(dataset: Dataset, count: int) -> tuple[Dataset, Dataset]:
  """The last `count` images of each class apart from the others.

  Raises:
    BadConfig: if a class would have none left.
  """
  counts = np.bincount(dataset.labels, minlength=len(dataset.class_names))
  if counts.min() <= count:
    smallest = dataset.class_names[int(counts.argmin())]
    raise BadConfig(
      f'config.held_out.drawings is {count}, and class {smallest!r} has '
      f'{counts.min()} images: none would be left to train on. Lower it.'
    )
  ends = np.cumsum(counts)
  last = ends[dataset.labels] - np.arange(len(dataset.labels)) <= count
  return tuple(  # type: ignore[return-value]
    Dataset(dataset.images[part], dataset.labels[part], dataset.class_names)
    for part in (~last, last)
  )


def classifier_of(parts: Parts, classes: int) -> tuple[ClassifyFn, Trainer]:
  """The classifier of so many classes, and what trains it."""
  settings = parts.settings
  return make_classifier(
    settings['classifier'],
    classes,
    image_shape(settings),
    parts.optimizer,
    label_smoothing=loss(**settings['loss']),
  )


def work(run: Run, parts: Parts) -> None:
  """The classifier is trained and tested; the page is written."""
  settings, train = parts.settings, run.splits.train
  classify, trainer = classifier_of(parts, len(train.class_names))
  classifying = classifier.Classifying(
    classify,
    trainer,
    TrainingSet(train.images, jnp.asarray(train.labels)),
    parts.batch_fn,
    (),
    run.splits.test,
  )
  params = classifier.train(run, classifying, **settings['training'])
  steps = settings['training']['steps']
  write_results(run, classifier.results_of(run, classifying, params, steps))
  print(f'Report: {report.write_report(run.files.workdir, PAGE)}')


def trained(settings: Settings, files: Record) -> tuple[Params, int]:
  """The first member's parameters and its classes, found without the data.

  Raises:
    FileNotFoundError: if the run has not come to its end.
  """
  results = read_results(files.workdir / 'results.json').get('results', [])
  if not results:
    raise FileNotFoundError(
      f'{files.workdir} has no results: the run has not come to its end.'
    )
  classes = results[0]['protocol']['classes']
  _, trainer = classifier_of(build(settings), classes)
  params = training.left_behind(
    trainer,
    files,
    classifier.NAME,
    steps=settings['training']['steps'],
    members=len(members(settings)),
  )
  return params[0], classes


def system() -> System:
  """What experiments/recognizer.py starts."""
  return System('recognizer', complete, build, ready, read, work)
