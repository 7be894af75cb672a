"""Figures of COLA: of its propositions, and of runs that are finished."""

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from experiments.components.data import image_shape
from experiments.components.images import name_of
from experiments.components.optimizers import OPTIMIZERS
from experiments.components.parts import make
from experiments.pages import pictures, plots
from experiments.pages.pictures import Pixels
from experiments.pages.plots import Curve, Panel
from experiments.run import streams
from experiments.run.config import BadConfig, Settings, run_name
from experiments.run.outputs import check_files
from experiments.run.record import Record, write_json
from experiments.run.run import Places
from experiments.run.saved import saved_settings
from experiments.stages import clustered, one_gaussian, spreads
from experiments.stages.distances import Embedding, features_of
from experiments.stages.spreads import Judged, Judging, Spreading
from experiments.systems import cola, cola_generator, propositions
from experiments.systems import small_sample_classifiers as classifiers
from experiments.systems.cola_checks import (
  WITH_CODES,
  class_count,
  is_unlabeled,
)
from experiments.systems.features import embedding_at
from lasium_jax import metrics
from lasium_jax.generators import with_mixture
from lasium_jax.models.build import make_generator
from lasium_jax.types import Array, Generator


class Request(NamedTuple):
  """What a figure is drawn with.

  Attributes:
    workdir: of a run of experiments/cola.py; None where there is none.
    places: of its data.
    seed: of what is drawn.
    spreads: of the Gaussians, each 0 or more.
    columns: images of each class and spread that are shown.
    images: that are drawn of each spread, to be compared with real ones.
    steps: of each classifier that learns of drawn images.
    recognizer: in whose features images are compared, as `embedding_at` takes
      it; '' for those of the run's own classifier of real images.
  """

  workdir: Path | None
  places: Places
  seed: int = 0
  spreads: Sequence[float] = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
  columns: int = 5
  images: int = 2_000
  steps: int = 600
  recognizer: str = ''


class Drawn(NamedTuple):
  """A picture, and the numbers that belong to it."""

  picture: Pixels
  numbers: dict[str, Any]


def draw(figure: str, out: Path, request: Request) -> Path:
  """Writes a figure's PNG and JSON.

  Args:
    figure: of `FIGURES`.
    out: the files' path without their endings.
    request: what it is drawn with.

  Returns:
    The PNG file.

  Raises:
    BadConfig: if the figure needs a run and there is none, or it is of a kind
      that has no such figure, or there are too few images.
    FileNotFoundError: if a stage of the run has not come to its end.
    OSError: if the files cannot be written, before anything is read.
  """
  check_files(out, '.png', '.json')
  drawn = FIGURES[figure](request)
  png = out.with_name(f'{out.name}.png')
  pictures.save_png(png, drawn.picture)
  told = {'figure': figure, 'seed': request.seed, **drawn.numbers}
  write_json(out.with_name(f'{out.name}.json'), told)
  return png


def of_propositions(request: Request) -> Drawn:
  """When made samples help an estimator (section 4)."""
  page = propositions.page(request.seed)
  return Drawn(plots.figure(page.panels, 3), page.numbers)


def of_spreads(request: Request) -> Drawn:
  """Images of each class, of narrow Gaussians to wide ones (figure 9)."""
  settings, files = _run(request)
  spreading = _spreading(settings, files, request.spreads)
  sample = cola.read(settings, request.places).train
  if is_unlabeled(settings):
    params = cola_generator.found_clusters(settings, files)
    sample, _ = clustered.by_cluster(sample, params)
  key = streams.stream(request.seed, streams.CLASS_SAMPLES)
  ink = settings['data']['invert']
  sheet = spreads.sheet(key, spreading, sample, request.columns, ink=ink)
  return Drawn(
    sheet,
    {
      'run': run_name(settings),
      'spreads': list(request.spreads),
      'classes': list(sample.class_names),
    },
  )


def of_concentrated(request: Request) -> Drawn:
  """What the Fréchet distance misses, and a classifier sees (figure 10)."""
  settings, files = _run(request)
  if is_unlabeled(settings):
    raise BadConfig(
      f'The run {settings["name"]!r} has no labels, and so nothing that draws '
      'a class, of which a classifier could learn; --figure=spread shows what '
      'it draws of its clusters.'
    )
  optimizer = make(OPTIMIZERS, settings['optimizer'], steps=request.steps)
  classes = class_count(settings['generator'])
  classify, trainer = classifiers.classifier_of(settings, classes, optimizer)
  embedding = _embedding(settings, files, request.recognizer)
  spreading = _spreading(settings, files, request.spreads)
  real = cola.read(settings, request.places).test
  _check_images(request.images, len(real.images), classes)
  judging = Judging(
    embedding,
    real,
    classify,
    trainer,
    request.steps,
    settings['training']['batch_size'],
  )
  key = streams.stream(request.seed, streams.QUALITY)
  found, halves = spreads.judge(key, spreading, judging, request.images)
  return Drawn(
    plots.figure(_panels(found, judging, request.images), 3),
    {
      'run': run_name(settings),
      'features': embedding.name,
      'images': request.images,
      'real images of the score': len(real.images),
      'steps': request.steps,
      'batch size': judging.batch_size,
      'Fréchet distance of two halves of the real images': halves,
      'spreads': {f'{s:g}': own._asdict() for s, own in found.items()},
    },
  )


