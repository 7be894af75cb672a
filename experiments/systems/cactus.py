"""Tasks of clusters of what a generator encodes, as a part of runs (CACTUs)."""

import functools

import jax.numpy as jnp
import numpy as np

from experiments.components.few_shot import Parts
from experiments.run.config import BadConfig, Settings, require
from experiments.run.precision import jit
from experiments.run.run import Run
from experiments.stages import partitions
from experiments.stages.in_parts import in_parts
from lasium_jax.data.dataset import Dataset
from lasium_jax.ops.images import as_floats
from lasium_jax.types import Array, ClusterSet, Generator, Params


def are_partitioned(settings: Settings) -> bool:
  """Whether the classes of a run's tasks are clusters of encoded images."""
  return 'partitions' in settings


def check(parts: Parts) -> None:
  """That a run's images can be encoded, and tasks have enough clusters."""
  settings = parts.settings
  if parts.generating is None or parts.generating.model.encode is None:
    raise BadConfig(
      f'config.generator.name is {settings["generator"]["name"]!r}, which has '
      'no encoder, and partitions are made of encoded images: take vae, '
      'variational, autoencoder, interpolative or acai.'
    )
  ways = settings['tasks']['ways']
  require(
    settings,
    'partitions.clusters',
    settings['partitions']['clusters'] >= ways,
    f'config.tasks.ways, {ways}, or more: each is another cluster',
  )


def check_data(settings: Settings, images: int) -> None:
  """That so many images, of which the device has room, are enough."""
  each = settings['tasks']['shots'] + settings['tasks']['queries']
  require(
    settings,
    'partitions.clusters',
    settings['partitions']['clusters'] <= images // each,
    f'at most {images // each}: there are {images} training images, or '
    f'config.device_bytes has room for no more, and a task needs {each} of '
    'each cluster',
  )


def source_of(
  run: Run, parts: Parts, params: Params | None, dataset: Dataset
) -> ClusterSet:
  """What the run's tasks are made of: images, and partitions by their codes.

  Args:
    run: whose workdir keeps the partitions.
    parts: of the run, with a generator that encodes.
    params: the generator's.
    dataset: the images; their labels are looked at for purity alone.
  """
  tasks, made = parts.settings['tasks'], parts.generating
  assert made is not None and params is not None
  images = jnp.asarray(dataset.images)
  embedded = partitions.Embedded(
    images,
    functools.cache(lambda: codes(made.model, params, dataset.images)),
    dataset.labels if len(dataset.class_names) > 1 else None,
    least=tasks['shots'] + tasks['queries'],
    ways=tasks['ways'],
  )
  return partitions.find(run, embedded, **parts.settings['partitions'])


def codes(model: Generator, params: Params, images: np.ndarray) -> Array:
  """`[n, F]`, of images `[n, H, W, C]` uint8, each encoded by itself."""
  encoder = model.encode
  assert encoder is not None
  encode = jit(lambda params, x: encoder(params, as_floats(x)))
  found = in_parts(functools.partial(encode, params), images)
  if not np.isfinite(found).all():
    raise BadConfig(
      'The generator encodes some images as NaN: its training diverged. Lower '
      'config.generator.learning_rate and train it again.'
    )
  return jnp.asarray(found)
