"""What can be known to be wrong before any work is done."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from lasium_jax.data import Splits
from lasium_jax.data.dataset import Dataset

T = TypeVar('T')
Config = Any  # A ConfigDict.


class BadConfig(Exception):
  """A setting that cannot work; the message says what would."""


def pick(options: Mapping[str, T], field: str, name: str) -> T:
  """`options[name]`, or an error that names the config's field."""
  if name not in options:
    raise BadConfig(
      f'config.{field} is {name!r}; it must be one of {sorted(options)}.'
    )
  return options[name]


# The least value of each field; a tuple's holds for each of its items.
_LEAST = {
  'seeds': 1,
  'devices': 0,
  'checkpoint_seconds': 0,
  'data.split_seed': 0,
  'data.train_classes': 1,
  'data.validation_classes': 0,
  'data.test_classes': 1,
  'data.size': 1,
  'data.held_out': 0,
  'data.max_bad_share': 0,
  'data.max_pixels': 1,
  'data.device_bytes': 1,
  'generator.batch_size': 1,
  'generator.epsilon': 0,
  'generator.filters': 1,
  'generator.halvings': 0,
  'generator.latent_size': 1,
  'generator.mode_seeking': 0,
  'generator.rate': 0,
  'generator.sample_pictures': 1,
  'generator.steps': 1,
  'generator.steps_per_dispatch': 1,
  'latents.alpha': 0,
  'latents.max_draws': 1,
  'latents.self_noise': 0,
  'latents.sigma': 0,
  'tasks.ways': 2,
  'tasks.shots': 1,
  'tasks.queries': 1,
  'network.filters': 1,
  'learner.inner_rate': 0,
  'learner.inner_steps': 0,
  'meta.iterations': 0,
  'meta.batch': 1,
  'meta.rate': 0,
  'meta.clip': 0,
  'meta.steps_per_dispatch': 1,
  'meta.validate_every': 0,
  'meta.validation_tasks': 2,
  'evaluation.ways': 2,
  'evaluation.shots': 1,
  'evaluation.queries': 1,
  'evaluation.tasks': 2,
  'evaluation.inner_rate': 0,
  'evaluation.inner_steps': 0,
  'evaluation.tasks_per_dispatch': 1,
  'evaluation.scratch_rate': 0,
  'evaluation.scratch_steps': 0,
}

# Names that are passed on as they are; build.py looks after the others.
_CHOICES = {
  'precision': ('float32', 'tensorfloat32', 'bfloat16'),
  'tasks.source': ('lasium', 'umtra', 'labeled'),
  'generator.kl_weighting': ('sum', 'mean'),
  'network.downsample': ('stride', 'max_pool'),
  'network.padding': ('SAME', 'VALID'),
  'network.head': ('mean', 'flatten'),
  'learner.distance': ('mean', 'sum'),
}


def check_settings(config: Config) -> None:
  """Raises `BadConfig` if a setting, or two together, cannot work."""
  for field, least in _LEAST.items():
    value = _get(config, field)
    values = value if isinstance(value, Sequence) else (value,)
    # Not `item < least`: NaN is wrong too.
    if not values or not all(item >= least for item in values):
      raise BadConfig(f'config.{field} is {value!r}; the least is {least}.')
  for field, choices in _CHOICES.items():
    pick(dict.fromkeys(choices), field, _get(config, field))
  low, high = _pair(config, 'tasks.shift')
  sigma, sigma_max = config.latents.sigma, config.latents.sigma_max
  glyphs = config.data.name == 'glyphs'
  must = {
    'latents.alpha': (config.latents.alpha <= 1, 'at most 1'),
    'latents.sigma_max': (
      sigma_max is None or sigma_max >= sigma,
      f'at least config.latents.sigma, {sigma}',
    ),
    'tasks.ways': (
      config.learner.name != 'maml'
      or not config.meta.iterations
      or config.tasks.ways == config.evaluation.ways,
      f'config.evaluation.ways, {config.evaluation.ways}: MAML keeps the '
      'number that it trained with',
    ),
    'tasks.shift': (low <= high, '(low, high), in this order'),
    'tasks.source': (
      config.tasks.source != 'umtra'
      or config.tasks.views
      or (low, high) != (0, 0),
      "'lasium' or 'labeled' where images stay as they are; for 'umtra' set "
      'config.tasks.views=True, or config.tasks.shift',
    ),
    'tasks.views': (
      not config.tasks.views or (low, high) == (0, 0),
      'False where config.tasks.shift is to move the images',
    ),
    'meta.validate_every': (
      config.meta.validate_every % config.meta.steps_per_dispatch == 0,
      'a multiple of config.meta.steps_per_dispatch, '
      f'{config.meta.steps_per_dispatch}',
    ),
    'generator.filters': (
      config.generator.name != 'msgan' or len(config.generator.filters) == 1,
      'one number: the MSGAN has as many channels in all its layers',
    ),
    **{
      f'sweep.{name}': (
        uses
        and all(isinstance(value, int | float) for value in values)
        and len(set(values)) == len(values),
        f'different numbers, and () in a run that does not use {name}',
      )
      for name, uses in _swept_uses(config).items()
      if (values := config.sweep[name])
    },
    **{
      field: (
        _get(config, field) % (config.devices or 1) == 0,
        f'a multiple of config.devices, {config.devices}',
      )
      for field in ('meta.batch', 'generator.batch_size')
    },
    'data.channels': (
      config.data.channels in ((1,) if glyphs else (1, 3)),
      '1' if glyphs else '1 or 3',
    ),
    'data.invert': (
      not glyphs or config.data.invert,
      'True: glyphs are ink 1 on background 0',
    ),
    'data.path': (
      config.data.name != 'folder' or config.data.path,
      'a folder of images: add --config.data.path=FOLDER',
    ),
    'data.held_out': (config.data.held_out < 1, 'below 1'),
    'data.split': (
      not glyphs or config.data.split == 'random',
      "'random': glyphs has a split of its own, by scripts",
    ),
  }
  for field, (holds, wanted) in must.items():
    if not holds:
      raise BadConfig(
        f'config.{field} is {_get(config, field)!r}; it must be {wanted}.'
      )
  evaluation = config.evaluation
  if not (config.meta.iterations or evaluation.scratch or evaluation.nearest):
    raise BadConfig(
      'There is nothing to do: config.meta.iterations is 0, and '
      'config.evaluation.scratch and config.evaluation.nearest are False.'
    )


