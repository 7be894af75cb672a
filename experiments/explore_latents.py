"""Writes a page on which to choose the size of a class by eye.

For example:

python experiments/explore_latents.py --workdir=runs/ro-vae-maml

The folder is of a run whose generator is trained. `latents.html` there has the
same anchors with in-class samples of N, RO and OC at several settings, and for
each a number: how often two images of one class are more alike than two of
different classes.
"""

from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from absl import flags

from experiments.components import build
from experiments.components.checks import BadConfig, Config, needs_generator
from experiments.components.data import Places, read_splits
from experiments.pages.latents import write_page
from experiments.run import command, members, streams
from experiments.run.record import Record
from experiments.run.saved import saved_config
from experiments.stages import generator as stage_generator
from experiments.stages import meta as stage_meta
from lasium_jax.data import Splits, evenly_spaced, image_set
from lasium_jax.nets import conv4
from lasium_jax.types import Array, Generator, GeneratorSource, TaskFn

SIGMAS = (0.1, 0.25, 0.5, 1.0)
ALPHAS = (0.1, 0.2, 0.4, 0.6)
IMAGES = 5  # Of a class: its anchor, and those around it.
TASKS = 40  # That the number is computed from.


class Setting(NamedTuple):
  """A latent sampler and its knob: sigma of N, alpha of RO and OC."""

  sampler: str
  value: float

  @property
  def field(self) -> str:
    return 'sigma' if self.sampler == 'n' else 'alpha'


class Explored(NamedTuple):
  """What a setting makes.

  Attributes:
    setting: the sampler and its knob.
    images: `[ways, IMAGES, H, W, C]`, the anchor first.
    separation: share of pairs in which two images of one class are closer
      than two of different classes; 1 where classes do not overlap, 0.5 where
      there are none.
    spread: distance within classes over that between them.
  """

  setting: Setting
  images: np.ndarray
  separation: float
  spread: float


SETTINGS = (
  *(Setting('n', sigma) for sigma in SIGMAS),
  *(Setting('ro', alpha) for alpha in ALPHAS),
  *(Setting('oc', alpha) for alpha in ALPHAS),
)


def explore(
  config: Config, model: Generator, source: GeneratorSource
) -> list[Explored]:
  """The same anchors under every setting."""
  key = streams.stream(config.seed, streams.PICTURES)

  def look(
    sampler: str, knob: dict[str, Array], key: Array, source: Any
  ) -> tuple[Array, Array]:
    own = members.configured(config, knob)
    own.latents.sampler, own.latents.sigma_max = sampler, None
    own.tasks.shots, own.tasks.queries = IMAGES, 1
    task_fn = build.training_tasks(own, model)
    return task_fn(key, source).support.x, distances(key, task_fn, source)

  # A sampler's settings are an argument, to compile once for all of them.
  compiled = jax.jit(look, static_argnums=0)
  found = []
  for setting in SETTINGS:
    knob = {setting.field: jnp.float32(setting.value)}
    images, apart = compiled(setting.sampler, knob, key, source)
    rows = np.asarray(images).reshape(-1, IMAGES, *images.shape[1:])
    found.append(Explored(setting, rows, *separation(np.asarray(apart))))
  return found


def distances(key: Array, task_fn: TaskFn, source: Any) -> Array:
  """Of the support images of tasks, `[TASKS, N * IMAGES, N * IMAGES]`.

  In the feature space of an untrained Conv4, normalized by each task's images:
  a measure of likeness that has seen no labels, and the same for any generator.

  Args:
    key: of the tasks.
    task_fn: with `IMAGES` support images a class.
    source: what it makes tasks of.
  """
  network = conv4(None)

  def of_task(key: Array) -> Array:
    x = task_fn(key, source).support.x
    features, _ = network.apply(network.init(jax.random.key(0), x), x)
    return jnp.square(features[:, None] - features[None]).sum(-1) ** 0.5

  return jax.lax.map(of_task, jax.random.split(key, TASKS))


