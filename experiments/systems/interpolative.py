"""Interpolative autoencoders: training on one kind of images, use on another.

An autoencoder learns without labels. What it gives back of images like those of
its training, and of others, is measured (table 1 of the paper), and two images
of a class that it never saw are interpolated (figure 6).
"""

from typing import NamedTuple

from experiments.components.data import image_shape
from experiments.components.images import IMAGES, name_of
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
from experiments.run.run import Places, Run, System
from experiments.stages import (
  generator,
  interpolation,
  known_interpolants,
  quality,
  reconstruction,
  seeds,
)
from experiments.stages.evaluation import write_results
from experiments.systems.features import embedding_of
from lasium_jax.data import Splits
from lasium_jax.models.build import GENERATORS, make_generator
from lasium_jax.settings import Part
from lasium_jax.types import Generator, Params, Trainer, TrainingSet

# Judged on: images like those of training, then of classes never seen.
JUDGED = ('held_out_data', 'evaluation_data')
EVALUATION = Part(reconstruction.measure, given=('steps',))
QUALITY = Part(quality.measure, given=('steps',))
INTERPOLANTS = Part(known_interpolants.measure, given=('steps',))
SECTIONS: Sections = {
  'data': IMAGES,
  'held_out_data': IMAGES,
  'evaluation_data': IMAGES,
  'generator': GENERATORS,
  'generator_training': Part(generator.train),
  'evaluation': EVALUATION,
  'interpolation': Part(interpolation.show),
  'quality': QUALITY,
  'known_interpolants': INTERPOLANTS,
}

PAGE = {
  'Results': sections.metrics_table,
  'What was not measured': sections.left_out,
  'Interpolations': sections.stage_pictures(interpolation.NAME),
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
  for section in JUDGED:
    for name in ('size', 'channels', 'invert'):
      value = settings['data'][name]
      same = settings[section][name] == value
      wanted = f'config.data.{name}, {value!r}'
      require(settings, f'{section}.{name}', same, wanted)
  shape = image_shape(settings)
  model, trainer = make_generator(settings['generator'], shape)
  if model.encode is None:
    raise BadConfig(
      f'config.generator.name is {settings["generator"]["name"]!r}, which has '
      'no encoder; what it gives back of an image cannot be measured.'
    )
  return Parts(settings, model, trainer)


def ready(parts: Parts, files: Record) -> None:
  """Sees that what was trained elsewhere is there, and is what is meant."""
  generator.check_borrowed(parts.settings)
  embedding_of(parts.settings)


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
  seeds.check_images(splits.test, **settings['quality'])
  return splits


def work(run: Run, parts: Parts) -> None:
  """The autoencoder is trained and judged; the page is written."""
  settings = parts.settings
  learning = generator.Learning(
    parts.model,
    parts.trainer,
    TrainingSet(run.splits.train.images),  # Without their labels.
    units=generator.units_of(settings['generator']),
  )
  params = generator.train(run, learning, **settings['generator_training'])
  all_judged = _judged(run, settings)
  steps = settings['generator_training']['steps']
  results = [
    reconstruction.measure(
      run,
      parts.model,
      params,
      judged,
      steps=steps,
      **settings['evaluation'],
    )
    for judged in all_judged
  ]
  reconstruction.show(run, parts.model, params, all_judged)
  novel = name_of(settings['evaluation_data'])
  results += quality.measure(
    run,
    parts.model,
    params,
    embedding_of(settings),
    novel,
    steps=steps,
    **settings['quality'],
  )
  results += known_interpolants.measure(
    run,
    parts.model,
    params,
    novel,
    steps=steps,
    **settings['known_interpolants'],
  )
  interpolation.show(
    run, parts.model, params, run.splits.test, **settings['interpolation']
  )
  write_results(run, results)
  print(f'Report: {report.write_report(run.files.workdir, PAGE)}')


def _judged(run: Run, settings: Settings) -> list[reconstruction.Judged]:
  """Held-out images, novel ones, and the held-out ones inverted (figure 4)."""
  held_out, novel = (
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
  )
  return [held_out, novel, reconstruction.inverted(held_out)]


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
