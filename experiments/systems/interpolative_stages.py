"""What is measured of a generator with an encoder, stage by stage."""

from experiments.components.images import name_of
from experiments.run.config import Settings
from experiments.run.results import Result
from experiments.run.run import Run
from experiments.stages import (
  inversion,
  known_interpolants,
  quality,
  reconstruction,
)
from experiments.stages.inversion import Trained
from experiments.systems.features import embedding_of

# Judged on: images like those of training, then of classes never seen.
JUDGED = ('held_out_data', 'evaluation_data')


def measured(run: Run, settings: Settings, subject: Trained) -> list[Result]:
  """What is measured of a generator with an encoder."""
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
    embedding = embedding_of(settings)
    results += quality.measure(
      run, *subject, embedding, novel, steps=steps, **settings['quality']
    )
  if 'known_interpolants' in settings:
    results += known_interpolants.measure(
      run, *subject, novel, steps=steps, **settings['known_interpolants']
    )
  return results


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
