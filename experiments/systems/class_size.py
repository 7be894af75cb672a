"""The latents page of a run of LASIUM: how large should a class be?"""

from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from experiments.components.few_shot import parts_of, training_tasks
from experiments.components.latents import SAMPLERS
from experiments.pages.latents import write_page
from experiments.run import streams
from experiments.run.config import BadConfig, Settings
from experiments.run.precision import jit
from experiments.run.record import Record
from experiments.run.run import Places
from experiments.run.saved import saved_settings
from experiments.stages import class_size, generator
from experiments.stages.class_size import IMAGES, TASKS
from experiments.systems import lasium, lasium_stages
from lasium_jax.data import Splits, evenly_spaced, image_set
from lasium_jax.data.dataset import class_counts
from lasium_jax.settings import defaults
from lasium_jax.tasks import labeled
from lasium_jax.types import Generator, GeneratorSource, TaskFn


def explore(workdir: Path, places: Places, keep: float) -> Path:
  """Writes the page of a run whose generator is trained.

  Args:
    workdir: of the run.
    places: of its data.
    keep: the share of the best separation above chance that the choice must
      have.

  Returns:
    The page's path.

  Raises:
    BadConfig: if there is no run, or it samples no classes.
    FileNotFoundError: if that is not trained to its end.
  """
  settings = saved_settings(workdir, 'lasium')
  parts = parts_of(settings)
  made = parts.generating
  if made is None or made.anchors is None:
    raise BadConfig(
      f'The run {settings["name"]!r} in {workdir} samples no classes in a '
      'latent space; name one of LASIUM, such as ro-vae-maml.'
    )
  splits = lasium.read(settings, places)
  params = generator.trained(
    made.trainer, Record(workdir, {}), **settings['generator_training']
  )
  fitting = evenly_spaced(splits.train, settings['device_bytes'])
  source = GeneratorSource(params, jnp.asarray(fitting.images))
  lasium_stages.rejections(settings, made.anchors, source, TASKS)

  def task_fn_of(sampler: str, knob: dict[str, Any]) -> TaskFn:
    own = {
      **settings,
      'latents': {**latents_of(settings, made.model, sampler), **knob},
      'tasks': {**settings['tasks'], 'shots': IMAGES, 'queries': 1},
    }
    return training_tasks(own, made.model)

  key = streams.stream(settings['seed'], streams.PICTURES)
  several = class_size.SETTINGS
  if settings['anchors']['name'] == 'clusters':
    several += class_size.OF_CLUSTERS
  explored = class_size.explore(key, task_fn_of, source, several)
  chosen = class_size.choose(explored, keep)
  for entry in explored:
    mark = ' <- choice' if entry is chosen else ''
    print(
      f'{entry.setting.sampler} {entry.setting.field} '
      f'{entry.setting.value:g}: separation {entry.separation:.3f}, '
      f'spread {entry.spread:.2f}{mark}'
    )
  return write_page(
    workdir / 'latents.html',
    explored,
    chosen,
    latents=latents_of(settings, made.model, chosen.setting.sampler),
    keep=keep,
    real=real_separation(settings, splits),
    ink=settings['data']['invert'],
  )


def latents_of(settings: Settings, model: Generator, sampler: str) -> Settings:
  """The section of a sampler, as if the run had it; its knob is set by others.

  Args:
    settings: of the run.
    model: its generator.
    sampler: the name of any.

  Returns:
    The section, in which sigma is no end of a range.
  """
  own = settings['latents']
  section = {'name': sampler, **defaults(SAMPLERS[sampler])}
  if sampler == own['name']:
    section |= own
  elif 'relative' in section:  # As in configs/parts/lasium.py.
    clusters = settings['anchors']['name'] == 'clusters'
    unscaled = model.sample is None or clusters
    section['relative'] = own.get('relative', unscaled)
  if 'sigma_max' in section:
    section['sigma_max'] = None
  return section


def real_separation(settings: Settings, splits: Splits) -> float | None:
  """That of real classes, where there are labels."""
  dataset, ways = splits.validation, settings['evaluation']['ways']
  counts = class_counts(dataset)
  if len(counts) < ways or counts.min() < IMAGES + 1:
    return None
  task_fn = labeled(ways=ways, shots=IMAGES, queries=1)
  key = streams.stream(settings['seed'], streams.PICTURES)
  measure = jit(lambda key, source: class_size.distances(key, task_fn, source))
  distances = np.asarray(measure(key, image_set(dataset)))
  return class_size.separation(distances)[0]
