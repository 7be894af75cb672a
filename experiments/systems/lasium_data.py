"""Whether a run of LASIUM has the data that it needs."""

import numpy as np
from numpy.typing import NDArray

from experiments.components.groups import check_groups
from experiments.components.tasks import TASKS
from experiments.run.config import (
  BadConfig,
  Settings,
  require,
  require_filled,
)
from experiments.systems import cactus
from lasium_jax.data import Splits
from lasium_jax.data.dataset import Dataset, class_counts


def check_data(settings: Settings, splits: Splits) -> None:
  """Raises `BadConfig` if there are too few classes or images."""
  tasks, evaluated = settings.get('tasks'), settings['evaluation']
  # A folder need not have labels.
  folder = settings['data']['name'] == 'folder'
  needed = {'train': 0, 'validation': 0}
  needed['test'] = max(evaluated['shots']) + evaluated['queries']
  if tasks and TASKS[tasks['name']].reads == 'labels':
    needed['train'] = tasks['shots'] + tasks['queries']
  if tasks and settings['meta']['validate_every']:
    needed['validation'] = tasks['shots'] + evaluated['queries']
  for name, dataset in splits._asdict().items():
    lacking = folder and name != 'train' and not len(dataset.images)
    if needed[name] and not lacking:
      _check_split(settings, name, dataset, needed[name])
  if not (tasks or len(splits.test.images)):
    raise BadConfig(
      'There is nothing to do: the run meta-trains nothing, and there are no '
      'labeled images to evaluate on. Name a folder with one sub-folder a '
      'class with --config.data.evaluation_path.'
    )
  images = len(splits.train.images)
  if 'generator_training' in settings:
    require_filled(settings, 'generator_training.batch_size', images)
  if 'clustered' in settings:
    require_filled(settings, 'clustered_training.batch_size', images)
    require_filled(settings, 'generator.clusters', images)
  room = settings['device_bytes'] // splits.train.images[0].nbytes
  if cactus.are_partitioned(settings):
    cactus.check_data(settings, min(images, room))
  if 'clustering' in settings:
    _check_clustering(settings, splits.train.images, min(images, room))
  if tasks and images < tasks['ways']:
    raise BadConfig(
      f'config.tasks.ways is {tasks["ways"]}, and there are only {images} '
      'training images, each of which may be a class: lower it, or add images.'
    )
  if tasks and TASKS[tasks['name']].reads != 'labels' and room < tasks['ways']:
    raise BadConfig(
      f'config.device_bytes is {settings["device_bytes"]}, with room for '
      f'{room} images, and config.tasks.ways is {tasks["ways"]}: raise it.'
    )


def _check_clustering(
  settings: Settings, images: NDArray[np.uint8], fitting: int
) -> None:
  """That there can be clusters of the images that the device has room for."""
  own, ways = settings['clustering'], settings['cluster_tasks']['ways']
  among = f'the {fitting} training images'
  if fitting < len(images):
    among += f' that config.device_bytes has room for, of {len(images)}'
  require(
    settings,
    'clustering.neighbors',
    own['neighbors'] < fitting,
    f'less than {among}; lower it, or add images',
  )
  require(
    settings,
    'cluster_tasks.ways',
    ways * own['least'] <= fitting,
    f'at most {fitting // own["least"]}: a cluster has config.clustering.least '
    f'= {own["least"]} of {among} or more; lower either, or add images',
  )
  # The first image that is not of one color ends it.
  if all((image == image[:1, :1]).all() for image in images):
    raise BadConfig(
      f'Each of the {len(images)} training images is of one color all over: '
      'there is nothing in them to find clusters by (config.data).'
    )


def _check_split(
  settings: Settings, name: str, dataset: Dataset, needed: int
) -> None:
  counts = class_counts(dataset)
  section = 'tasks' if name == 'train' else 'evaluation'
  ways = settings[section]['ways']
  if len(counts) < ways:
    raise BadConfig(
      f'The {name} split of {settings["data"]["name"]} has {len(counts)} '
      f'classes, fewer than config.{section}.ways = {ways}. Lower that, or '
      'have more classes there; without validation classes, set '
      'config.meta.validate_every=0.'
    )
  if counts.min() < needed:
    smallest = dataset.class_names[int(counts.argmin())]
    raise BadConfig(
      f'Class {smallest!r} of the {name} split has {counts.min()} images, and '
      f'a task needs {needed} of each class (shots + queries). Lower '
      'config.tasks or config.evaluation, or leave that class out.'
    )
  # Validation is by tasks of all classes: its few are of many groups.
  if name != 'validation' and settings[section].get('within_groups'):
    check_groups(section, ways, name, dataset)
