"""The first stage of a run: a generator is trained, or borrowed."""

import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.components import build
from experiments.components.checks import BadConfig, Config, needs_generator
from experiments.run import loop, record, streams
from experiments.run.loop import Stage
from experiments.run.record import Record
from experiments.stages import samples
from lasium_jax import parallel
from lasium_jax.data import Splits
from lasium_jax.ops.images import as_floats
from lasium_jax.types import Array, Params


def train_generator(
  config: Config, splits: Splits, files: Record
) -> Params | None:
  """Trains the generator, or finds the one that another run trained.

  Returns:
    Its parameters, or None if the run has no generator.
  """
  if not needs_generator(config):
    return None
  stage = stage_of(config, splits, files)
  if config.generator.workdir:
    return _borrowed(config, stage).params
  state = loop.run(stage, files, checkpoint_seconds=config.checkpoint_seconds)
  return state.params


def trained_generator(
  config: Config, splits: Splits, files: Record
) -> Params | None:
  """The parameters that `train_generator` left in the workdir."""
  if not needs_generator(config):
    return None
  stage = stage_of(config, splits, files)
  if config.generator.workdir:
    return _borrowed(config, stage).params
  return loop.finished(stage, files).params


def exported(config: Config, files: Record) -> Params:
  """The generator's parameters of a finished run, found without its data.

  Raises:
    BadConfig: if the run has no generator.
    FileNotFoundError: if its training has not come to its end.
  """
  if not needs_generator(config):
    raise BadConfig(f'The run {config.name!r} has no generator to export.')
  shape = (config.data.size, config.data.size, config.data.channels)
  _, trainer = build.generator(config, shape)
  stage = loop.shapes(
    'train_generator',
    config.generator.steps,
    lambda: trainer.init(jax.random.key(0), jnp.zeros((2, *shape))),
  )
  if config.generator.workdir:
    return _borrowed(config, stage).params
  return loop.finished(stage, files).params


def stage_of(config: Config, splits: Splits, files: Record) -> Stage:
  """Random batches of the training images through the trainer."""
  model, trainer = build.generator(config, splits.train.shape)
  mesh = build.generator_mesh(config)
  images = splits.train.images
  size = config.generator.batch_size
  init_key, key = streams.training_keys(config.seed, streams.GENERATOR)
  every = max(1, config.generator.steps // config.generator.sample_pictures)

  def pick(key: Array) -> Array:
    # Drawn with replacement: an epoch here is as many draws as images.
    return jax.random.randint(key, (size,), 0, len(images))

  def step(key: Array, state: Any, images: Array) -> tuple[Any, Any]:
    batch_key, key = jax.random.split(key)
    batch = parallel.split_batch(mesh, as_floats(images[pick(batch_key)]))
    return trainer.update(key, state, batch)

  def step_from_host(key: Array, state: Any, batch: Array) -> tuple[Any, Any]:
    _, key = jax.random.split(key)
    batch = parallel.split_batch(mesh, as_floats(batch))
    return trainer.update(key, state, batch)

  @jax.jit
  def picked(step: Array) -> Array:
    return pick(jax.random.split(jax.random.fold_in(key, step))[0])

  fits = images.nbytes <= config.data.device_bytes
  held = parallel.replicate(mesh, jnp.asarray(images)) if fits else None
  compiled = loop.compile_steps(step if fits else step_from_host, key)

  def init() -> Any:
    batch = as_floats(jnp.asarray(splits.train.images[:size]))
    return parallel.replicate(mesh, trainer.init(init_key, batch))

  def advance(state: Any, first: int, n: int) -> tuple[Any, Any]:
    # The same images, from the host one batch at a time.
    source = held
    if held is None:
      batch = images[np.asarray(picked(np.int32(first)))]
      source = parallel.replicate(mesh, jnp.asarray(batch))
    state, values = compiled(state, source, np.int32(first), n)
    if first // every != (first + n) // every:
      samples.show_generator(
        config, model, state.params, splits, files, step=first + n
      )
    return state, values

  return Stage(
    'train_generator',
    config.generator.steps,
    config.generator.steps_per_dispatch if fits else 1,
    init,
    advance,
  )


def check_borrowed(config: Config) -> None:
  """Raises `BadConfig` if another run's generator is not the one meant.

  Only the configs are compared; a run that borrows none passes.
  """
  if not (needs_generator(config) and config.generator.workdir):
    return
  other = Path(config.generator.workdir)
  theirs = record.read_config(other)
  if theirs is None:
    raise BadConfig(f'config.generator.workdir: {other} is not a run.')
  ours = json.loads(json.dumps(config.to_dict()))
  same = {
    'generator': ('workdir', 'anchors', 'epsilon', 'sample_pictures'),
    'data': ('evaluation_path', 'device_bytes'),
  }
  for section, free in same.items():
    for name, value in ours[section].items():
      # A field that they lack is newer than their run.
      their = theirs.get(section, {}).get(name, value)
      if name not in free and their != value:
        raise BadConfig(
          f'The generator in {other} was trained with {section}.{name} = '
          f'{their!r}, and this config has {value!r}. Set it so, or train '
          'another generator.'
        )


def _borrowed(config: Config, stage: Stage) -> Any:
  """The generator of another run, if it is the one that this config means."""
  check_borrowed(config)
  return loop.finished(stage, Record(Path(config.generator.workdir), {}))
