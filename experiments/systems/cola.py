"""COLA: images made of very small samples, and classifiers that learn of them.

A generator is trained on a few images of each class. Three classifiers follow,
in as many steps each: of the real images, of images that the generator makes,
and of both. All are tested on real images (COLA, section 6). A run without
labels finds clusters first, which are then the generator's classes, or, of GLO,
in the codes that are trained, and its one classifier learns of made images.
"""

from typing import Any, NamedTuple

import numpy as np
import optax

from experiments.components.batches import OF_A_SAMPLE
from experiments.components.crops import CROPS
from experiments.components.data import image_shape
from experiments.components.images import IMAGES
from experiments.components.measures import MEASURE, weights_of
from experiments.components.optimizers import OPTIMIZERS
from experiments.components.parts import (
  Sections,
  check_sections,
  make,
  make_part,
)
from experiments.components.small_sample import small_sample
from experiments.pages import report, sections
from experiments.run.config import (
  BadConfig,
  Config,
  Settings,
  require_same,
  require_shared,
)
from experiments.run.record import Record
from experiments.run.run import Places, Run, System
from experiments.stages import (
  class_quality,
  class_samples,
  generator,
)
from experiments.stages.evaluation import write_results
from experiments.systems import (
  clustered_images,
  code_clusters,
  cola_generator,
)
from experiments.systems import small_sample_classifiers as classifiers
from experiments.systems.clustered_images import are_clustered
from experiments.systems.cola_checks import (
  CLASSES,
  check_batches,
  check_classes,
  check_generator,
  check_margin,
  check_own_clusters,
  class_count,
  image_count,
  is_unlabeled,
)
from experiments.systems.features import embedding_of
from lasium_jax.data import Splits
from lasium_jax.data.dataset import select_classes
from lasium_jax.models.build import CLASSIFIERS, GENERATORS, make_generator
from lasium_jax.settings import Part
from lasium_jax.types import (
  Augment,
  Generator,
  Params,
  Trainer,
)

EPOCHS = 500  # Of the generator, where no number of steps is given.
# Batches of an epoch, likewise. Rates are halved every 50 epochs: a sample that
# is one batch has as many steps as epochs, of which few have a high rate, and
# what is drawn stays blurred.
BATCHES_AN_EPOCH = 8

SMALL_SAMPLE = Part(small_sample)
TRAINING = classifiers.TRAINING
QUALITY = Part(class_quality.measure)
SECTIONS: Sections = {
  'data': IMAGES,
  'evaluation_data': IMAGES,
  'small_sample': SMALL_SAMPLE,
  'generator': {name: GENERATORS[name] for name in CLASSES},
  'measure': MEASURE,
  'generator_training': Part(generator.train),
  'samples': Part(class_samples.show),
  'quality': QUALITY,
  'classifier': CLASSIFIERS,
  'optimizer': OPTIMIZERS,
  'batches': OF_A_SAMPLE,
  'augment': CROPS,
  'training': TRAINING,
  **clustered_images.SECTIONS,
  **code_clusters.SECTIONS,
}

PAGE = {
  'Results': sections.metrics_table,
  'Images of each class': sections.stage_pictures(class_samples.NAME),
  'Training images': sections.stage_pictures(generator.NAME),
  'Training': sections.training_curves,
  'Settings': sections.settings,
  'Time and hardware': sections.times,
  'How to repeat it': sections.commands,
}


class Parts(NamedTuple):
  """What is known before the data are.

  Attributes:
    settings: that it is made of.
    model: the generator.
    clustering: what finds clusters before the generator is trained, or None.
    augment: what is done to a classifier's real images, or None.
    optimizer: of the classifiers; None in a run of an older version that has
      no labels, which is read for its generator.
  """

  settings: Settings
  model: Generator
  clustering: Trainer | None = None
  augment: Augment | None = None
  optimizer: optax.GradientTransformation | None = None