def check_data(config: Config, splits: Splits) -> None:
  """Raises `BadConfig` if there are too few classes or images."""
  # A folder need not have labels.
  folder = config.data.name == 'folder'
  needed = {
    'train': config.tasks.shots + config.tasks.queries
    if config.tasks.source == 'labeled'
    else 0,
    'validation': config.tasks.shots + config.evaluation.queries
    if config.meta.validate_every
    else 0,
    'test': max(config.evaluation.shots) + config.evaluation.queries,
  }
  for name, dataset in splits._asdict().items():
    lacking = folder and name != 'train' and not len(dataset.images)
    if needed[name] and not lacking:
      _check_split(config, name, dataset, needed[name])
  if not (config.meta.iterations or len(splits.test.images)):
    raise BadConfig(
      'There is nothing to do: config.meta.iterations is 0, and there are no '
      'labeled images to evaluate on. Name a folder with one sub-folder a '
      'class with --config.data.evaluation_path.'
    )
  images, size = len(splits.train.images), config.generator.batch_size
  if needs_generator(config) and images < size:
    raise BadConfig(
      f'config.generator.batch_size is {size}, and there are only {images} '
      'training images: lower it, or add images.'
    )
  if config.meta.iterations and images < config.tasks.ways:
    raise BadConfig(
      f'config.tasks.ways is {config.tasks.ways}, and there are only {images} '
      'training images, each of which may be a class: add images.'
    )


def needs_generator(config: Config) -> bool:
  return bool(config.tasks.source == 'lasium' and config.meta.iterations)


def _check_split(
  config: Config, name: str, dataset: Dataset, needed: int
) -> None:
  counts = [0] * len(dataset.class_names)
  for label in dataset.labels.tolist():
    counts[label] += 1
  section = 'tasks' if name == 'train' else 'evaluation'
  ways = config[section].ways
  if len(counts) < ways:
    raise BadConfig(
      f'The {name} split of {config.data.name} has {len(counts)} classes, '
      f'fewer than config.{section}.ways = {ways}. Lower that, or '
      'have more classes there; without validation classes, set '
      'config.meta.validate_every=0.'
    )
  if min(counts) < needed:
    smallest = dataset.class_names[counts.index(min(counts))]
    raise BadConfig(
      f'Class {smallest!r} of the {name} split has {min(counts)} images, and '
      f'a task needs {needed} of each class (shots + queries). Lower '
      'config.tasks or config.evaluation, or leave that class out.'
    )


def _swept_uses(config: Config) -> dict[str, bool]:
  """Whether the run has a use for what can be swept."""
  synthetic, sampler = needs_generator(config), config.latents.sampler
  return {
    'sigma': synthetic and sampler == 'n',
    'alpha': synthetic and sampler in ('ro', 'oc'),
    'inner_rate': config.learner.name == 'maml' and config.meta.iterations > 0,
    'meta_rate': config.meta.iterations > 0,
  }


def _get(config: Config, field: str) -> Any:
  for name in field.split('.'):
    config = config[name]
  return config


def _pair(config: Config, field: str) -> tuple[Any, Any]:
  value = _get(config, field)
  if len(value) != 2:
    raise BadConfig(f'config.{field} is {value!r}; it must be two numbers.')
  return value[0], value[1]