def separation(apart: np.ndarray) -> tuple[float, float]:
  """How far in-class pairs are from out-of-class pairs.

  Args:
    apart: `distances`.

  Returns:
    Separation and spread, as in `Explored`.

  Raises:
    ValueError: if a distance is not finite.
  """
  if not np.isfinite(apart).all():
    raise ValueError(
      'Some images are not finite: config.latents.max_draws do not suffice for '
      'config.generator.epsilon, or the generator diverged.'
    )
  classes = np.arange(apart.shape[1]) // IMAGES
  rows, columns = np.triu_indices(len(classes), k=1)
  alike = classes[rows] == classes[columns]
  pairs = apart[:, rows, columns]
  within, between = pairs[:, alike], np.sort(pairs[:, ~alike].ravel())
  # The share of pairs of pairs, by the rank of each: the area under the ROC.
  closer = 1 - np.searchsorted(between, within.ravel()) / between.size
  return float(closer.mean()), float(within.mean() / between.mean())


def choose(found: list[Explored], keep: float) -> Explored:
  """The widest classes that are still nearly as far apart as any.

  Wide, because from copies of an anchor there is nothing to learn; apart,
  because from classes that overlap neither is there. How far apart classes can
  be at all depends on the generator, so the best of `found` is the measure.

  Args:
    found: settings, at least one.
    keep: in [0, 1], the share of the best's separation above chance (0.5) that
      the choice must have.

  Returns:
    One of `found`.
  """
  best = max(entry.separation for entry in found)
  least = best - (1 - keep) * max(best - 0.5, 0)
  apart = [entry for entry in found if entry.separation >= least]
  return max(apart, key=lambda entry: entry.spread)


def real_separation(config: Config, splits: Splits) -> float | None:
  """That of real classes, where there are labels."""
  dataset = splits.validation
  counts = np.bincount(dataset.labels, minlength=len(dataset.class_names))
  if len(counts) < config.evaluation.ways or counts.min() < IMAGES + 1:
    return None
  own = config.copy_and_resolve_references()
  own.evaluation.queries = 1
  task_fn = build.evaluation_tasks(own, IMAGES)
  key = streams.stream(config.seed, streams.PICTURES)
  source = image_set(dataset)
  apart = jax.jit(lambda key, source: distances(key, task_fn, source))
  return separation(np.asarray(apart(key, source)))[0]


def define_flags() -> None:
  flags.DEFINE_string('workdir', None, 'Of a run with a trained generator.')
  flags.DEFINE_string('data_dir', None, 'Its data, for a TFDS data set.')
  flags.DEFINE_string('cache_dir', None, 'As in the run.')
  flags.DEFINE_float(
    'keep',
    0.85,
    'Share of the best separation above chance that the choice must have.',
    lower_bound=0,
    upper_bound=1,
  )


def work(given: Any) -> None:
  workdir = Path(given.workdir)
  config = saved_config(workdir)
  if not needs_generator(config):
    raise BadConfig(
      f'The run {config.name!r} in {workdir} has no generator; name one of '
      'LASIUM, such as ro-vae-maml.'
    )
  places = Places(
    Path(given.data_dir) if given.data_dir else None,
    Path(given.cache_dir) if given.cache_dir else Places().cache_dir,
  )
  splits = read_splits(config, places)
  params = stage_generator.trained_generator(
    config, splits, Record(workdir, {})
  )
  model, _ = build.generator(config, splits.train.shape)
  anchors = evenly_spaced(splits.train, config.data.device_bytes)
  source = GeneratorSource(params, jnp.asarray(anchors.images))
  stage_meta.count_rejections(config, model, source, TASKS)
  found = explore(config, model, source)
  chosen = choose(found, given.keep)
  for entry in found:
    mark = ' <- choice' if entry is chosen else ''
    print(
      f'{entry.setting.sampler} {entry.setting.field} '
      f'{entry.setting.value:g}: separation {entry.separation:.3f}, '
      f'spread {entry.spread:.2f}{mark}'
    )
  page = write_page(
    workdir / 'latents.html',
    found,
    chosen,
    keep=given.keep,
    real=real_separation(config, splits),
    ink=config.data.invert,
  )
  print(f'Page: {page}')


if __name__ == '__main__':
  command.start(define_flags, work, ['workdir'])
