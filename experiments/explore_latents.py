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

from experiments import build, command, stage_generator, streams
from experiments.build import Places
from experiments.checks import BadConfig, Config, needs_generator
from experiments.html_latents import write_page
from experiments.record import Record
from experiments.saved import saved_config
from lasium_jax.data import Splits, image_set
from lasium_jax.nets import conv4
from lasium_jax.types import Array, Generator, GeneratorSource, Task, TaskFn

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
  found = []
  for setting in SETTINGS:
    task_fn = _task_fn(config, model, setting)
    task = jax.jit(task_fn)(key, source)
    images = np.asarray(task.support.x)
    images = images.reshape(-1, IMAGES, *images.shape[1:])
    separation, spread = separate(key, task_fn, source, config.tasks.ways)
    found.append(Explored(setting, images, separation, spread))
  return found


def _task_fn(config: Config, model: Generator, setting: Setting) -> TaskFn:
  """Tasks whose support has all images of a class."""
  own = config.copy_and_resolve_references()
  own.latents.sampler = setting.sampler
  own.latents[setting.field] = setting.value
  own.tasks.shots, own.tasks.queries = IMAGES, 1
  return build.training_tasks(own, model)


def separate(
  key: Array, task_fn: TaskFn, source: Any, ways: int
) -> tuple[float, float]:
  """How far in-class pairs are from out-of-class pairs, in feature space.

  Features are those of an untrained Conv4, normalized by each task's images: a
  measure of likeness that has seen no labels, and the same for any generator.

  Args:
    key: of the tasks.
    task_fn: with `IMAGES` support images a class.
    source: what it makes tasks of.
    ways: N.

  Returns:
    Separation and spread, as in `Explored`.
  """
  network = conv4(None)

  def distances(key: Array, source: Any) -> Array:
    task: Task = task_fn(key, source)
    params = network.init(jax.random.key(0), task.support.x)
    features, _ = network.apply(params, task.support.x)
    return jnp.square(features[:, None] - features[None]).sum(-1) ** 0.5

  made = jax.jit(
    lambda keys, source: jax.lax.map(lambda k: distances(k, source), keys)
  )(jax.random.split(key, TASKS), source)
  classes = np.repeat(np.arange(ways), IMAGES)
  rows, columns = np.triu_indices(len(classes), k=1)
  alike = classes[rows] == classes[columns]
  pairs = np.asarray(made)[:, rows, columns]
  within, between = pairs[:, alike], np.sort(pairs[:, ~alike].ravel())
  # The share of pairs of pairs, by the rank of each: the area under the ROC.
  closer = 1 - np.searchsorted(between, within.ravel()) / between.size
  return float(closer.mean()), float(within.mean() / between.mean())


def choose(found: list[Explored], least: float) -> Explored | None:
  """The widest classes that are still `least` apart, or None.

  Wide, because from copies of an anchor there is nothing to learn; apart,
  because from classes that overlap neither is there.
  """
  apart = [e for e in found if e.separation >= least]
  return max(apart, key=lambda e: e.spread, default=None)


def real_separation(config: Config, splits: Splits) -> float | None:
  """That of real classes, where there are labels."""
  dataset = splits.validation
  counts = np.bincount(dataset.labels, minlength=len(dataset.class_names))
  if len(counts) < config.tasks.ways or counts.min() < IMAGES + 1:
    return None
  own = config.copy_and_resolve_references()
  own.evaluation.queries = 1
  task_fn = build.evaluation_tasks(own, IMAGES)
  key = streams.stream(config.seed, streams.PICTURES)
  source = image_set(dataset)
  return separate(key, task_fn, source, config.tasks.ways)[0]


def define_flags() -> None:
  flags.DEFINE_string('workdir', None, 'Of a run with a trained generator.')
  flags.DEFINE_string('data_dir', None, 'Its data, for a TFDS data set.')
  flags.DEFINE_string('cache_dir', None, 'As in the run.')
  flags.DEFINE_float('least', 0.9, 'The separation that a choice must have.')


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
  splits = build.data(config, places)
  params = stage_generator.trained_generator(
    config, splits, Record(workdir, {})
  )
  model, _ = build.generator(config, splits.train.shape)
  source = GeneratorSource(params, jnp.asarray(splits.train.images))
  found = explore(config, model, source)
  chosen = choose(found, given.least)
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
    least=given.least,
    real=real_separation(config, splits),
    ink=config.data.invert,
  )
  print(f'Page: {page}')


if __name__ == '__main__':
  command.start(define_flags, work, ['workdir'])
