"""What is measured of a generator, stage by stage."""

from experiments.components.images import name_of
from experiments.run.config import Settings
from experiments.run.results import Result
from experiments.run.run import Run
from experiments.stages import (
  inversion,
  known_interpolants,
  new_images,
  quality,
  reconstruction,
)
from experiments.stages.inversion import Trained
from experiments.systems.features import embedding_of
from lasium_jax.latents import few_shot, mixtures
from lasium_jax.types import Generator

# Judged on: images like those of training, then of classes never seen.
JUDGED = ('held_out_data', 'evaluation_data')


def measured(run: Run, settings: Settings, subject: Trained) -> list[Result]:
  """What is measured of a generator, as far as its config asks for it."""
  steps = settings['generator_training']['steps']
  novel = name_of(settings['evaluation_data'])
  all_judged = _judged(run, settings)
  results: list[Result] = []
  if 'evaluation' in settings:
    results += [
      reconstruction.measure(
        run, *subject, judged, steps=steps, **settings['evaluation']
      )
      for judged in all_judged
    ]
    reconstruction.show(run, *subject, all_judged)
  if 'search' in settings:
    results += [
      inversion.search(run, *subject, judged, steps=steps, **settings['search'])
      for judged in all_judged
    ]
  if 'quality' in settings:
    embedding, asked = embedding_of(settings), settings['quality']
    if subject.model.encode is not None:
      results += quality.measure(
        run, *subject, embedding, novel, steps=steps, **asked
      )
    results += new_images.measure(
      run,
      drawing_like(subject.model),
      subject.params,
      embedding,
      novel,
      steps=steps,
      seeds=settings['few_shot_generation']['seeds'],
      **asked,
    )
  if 'known_interpolants' in settings:
    results += known_interpolants.measure(
      run, *subject, novel, steps=steps, **settings['known_interpolants']
    )
  return results


def drawing_like(model: Generator) -> Generator:
  """A generator that draws more of a class: it mixes codes, if it has any."""
  return few_shot(model, mixtures()) if model.encode else model


def _judged(run: Run, settings: Settings) -> list[reconstruction.Judged]:
  """Held-out images, novel ones, and the held-out ones inverted (figure 4)."""
  held_out, novel = (
    reconstruction.Judged(
      images,
      name_of(settings[section]),
      {
        'trained on': name_of(settings['data']),
        'training images': len(run.splits.train.images),
        'split': settings[section]['split'],
        **_part(settings[section]),
        'classes': len(images.class_names),
      },
    )
    for section, images in zip(
      JUDGED, (run.splits.validation, run.splits.test), strict=True
    )
  )
  return [held_out, novel, reconstruction.inverted(held_out)]


def _part(section: Settings) -> dict[str, str]:
  """Which half of a split it is, where it is a half."""
  part = section.get('part', 'all')
  return {} if part == 'all' else {'part': part}