def of_one_gaussian(request: Request) -> Drawn:
  """What one Gaussian for all draws, beside one for each class (figure 1)."""
  settings, files = _run(request)
  spreading = _spreading(settings, files, [1.0])
  classes = class_count(settings['generator'])
  real = cola.read(settings, request.places).test.images
  _check_images(request.images, len(real), classes)
  model = make_generator(settings['generator'], image_shape(settings))[0]
  key = streams.stream(request.seed, streams.CLASS_SAMPLES)
  both = one_gaussian.draws(
    key, model, spreading.params, classes, request.images
  )
  kind = 'clusters' if is_unlabeled(settings) else 'classes'
  numbers = {'run': run_name(settings), kind: classes}
  if request.recognizer or not is_unlabeled(settings):
    embedding = _embedding(settings, files, request.recognizer)
    features = features_of(embedding)
    places = np.linspace(0, len(real) - 1, request.images).round().astype(int)
    of_real = features(real[places])
    numbers |= {
      'features': embedding.name,
      'images': request.images,
      'Fréchet distances to real images': {
        name: metrics.frechet_distance(of_real, features(images))
        for name, images in zip(('mixture', 'one Gaussian'), both, strict=True)
      },
    }
  ink = settings['data']['invert']
  title = f'a Gaussian for each of {classes} {kind}'
  shown = one_gaussian.sheet(both, 2 * request.columns, title, ink=ink)
  return Drawn(shown, numbers)


def _embedding(settings: Settings, files: Record, recognizer: str) -> Embedding:
  """What is named, or else the run's classifier of real images alone."""
  if recognizer:
    return embedding_at(recognizer, image_shape(settings), '--recognizer')
  optimizer = cola.build(settings).optimizer
  assert optimizer is not None
  params, classes = cola.trained_classifier(settings, files, classifiers.REAL)
  classify, _ = classifiers.classifier_of(settings, classes, optimizer)
  sample = settings['small_sample']['shots']
  name = (
    f'{settings["classifier"]["name"]} of {sample} real images a class of '
    f'{name_of(settings["data"])}'
  )
  return Embedding(name, classify, params)


def _run(request: Request) -> tuple[Settings, Record]:
  if request.workdir is None:
    raise BadConfig(
      'This figure is of a run: name a finished one of experiments/cola.py '
      'with --workdir.'
    )
  return saved_settings(request.workdir, 'cola'), Record(request.workdir, {})


def _spreading(
  settings: Settings, files: Record, widths: Sequence[float]
) -> Spreading:
  """The run's generator with each spread.

  Raises:
    BadConfig: if a spread cannot be, or the generator has no Gaussians.
    FileNotFoundError: if it is not trained.
  """
  if not widths or min(widths) < 0 or len(set(widths)) < len(widths):
    raise BadConfig(
      f'--spreads is {list(widths)}; it must be different numbers, 0 or more.'
    )
  section = settings['generator']
  if section['name'] not in WITH_CODES:
    raise BadConfig(
      f'The generator {section["name"]!r} has no Gaussians, whose spread could '
      'be changed: name a run of COLA or GLO.'
    )
  with_spread = functools.partial(_with_spread, settings)
  model = spreads.spreadable(with_spread)
  return Spreading(model, cola_generator.trained(settings, files), widths)


def _with_spread(settings: Settings, spread: Array | float) -> Generator:
  section, shape = settings['generator'], image_shape(settings)
  if 'spread' in section:
    return make_generator({**section, 'spread': spread}, shape)[0]
  return with_mixture(make_generator(section, shape)[0], spread=spread)


def _check_images(images: int, real: int, classes: int) -> None:
  least = 2 * classes
  if not least <= images <= real:
    raise BadConfig(
      f'--images is {images}; it must be {least} to {real}: two or more of '
      'each class, and no more than there are real images to compare with.'
    )


def _panels(
  found: dict[float, Judged], judging: Judging, images: int
) -> list[Panel]:
  x = np.array(list(found))
  order = np.argsort(x)

  def panel(
    title: str, up: str, values: Sequence[float], halves: Any = None
  ) -> Panel:
    points = np.stack([x, np.array(values)])[:, order]
    curve = Curve('', points[0], points[1], points, halves)
    return Panel(title, 'spread of the Gaussians', up, [curve], low=0)

  scores = np.array([own.accuracy for own in found.values()])[order]
  errors = 100 * np.sqrt(scores * (1 - scores) / len(judging.real.images))
  return [
    panel(
      'Frechet distance to real images',  # The font has no accents.
      f'{images:,} drawn and {images:,} real ones',
      [own.distance for own in found.values()],
    ),
    panel(
      'Classification accuracy score',
      f'%, after {judging.steps:,} steps of drawn images',
      [100 * own.accuracy for own in found.values()],
      1.96 * errors,
    ),
    panel(
      'Deviation within a class',
      'of a feature, the mean',
      [own.diversity for own in found.values()],
    ),
  ]


FIGURES: dict[str, Callable[[Request], Drawn]] = {
  'propositions': of_propositions,
  'spread': of_spreads,
  'concentrated': of_concentrated,
  'one-gaussian': of_one_gaussian,
}
