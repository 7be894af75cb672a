"""Settings of older runs by the names of today's."""

import math
from collections.abc import Mapping
from typing import Any

from experiments.run.added_settings import by_todays_names

_RENAMED = {
  'tasks.source': 'tasks.name',
  'tasks.shift': 'augment.shift',
  'tasks.views': 'augment.views',
  'latents.sampler': 'latents.name',
  'latents.max_draws': 'anchors.max_draws',
  'generator.anchors': 'anchors.name',
  'generator.epsilon': 'anchors.epsilon',
  'generator.rate': 'generator.learning_rate',
  'generator.steps': 'generator_training.steps',
  'generator.batch_size': 'generator_training.batch_size',
  'generator.steps_per_dispatch': 'generator_training.steps_per_dispatch',
  'generator.sample_pictures': 'generator_training.pictures',
  'generator.workdir': 'generator_training.workdir',
  'learner.inner_rate': 'learner.learning_rate',
  'learner.inner_steps': 'learner.steps',
  'meta.rate': 'meta.learning_rate',
  'evaluation.inner_rate': 'evaluation_learner.learning_rate',
  'evaluation.inner_steps': 'evaluation_learner.steps',
  'evaluation.scratch_rate': 'floors.scratch.learning_rate',
  'evaluation.scratch_steps': 'floors.scratch.steps',
  'data.device_bytes': 'device_bytes',
}


def renamed(settings: Mapping[str, Any]) -> dict[str, Any]:
  """Flattened settings by today's names; today's stay as they are."""
  if 'system' in settings:
    return by_todays_names(settings)
  fields = {_RENAMED.get(k, k): v for k, v in settings.items()}
  if 'benchmark' in fields:
    fields['file'] = f'configs/lasium/{fields.pop("benchmark")}.py'
    name = fields.get('data.name')
    if name not in ('glyphs', 'folder'):  # It was a name of TFDS.
      fields |= {'data.name': 'tfds', 'data.dataset': name}
  return fields


def settings_of(
  page: Mapping[str, Any], entry: Mapping[str, Any]
) -> dict[str, Any]:
  """What a page that was published without its settings says of them.

  Args:
    page: with `changed`, the settings that were not the config file's, and
      `meta`, how long meta-training was.
    entry: one of its results, in today's form.

  Returns:
    Flattened settings by today's names, of the method alone; {} where the name
    of the run is none of those times.
  """
  method = _method(entry['config'].partition(':')[2] or entry['name'])
  if not method:
    return {}
  meta = page.get('meta', {})
  return renamed(
    {
      'data.split': 'random',
      **method,
      **{f'meta.{k}': meta[k] for k in ('iterations', 'batch') if k in meta},
      **page.get('changed', {}),
    }
  )


def _method(run: str) -> dict[str, Any]:
  """The settings of an older run's name, such as 'ro-vae-maml-paper'."""
  words = run.split('-')
  variant = words.pop() if words[-1] in ('paper', 'released') else ''
  network = {'network.downsample': 'max_pool', 'network.head': 'flatten'}
  shared: dict[str, Any] = network if variant == 'paper' else {}
  match words:
    case ['scratch']:
      return {'tasks.name': 'lasium', **shared}
    case ['supervised' | 'umtra' as source, learner]:
      tasks = {'supervised': 'labeled', 'umtra': 'umtra'}[source]
      return {'tasks.name': tasks, 'learner.name': learner, **shared}
    case [sampler, generator, learner]:
      return {
        'tasks.name': 'lasium',
        'tasks.ways': 5,
        'generator.name': generator,
        'learner.name': learner,
        'latents.name': sampler,
        'latents.alpha': 0.2,
        **_sigma(generator, variant),
        **shared,
      }
  return {}


def _sigma(generator: str, variant: str) -> dict[str, Any]:
  if variant == 'released' and generator == 'vae':
    return {'latents.sigma': 0.0, 'latents.sigma_max': 2.0}
  return {'latents.sigma': math.sqrt(0.5) if variant == 'paper' else 0.5}
