"""A generator is trained, or borrowed from a run that trained it."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from experiments.run import loop, record, streams
from experiments.run.config import BadConfig, Settings
from experiments.run.loop import Stage
from experiments.run.members import Member
from experiments.run.precision import jit
from experiments.run.record import Record
from experiments.run.run import Run
from experiments.stages import training
from experiments.stages.pictures import SAMPLES, keep_sheet, some_images
from lasium_jax.batches import shuffled, unchanged
from lasium_jax.data import Splits
from lasium_jax.settings import Count
from lasium_jax.types import (
  BatchFn,
  EpochFn,
  Generator,
  Params,
  Trainer,
  TrainingSet,
)

NAME = 'train_generator'
UNITS = dict.fromkeys(
  (
    *('loss', 'reconstruction', 'kl', 'kl_context', 'kl_latent'),
    *('generator_loss', 'discriminator_loss'),
  ),
  'nats',
) | {'critic_accuracy': '%'}
# The losses of these are distances and scores, and no likelihoods.
_WITHOUT_UNITS = (
  *('acai', 'autoencoder', 'cgan_pd', 'cola', 'dagan', 'glo'),
  *('interpolative', 'wgan_gp'),
)
# Settings that tell of the user's machine or of what was shown on the way, not
# of the generator: a run that borrows it may have others.
OWN = {
  'generator_training': ('workdir', 'pictures', 'steps_per_dispatch'),
  'data': ('evaluation_path', 'path'),
  'borrowed': ('folder',),
  'clustered_training': ('judge_every', 'steps_per_dispatch'),
}
# The sections that a generator follows from; those of its clusters, if any.
_FOLLOWS = ('generator', 'generator_training', 'data')
_CLUSTERS = ('clustered', 'trunk', 'clustered_views', 'clustered_training')


class Learning(NamedTuple):
  """What learns to generate, and from what.

  Attributes:
    model: the generator, for pictures of it.
    trainer: what fits it.
    data: images, on the host, and their labels if the trainer reads any.
    orders: from a batch's size to which rows meet in one: all shuffled, or
      sets of one class.
    batch_fn: what becomes of a batch.
    units: of the trainer's metrics, for pages.
  """

  model: Generator
  trainer: Trainer
  data: TrainingSet
  orders: Callable[[int], EpochFn] = shuffled
  batch_fn: BatchFn = unchanged()
  units: Mapping[str, str] = MappingProxyType(UNITS)


def units_of(section: Settings) -> Mapping[str, str]:
  """The units of what the trainer of a config's generator says."""
  return {} if section['name'] in _WITHOUT_UNITS else UNITS