def complete(config: Config) -> Config:
  """Fills in steps of the generator's training, of the paper's 500 epochs.

  Where nothing is said of batches, an epoch has eight or some more, and each is
  of 16 to 128 images, a power of two, which several devices can share.
  Rates of the conditional GAN fall until its last step.
  """
  config = config.copy_and_resolve_references()
  how, section = config.generator_training, config.generator
  images = max(1, image_count(config))
  if are_clustered(config):
    clustered_images.complete(config, images)
  if how.batch_size is None:
    eighth = max(1, images // BATCHES_AN_EPOCH)
    how.batch_size = max(16, min(2 ** (eighth.bit_length() - 1), 128))
  if how.steps is None:
    how.steps = EPOCHS * (images // max(1, min(how.batch_size, images)))
  if 'decay_steps' in section and section.decay_steps is None:
    section.decay_steps = how.steps
  return config


def build(settings: Settings) -> Parts:
  """The parts that do not depend on the data.

  Raises:
    ValueError: if settings cannot work; the message names the field.
  """
  check_sections(settings, SECTIONS)
  check_generator(settings)
  if 'evaluation_data' in settings:
    require_same(settings, 'evaluation_data', ('size', 'channels', 'invert'))
  model, _ = make_generator(settings['generator'], image_shape(settings))
  parts = Parts(settings, model)
  if are_clustered(settings):
    check_own_clusters(settings)
    clusters = class_count(settings['generator'])
    clustering = clustered_images.build(settings, clusters)
    parts = parts._replace(clustering=clustering)
  elif is_unlabeled(settings):
    check_own_clusters(settings)
  else:
    check_margin(settings)
    parts = parts._replace(augment=make_part(CROPS, settings['augment']))
  if 'training' not in settings:  # Older runs without labels have none.
    return parts
  require_shared(settings, 'training.batch_size')
  check_batches(settings)
  optimizer = make(
    OPTIMIZERS, settings['optimizer'], steps=settings['training']['steps']
  )
  return parts._replace(optimizer=optimizer)


def ready(parts: Parts, files: Record) -> None:
  """Sees that a generator that was trained elsewhere is the one meant."""
  del files
  generator.check_borrowed(parts.settings)
  embedding_of(parts.settings)
  weights_of(parts.settings)


def read(settings: Settings, places: Places) -> Splits:
  """The sample that is learned from, and real images for the test.

  Raises:
    BadConfig: if there are too few images, or other numbers of classes.
  """
  images, test = make(IMAGES, settings['data'], places=places), None
  if 'evaluation_data' in settings:
    test = make(IMAGES, settings['evaluation_data'], places=places)
  few, test = small_sample(images, test, **settings['small_sample'])
  check_classes(settings, len(few.class_names))
  splits = Splits(few, select_classes(few, np.arange(0)), test)
  generator.check_borrowed_data(settings, splits)
  if 'quality' in settings:  # Figures are drawn of older runs, too.
    classes = class_count(settings['generator'])
    class_quality.check_images(test, classes, **settings['quality'])
  return splits


def work(run: Run, parts: Parts) -> None:
  """A generator is trained and drawn of; clusters or classifiers are judged."""
  settings = parts.settings
  sample = classifiers.told_of(settings)
  told: dict[str, Any] = {**sample}
  classes = class_count(settings['generator'])
  unlabeled = is_unlabeled(settings)
  if unlabeled:
    told |= clustered_images.matching(classes, len(run.splits.test.class_names))
  run, params, results = cola_generator.train(
    run, settings, parts.model, parts.clustering, told
  )
  noun = 'cluster' if unlabeled else 'class'
  class_samples.show(run, parts.model, params, noun, **settings['samples'])
  quality = settings['quality']
  drawn = class_quality.made(
    *(run, parts.model, params, classes),
    images=quality['images'],
    draws=quality['draws'],
  )
  assert parts.optimizer is not None
  drawing = classifiers.Drawing(parts.model, params, drawn[0])
  results += classifiers.train_all(
    *(run, settings, drawing, parts.optimizer),
    augment=parts.augment,
    told=told,
  )
  learned = class_quality.Told(settings['generator_training']['steps'], sample)
  results += class_quality.measure(
    run, drawn, embedding_of(settings), learned, **quality
  )
  write_results(run, results)
  print(f'Report: {report.write_report(run.files.workdir, PAGE)}')


def trained_classifier(
  settings: Settings, files: Record, part: str = classifiers.MIXED
) -> tuple[Params, int]:
  """The first member's that learned of a part; and how many classes it has.

  Raises:
    BadConfig: if the run has none, as it has no labels.
    FileNotFoundError: if its training has not come to its end.
  """
  optimizer = build(settings).optimizer
  if is_unlabeled(settings) or optimizer is None:
    raise BadConfig(
      f'The run {settings["name"]!r} has no labels, and so its classifier is '
      'one of clusters; export its generator (--what=generator).'
    )
  classes = class_count(settings['generator'])
  params = classifiers.trained(settings, files, classes, optimizer, part)
  return params, classes


def system() -> System:
  """What experiments/cola.py starts."""
  return System('cola', complete, build, ready, read, work)
