"""An ordinary classifier of the training characters, all labels seen.

Its features later tell of a generated character which one it is.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import optax

from experiments.components.batches import BATCHES
from experiments.components.data import image_shape
from experiments.components.folders import Needs
from experiments.components.images import LABELED
from experiments.components.optimizers import OPTIMIZERS
from experiments.components.parts import (
  Sections,
  check_needs,
  check_sections,
  make,
  needs,
)
from experiments.components.tasks import AUGMENTATION, augment_of
from experiments.pages import report, sections
from experiments.run.config import (
  BadConfig,
  Config,
  Settings,
  require,
  require_filled,
  require_shared,
)
from experiments.run.members import members
from experiments.run.record import Record
from experiments.run.results import read_results
from experiments.run.run import Places, Run, System
from experiments.stages import borrowed, classifier, training
from experiments.stages.evaluation import write_results
from lasium_jax.data import Splits
from lasium_jax.data.dataset import (
  Dataset,
  class_counts,
  select_classes,
  select_images,
)
from lasium_jax.data.splits import divided, few_of_each
from lasium_jax.models.build import CLASSIFIERS, make_classifier
from lasium_jax.settings import Count, Part, Seed, Share, Whole, defaults
from lasium_jax.types import (
  Augment,
  BatchFn,
  ClassifyFn,
  Params,
  Trainer,
  TrainingSet,
)


def loss(*, label_smoothing: Share = 0.0) -> float:
  """How much of each label is given to all classes alike."""
  return label_smoothing


def held_out(
  dataset: Dataset,
  *,
  drawings: Count = 4,
  share: Share = 0.0,
  shots: Whole = 0,
  split_seed: Seed = 0,
) -> tuple[Dataset, Dataset]:
  """Images to train on, and others of the same classes for the test.

  Args:
    dataset: all of them.
    drawings: how many of each class are kept for the test: its last.
    share: if it is more than 0, this share of each class instead, at random.
    shots: if it is more than 0, all but so many of each class, at random: a
      test of what can be learned from little.
    split_seed: of these choices, whatever the seeds of the run.

  Returns:
    Those to train on, and those for the test.

  Raises:
    ValueError: if a class has too few images, or both are more than 0.
  """
  if share and shots:
    raise BadConfig(
      f'config.held_out.share is {share} and shots {shots}: one of them must '
      'be 0.'
    )
  if shots:
    return few_of_each(dataset, shots, seed=split_seed)
  if share:
    test, train = divided(dataset, share, seed=split_seed)
    return train, test
  return split_images(dataset, drawings)


SECTIONS: Sections = {
  'data': LABELED,
  'held_out': Part(held_out),
  'classifier': CLASSIFIERS,
  'loss': Part(loss),
  'optimizer': OPTIMIZERS,
  'batches': BATCHES,
  'augment': AUGMENTATION,
  'borrowed': Part(borrowed.borrow),
  'training': Part(classifier.train),
}
# What a batch function may ask for.
AVAILABLE = ('augment', 'classes', 'generator')


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
    augment: what is done to images, or None.
    optimizer: of the network.
  """

  settings: Settings
  augment: Augment | None
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
  how = defaults(Part(classifier.train)) | settings['training']
  require(
    settings,
    'training.batch_size',
    how['batch_size'] % how['set_size'] == 0,
    f'a multiple of config.training.set_size, {how["set_size"]}',
  )
  augment = augment_of(settings, 'augment')
  _check_batches(settings, augment)
  optimizer = make(
    OPTIMIZERS, settings['optimizer'], steps=settings['training']['steps']
  )
  return Parts(settings, augment, optimizer)


def _check_batches(settings: Settings, augment: Augment | None) -> None:
  """That the run has what its batch function makes batches of."""
  batches = settings['batches']['name']
  check_needs(BATCHES[batches], AVAILABLE)
  augments = 'augment' in needs(BATCHES[batches])
  may_not = 'augment' in BATCHES[batches].given
  if augments != (augment is not None) and not may_not:
    raise BadConfig(
      f'config.batches.name is {batches!r}, which '
      f'{"augments" if augments else "does not augment"} images, and '
      f'config.augment {"leaves them as they are" if augments else "would"}: '
      f'set config.augment.shift{"" if augments else " to (0, 0)"}.'
    )
  generates = 'generator' in needs(BATCHES[batches])
  if generates != ('borrowed' in settings):
    raise BadConfig(
      f'config.batches.name is {batches!r}, which '
      f'{"takes" if generates else "takes no"} images from a generator, and '
      f'the config has {"no" if generates else "a"} section `borrowed` that '
      "names one. Choose both by the config's argument, such as "
      'configs/recognizer/emnist.py:interpolative.'
    )
  if generates:
    require(
      settings,
      'borrowed.folder',
      bool(settings['borrowed']['folder']),
      'the workdir of a run of experiments/interpolative.py, or a generator '
      'that experiments/export.py made of one',
    )


def ready(parts: Parts, files: Record) -> None:
  """Sees that a generator that is to be borrowed is one that can be used."""
  del files
  _borrowed(parts.settings)


def _borrowed(settings: Settings) -> borrowed.Borrowed | None:
  """The generator of the batch function; None if it needs none.

  Raises:
    BadConfig: if it may have learned from the images of this run, or as
      `borrowed.borrow`.
  """
  if 'borrowed' not in settings:
    return None
  lent = borrowed.borrow(image_shape(settings), **settings['borrowed'])
  borrowed.require_unseen(
    lent,
    settings['data'],
    'config.data',
    settings['borrowed']['folder'],
    f'The text at the top of {settings["file"]} says which to train.',
  )
  return lent


def read(settings: Settings, places: Places) -> Splits:
  """The training classes, some images of each held out for the test."""
  needed = Needs(1, 0, 0, settings['device_bytes'])
  found = make(LABELED, settings['data'], places=places, needs=needed)
  dataset = found.train if isinstance(found, Splits) else found
  train, test = held_out(dataset, **settings['held_out'])
  require_filled(settings, 'training.batch_size', len(train.images))
  nothing = select_classes(train, np.arange(0))
  return Splits(train, nothing, test)


def split_images(dataset: Dataset, count: int) -> tuple[Dataset, Dataset]:
  """The last `count` images of each class apart from the others.

  Raises:
    BadConfig: if a class would have none left.
  """
  counts = class_counts(dataset)
  if counts.min() <= count:
    smallest = dataset.class_names[int(counts.argmin())]
    raise BadConfig(
      f'config.held_out.drawings is {count}, and class {smallest!r} has '
      f'{counts.min()} images: none would be left to train on. Lower it.'
    )
  ends = np.cumsum(counts)
  last = ends[dataset.labels] - np.arange(len(dataset.labels)) <= count
  return select_images(dataset, ~last), select_images(dataset, last)


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
  classes = len(train.class_names)
  classify, trainer = classifier_of(parts, classes)
  lent = _borrowed(settings)
  batch_fn: BatchFn = make(
    BATCHES,
    settings['batches'],
    augment=parts.augment,
    classes=classes,
    generator=lent and lent.model,
  )
  classifying = classifier.Classifying(
    classify,
    trainer,
    TrainingSet(train.images, jnp.asarray(train.labels)),
    batch_fn,
    lent.params if lent else (),
    run.splits.test,
    borrowed.told(lent) if lent else {},
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