def train(
  run: Run,
  learning: Learning,
  *,
  steps: Count,
  batch_size: Count = 128,
  steps_per_dispatch: Count = 1,
  pictures: Count = 10,
  workdir: str = '',
) -> Params:
  """Trains the generator, or takes the one that another run trained.

  Args:
    run: whose first member's seed counts.
    learning: what and on what.
    steps: of one batch each.
    batch_size: images of a step.
    steps_per_dispatch: in one compiled program; more than one pays on a GPU.
    pictures: how many times on the way its images are kept.
    workdir: of the run whose generator to take; '' trains one.

  Returns:
    Its parameters.

  Raises:
    FileNotFoundError: if the other run has not come to its end.
  """
  trainer = learning.trainer
  if workdir:
    return trained(trainer, run.files, steps=steps, workdir=workdir)
  fit = training.Fit(
    trainer,
    learning.data,
    steps,
    steps_per_dispatch,
    learning.orders(batch_size),
    learning.batch_fn,
    fast_convolutions=run.fast_convolutions,
  )
  training.note(run.files, NAME, fit)
  stage = _stage(run, learning, fit, every=max(1, steps // pictures))
  states = loop.run(stage, run.files, checkpoint_seconds=run.checkpoint_seconds)
  return trainer.params(states[0])


def _stage(
  run: Run, learning: Learning, fit: training.Fit, *, every: int
) -> Stage:
  """The trainer's steps, with pictures every so many."""

  def after(states: training.States, first: int, n: int) -> Mapping[str, Any]:
    if first // every != (first + n) // every:
      params = learning.trainer.params(states[0])
      show(run, learning.model, params, step=first + n)
    return {}

  return training.stage_of(
    NAME,
    fit,
    [Member(run.seed, {})],
    streams.GENERATOR,
    mesh=run.image_mesh,
    device_bytes=run.device_bytes,
    after=after,
    title='Generator',
    units=learning.units,
  )


def show(run: Run, model: Generator, params: Params, *, step: int) -> None:
  """Keeps pictures of what the generator makes by now."""
  decode, real = jit(model.decode), some_images(run.splits.train)
  if model.sample is not None:
    key = streams.stream(run.seed, streams.PICTURES)
    made = decode(params, model.sample(key, params, SAMPLES))
    name, caption = f'generator_{step:06}', f'Step {step:,}'
    keep_sheet(run, NAME, name, made, caption, step=step)
  keep_sheet(run, NAME, 'generator_real', real, 'Real images')
  if model.encode is not None:
    again = decode(params, jit(model.encode)(params, real))
    name = 'generator_reconstructions'
    keep_sheet(run, NAME, name, again, 'Reconstructions')


def trained(
  trainer: Trainer, files: Record, *, steps: int, workdir: str = '', **_: Any
) -> Params:
  """The parameters that `train` left, found without the run's data.

  Args:
    trainer: of the generator.
    files: of this run.
    steps: in all.
    workdir: of the run whose generator it is; '' is this one.
    **_: what else the section has.

  Returns:
    Its parameters.

  Raises:
    FileNotFoundError: if its training has not come to its end.
  """
  found = training.left_behind(
    trainer, lender(files, workdir), NAME, steps=steps
  )
  return found[0]


def lender(files: Record, workdir: str) -> Record:
  """The run that trained it: another's, by its workdir, or this one."""
  return Record(Path(workdir), {}) if workdir else files


def check_borrowed(settings: Settings) -> None:
  """Raises an error if another run's generator is not the one meant.

  A run that borrows none passes. Configs are compared here, and that the other
  run is finished; `check_borrowed_data` compares the data.

  Raises:
    BadConfig: if there is no such run, or its settings are others.
    FileNotFoundError: if it has not come to its end.
  """
  workdir = settings.get('generator_training', {}).get('workdir')
  if not workdir:
    return
  theirs = record.read_config(Path(workdir))
  if theirs is None:
    raise BadConfig(
      f'config.generator_training.workdir: {workdir} is not a run.'
    )
  if 'system' not in theirs or not (Path(workdir) / 'data.json').exists():
    raise BadConfig(
      f'config.generator_training.workdir: {workdir} is a run of lasium_jax '
      '0.1, or not whole. Train its generator again.'
    )
  if 'code_clusters' in theirs:
    raise BadConfig(
      f'The generator in {workdir} has clusters that were found in its codes, '
      'which are for no other run: train another generator.'
    )
  if 'clustered' in theirs and 'clustered' not in settings:
    raise BadConfig(
      f'The generator in {workdir} has clusters that were found without '
      'labels, which are not the classes of this run: borrow one that was '
      'trained on the classes, or train another generator.'
    )
  ours = json.loads(json.dumps(settings))
  sections = _FOLLOWS + (_CLUSTERS if 'clustered' in ours else ())
  sections += ('measure',) if 'measure' in ours else ()
  for section in sections:
    for name, value in ours[section].items():
      their = theirs.get(section, {}).get(name)
      if name not in OWN.get(section, ()) and their != value:
        raise BadConfig(
          f'The generator in {workdir} was trained with {section}.{name} = '
          f'{their!r}, and this config has {value!r}. Set it so, or train '
          'another generator.'
        )
  steps = settings['generator_training']['steps']
  loop.check_finished(Record(Path(workdir), {}), NAME, steps)


def check_trained(settings: Settings, files: Record) -> None:
  """Raises an error if the generator that is meant is not there.

  A run that has none passes.

  Args:
    settings: of the run.
    files: of the run.

  Raises:
    BadConfig: as `check_borrowed`.
    FileNotFoundError: if its training, here or elsewhere, has not come to its
      end.
  """
  check_borrowed(settings)
  section = settings.get('generator_training')
  if section and not section['workdir']:
    loop.check_finished(files, NAME, section['steps'])


def check_borrowed_data(settings: Settings, splits: Splits) -> None:
  """Raises `BadConfig` if a borrowed generator was trained on other images."""
  workdir = settings.get('generator_training', {}).get('workdir')
  if not workdir or not (path := Path(workdir) / 'data.json').exists():
    return
  theirs = record.read_json(path).get('train')
  if theirs != record.digest(splits.train):
    raise BadConfig(
      f'The generator in {workdir} was trained on other images than those of '
      'this run: their number, classes or content differ. Use the same data, '
      'or train another generator.'
    )
