"""Interpolative autoencoders: training on one kind of images, use on another.

An autoencoder learns without labels. What it gives back of images like those of
its training, and of others, is measured (table 1 of the paper), and two images
of a class that it never saw are interpolated (figure 6).
"""

from typing import NamedTuple

import jax.numpy as jnp

from experiments.components.data import image_shape
from experiments.components.images import IMAGES, name_of
from experiments.components.orders import (
  check_batch,
  orders_of,
  reads_labels,
)
from experiments.components.parts import Sections, check_sections, make
from experiments.pages import report, sections
from experiments.run.config import (
  BadConfig,
  Config,
  Settings,
  require,
  require_filled,
  require_shared,
)
from experiments.run.record import Record
from experiments.run.results import Result
from experiments.run.run import Places, Run, System
from experiments.stages import (
  few_shot_generation,
  generator,
  interpolation,
  reconstruction,
)
from experiments.stages.evaluation import write_results
from lasium_jax.data import Splits
from lasium_jax.models.build import GENERATORS, make_generator
from lasium_jax.settings import Part
from lasium_jax.types import Generator, Params, Trainer, TrainingSet

# Judged on: images like those of training, then of classes never seen.
JUDGED = ('held_out_data', 'evaluation_data')
EVALUATION = Part(reconstruction.measure, given=('steps',))
FEW_SHOT_GENERATION = Part(few_shot_generation.show, given=('labels',))
SECTIONS: Sections = {
  'data': IMAGES,
  'held_out_data': IMAGES,
  'evaluation_data': IMAGES,
  'generator': GENERATORS,
  'generator_training': Part(generator.train),
  'evaluation': EVALUATION,
  'interpolation': Part(interpolation.show),
  'few_shot_generation': FEW_SHOT_GENERATION,
}
# What a stage asks of the generator, in words, by the stage's section.
NEEDS = {
  'evaluation': ('encode', 'no encoder'),
  'interpolation': ('encode', 'no encoder'),
  'few_shot_generation': ('sample_like', 'no way to draw more of a class'),
}

PAGE = {
  'Results': sections.metrics_table,
  'Interpolations': sections.stage_pictures(interpolation.NAME),
  'New images of classes never seen': sections.stage_pictures(
    few_shot_generation.NAME
  ),
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
    model: the autoencoder.
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
  require(settings, 'seeds', settings['seeds'] == 1, '1: one model is trained')
  require_shared(settings, 'generator_training.batch_size')
  check_batch(settings)
  for section in JUDGED:
    for name in ('size', 'channels', 'invert'):
      value = settings['data'][name]
      same = settings[section][name] == value
      wanted = f'config.data.{name}, {value!r}'
      require(settings, f'{section}.{name}', same, wanted)
  shape = image_shape(settings)
  model, trainer = make_generator(settings['generator'], shape)
  for section, (field, lack) in NEEDS.items():
    if section in settings and getattr(model, field) is None:
      raise BadConfig(
        f'config.generator.name is {settings["generator"]["name"]!r}, which '
        f'has {lack}; config.{section} needs one.'
      )
  return Parts(settings, model, trainer)


def ready(parts: Parts, files: Record) -> None:
  """Sees that a generator that is to be borrowed is the one that is meant."""
  generator.check_borrowed(parts.settings)


def read(settings: Settings, places: Places) -> Splits:
  """Training images; held-out ones like them; those of classes never seen."""
  splits = Splits(
    *(
      make(IMAGES, settings[section], places=places)
      for section in ('data', *JUDGED)
    )
  )
  images = len(splits.train.images)
  require_filled(settings, 'generator_training.batch_size', images)
  generator.check_borrowed_data(settings, splits)
  return splits


def work(run: Run, parts: Parts) -> None:
  """The generator is trained and judged; the page is written."""
  settings = parts.settings
  params = generator.train(
    run, _learning(run, parts), **settings['generator_training']
  )
  results: list[Result] = []
  if 'evaluation' in settings:
    results = _reconstructed(run, parts, params)
  if 'interpolation' in settings:
    interpolation.show(
      run, parts.model, params, run.splits.test, **settings['interpolation']
    )
  if 'few_shot_generation' in settings:
    few_shot_generation.show(
      run,
      parts.model,
      params,
      run.splits.test,
      labels=reads_labels(settings['generator']),
      **settings['few_shot_generation'],
    )
  write_results(run, results)
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


def _reconstructed(run: Run, parts: Parts, params: Params) -> list[Result]:
  settings = parts.settings
  return [
    reconstruction.measure(
      run,
      parts.model,
      params,
      judged,
      steps=settings['generator_training']['steps'],
      **settings['evaluation'],
    )
    for judged in _judged(run, settings)
  ]


def _judged(run: Run, settings: Settings) -> list[reconstruction.Judged]:
  return [
    reconstruction.Judged(
      images,
      name_of(settings[section]),
      {
        'trained on': name_of(settings['data']),
        'split': settings[section]['split'],
        'classes': len(images.class_names),
      },
    )
    for section, images in zip(
      JUDGED, (run.splits.validation, run.splits.test), strict=True
    )
  ]


def trained(settings: Settings, files: Record) -> Params:
  """The autoencoder's parameters, found without the data.

  Raises:
    FileNotFoundError: if its training has not come to its end.
  """
  trainer = build(settings).trainer
  return generator.trained(trainer, files, **settings['generator_training'])


def system() -> System:
  """What experiments/interpolative.py starts."""
  return System('interpolative', complete, build, ready, read, work)
