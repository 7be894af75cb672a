"""Pictures of what a run makes, in its workdir."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.components import build
from experiments.components.checks import Config
from experiments.pages import pictures
from experiments.run import members, record, streams
from experiments.run.record import Record
from lasium_jax.data import Splits, image_set
from lasium_jax.ops.images import as_floats
from lasium_jax.types import Generator, Params


def show_generator(
  config: Config,
  model: Generator,
  params: Params,
  splits: Splits,
  files: Record,
  *,
  step: int,
) -> None:
  """Pictures of what the generator makes by now."""
  z = model.sample(streams.stream(config.seed, streams.PICTURES), 64)
  decode = jax.jit(model.decode)
  made = np.asarray(decode(params, z))
  _save(config, files, f'generator_{step:06}', made)
  stride = max(1, len(splits.train.images) // 64)
  real = as_floats(jnp.asarray(splits.train.images[::stride][:64]))
  _save(config, files, 'generator_real', np.asarray(real))
  if model.encode is not None:
    again = decode(params, jax.jit(model.encode)(params, real))
    _save(config, files, 'generator_reconstructions', np.asarray(again))


def _save(config: Config, files: Record, name: str, images: np.ndarray) -> None:
  grid = pictures.image_grid(images, 8, **_drawn(config))
  _save_picture(files, name, grid)


def _drawn(config: Config) -> dict[str, Any]:
  """How images are drawn: large enough to see, and as the files look."""
  scale = 2 if config.data.size <= 44 else 1
  return {'scale': scale, 'ink': config.data.invert}


def _save_picture(files: Record, name: str, picture: np.ndarray) -> None:
  path = files.sample(name)
  with record.writing(path):
    pictures.save_png(path, picture)


def show_tasks(
  config: Config,
  model: Generator | None,
  source: Any,
  splits: Splits,
  files: Record,
) -> None:
  """Pictures of real tasks and of those that meta-training sees."""
  shots, queries = config.tasks.shots, config.tasks.queries
  real = build.evaluation_tasks(config, shots)
  key = streams.stream(config.seed, streams.PICTURES)
  keys = jax.random.split(key, 4)
  if len(splits.test.images):
    task = jax.jit(real)(keys[3], image_set(splits.test))
    picture = pictures.task_picture(
      task, shots, config.evaluation.queries, anchors=False, **_drawn(config)
    )
    _save_picture(files, 'task_real', picture)
  if config.tasks.source == 'labeled':
    return
  first = members.configured(config, members.members(config)[0].values)
  make = jax.jit(build.training_tasks(first, model))
  for i in range(3):
    task = make(keys[i], source)
    picture = pictures.task_picture(
      task, shots, queries, anchors=True, **_drawn(config)
    )
    _save_picture(files, f'task_synthetic_{i}', picture)
