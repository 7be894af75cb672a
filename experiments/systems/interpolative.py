"""Interpolative autoencoders: training on one kind of images, use on another.

A generator learns without labels, but for two baselines. What it gives back of
images like those of its training, and of others, is measured (table 1 of the
paper); two images of a class that it never saw are interpolated (figure 6), and
new ones made of a few (figure 8).
"""

from typing import NamedTuple

import jax.numpy as jnp

from experiments.components.data import image_shape
from experiments.components.images import IMAGES
from experiments.components.orders import check_batch, orders_of, reads_labels
from experiments.components.parts import Sections, check_sections, make
from experiments.pages import report, sections
from experiments.run.config import (
  BadConfig,
  Config,
  Settings,
  require,
  require_filled,
  require_same,
  require_shared,
)
from experiments.run.record import Record
from experiments.run.run import Places, Run, System
from experiments.stages import (
  few_shot_generation,
  generator,
  interpolation,
  inversion,
  known_interpolants,
  quality,
  reconstruction,
  seeds,
)
from experiments.stages.evaluation import write_results
from experiments.stages.inversion import Trained
from experiments.systems.features import check_unseen
from experiments.systems.interpolative_stages import (
  JUDGED,
  drawing_like,
  measured,
)
from lasium_jax.data import Splits
from lasium_jax.models.build import GENERATORS, make_generator
from lasium_jax.settings import Part
from lasium_jax.types import Generator, Trainer, TrainingSet

INVERSION = Part(inversion.train, given=('shape',))
EVALUATION = Part(reconstruction.measure, given=('steps',))
SEARCH = Part(inversion.search, given=('steps',))
QUALITY = Part(quality.measure, given=('steps',))
INTERPOLANTS = Part(known_interpolants.measure, given=('steps',))
FEW_SHOT_GENERATION = Part(few_shot_generation.show, given=('labels',))
SECTIONS: Sections = {
  'data': IMAGES,
  'held_out_data': IMAGES,
  'evaluation_data': IMAGES,
  'generator': GENERATORS,
  'generator_training': Part(generator.train),
  'inversion': INVERSION,
  'evaluation': EVALUATION,
  'search': SEARCH,
  'interpolation': Part(interpolation.show),
  'quality': QUALITY,
  'known_interpolants': INTERPOLANTS,
  'few_shot_generation': FEW_SHOT_GENERATION,
}
# The sections of stages that need codes of images.
OF_CODES = ('evaluation', 'search', 'interpolation', 'known_interpolants')

PAGE = {
  'Results': sections.metrics_table,
  'What was not measured': sections.left_out,
  'Interpolations': sections.stage_pictures(interpolation.NAME),
  'New images of a class': sections.stage_pictures(few_shot_generation.NAME),
  'What is known to lie between two images': sections.known_interpolants,
  'Reconstructions': sections.stage_pictures(reconstruction.NAME),
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
    model: the generator, as it is trained.
    trainer: what fits it.
  """

  settings: Settings
  model: Generator
  trainer: Trainer


def complete(config: Config) -> Config:
  """Nothing is left to other fields."""
  return config


def build(settings: Settings) -> Parts:
  """The parts that do not depend on the data.

  Raises:
    ValueError: if settings cannot work; the message names the field.
  """
  check_sections(settings, SECTIONS)
  wanted = '1: one model is trained, and each config.seed has a run of its own'
  require(settings, 'seeds', settings['seeds'] == 1, wanted)
  for section in ('generator_training', 'inversion'):
    if section in settings:
      require_shared(settings, f'{section}.batch_size')
  check_batch(settings)
  for section in JUDGED:
    require_same(settings, section, ('size', 'channels'))
  model, trainer = make_generator(settings['generator'], image_shape(settings))
  _check_abilities(settings, model)
  return Parts(settings, model, trainer)


def _check_abilities(settings: Settings, model: Generator) -> None:
  """Sees that the generator can do what the stages ask of it."""
  name = settings['generator']['name']
  encodes = model.encode is not None or 'inversion' in settings
  if 'inversion' in settings and model.sample is None:
    raise BadConfig(
      f'config.generator.name is {name!r}, which has no prior to draw from; '
      'config.inversion needs one.'
    )
  for section in OF_CODES:
    if section in settings and not encodes:
      raise BadConfig(
        f'config.generator.name is {name!r}, which has no encoder; '
        f'config.{section} needs one.'
      )
  if not encodes and model.sample_like is None:
    raise BadConfig(
      f'config.generator.name is {name!r}, which has no way to draw more of a '
      'class; config.few_shot_generation needs one.'
    )


def ready(parts: Parts, files: Record) -> None:
  """Sees that what was trained elsewhere is there, and is what is meant."""
  generator.check_borrowed(parts.settings)
  if 'quality' in parts.settings:
    check_unseen(parts.settings)


def read(settings: Settings, places: Places) -> Splits:
  """Training images; held-out ones like them; those of classes never seen."""
  splits = Splits(
    *(
      make(IMAGES, settings[section], places=places)
      for section in ('data', *JUDGED)
    )
  )
  images = len(splits.train.images)
  for section in ('generator_training', 'inversion'):
    if section in settings:
      require_filled(settings, f'{section}.batch_size', images)
  generator.check_borrowed_data(settings, splits)
  if 'quality' in settings:
    few = settings['few_shot_generation']['seeds']
    seeds.check_images(splits.test, **settings['quality'])
    seeds.check_groups(splits.test, few, **settings['quality'])
  few_shot_generation.check_images(
    splits.test, **settings['few_shot_generation']
  )
  return splits


def work(run: Run, parts: Parts) -> None:
  """The generator is trained and judged; the page is written."""
  settings = parts.settings
  params = generator.train(
    run, _learning(run, parts), **settings['generator_training']
  )
  subject = Trained(parts.model, params)
  if 'inversion' in settings:
    subject = inversion.train(
      run, *subject, image_shape(settings), **settings['inversion']
    )
  write_results(run, measured(run, settings, subject))
  if 'interpolation' in settings:
    interpolation.show(
      run, *subject, run.splits.test, **settings['interpolation']
    )
  few_shot_generation.show(
    run,
    drawing_like(subject.model),
    subject.params,
    run.splits.test,
    labels=reads_labels(settings['generator']),
    **settings['few_shot_generation'],
  )
  print(f'Report: {report.write_report(run.files.workdir, PAGE)}')


def _learning(run: Run, parts: Parts) -> generator.Learning:
  """Training images, and their labels for a generator that reads them."""
  section, train = parts.settings['generator'], run.splits.train
  y = jnp.asarray(train.labels) if reads_labels(section) else None
  return generator.Learning(
    parts.model,
    parts.trainer,
    TrainingSet(train.images, y),
    orders_of(section),
    units=generator.units_of(section),
  )


def judged_model(settings: Settings, files: Record) -> Trained:
  """The generator as it is judged, found without the data.

  Raises:
    FileNotFoundError: if its training, or that of what inverts it, has not come
      to its end.
  """
  parts = build(settings)
  params = generator.trained(
    parts.trainer, files, **settings['generator_training']
  )
  subject = Trained(parts.model, params)
  if 'inversion' in settings:
    subject = inversion.trained(
      files, *subject, image_shape(settings), **settings['inversion']
    )
  return subject._replace(model=drawing_like(subject.model))


def system() -> System:
  """What experiments/interpolative.py starts."""
  return System('interpolative', complete, build, ready, read, work)
