"""Writes what a finished run has trained as one folder.

For example:

python experiments/export.py --workdir=runs/ro-vae-maml --out=models/ro-vae-maml

The folder is all that `lasium_jax.FewShotClassifier.load` and
experiments/classify.py need. With --what=generator it is the generator's.
"""

import json
from pathlib import Path
from typing import Any

from absl import flags

from experiments.components.checks import Config, needs_generator
from experiments.run import command, members
from experiments.run.members import Member
from experiments.run.record import Record
from experiments.run.saved import saved_config
from experiments.stages import generator as stage_generator
from experiments.stages import meta as stage_meta
from lasium_jax import models

# Fields of the data that tell of the user's machine, not of the model.
_OWN = ('path', 'evaluation_path', 'device_bytes')


def export(workdir: Path, out: Path, what: str = 'learner') -> Path:
  """Writes a run's learner or generator as a model.

  Args:
    workdir: of a run that has come to the end of that stage.
    out: a new or empty folder.
    what: 'learner' or 'generator'.

  Returns:
    `out`.

  Raises:
    BadConfig: if there is no run, or it has no such part.
    FileNotFoundError: if the stage is not finished.
  """
  config, files = saved_config(workdir), Record(workdir, {})
  if what == 'learner':
    member, params = stage_meta.exported(config, files)
    accuracy = _accuracy(config, workdir, member)
    config = _of_member(config, member)
    architecture = _learner(config)
  else:
    params = stage_generator.exported(config, files)
    architecture, accuracy = _generator(config), []
  side, channels = config.data.size, config.data.channels
  card = {
    'kind': what,
    'architecture': architecture,
    'image': {
      'height': side,
      'width': side,
      'channels': channels,
      'invert': config.data.invert,
    },
    'training': _training(config, what),
    'accuracy': accuracy,
  }
  return models.save_model(out, models.Model(card, params))


def _of_member(config: Config, member: Member) -> Config:
  """As if the member had been a run of its own."""
  own = members.configured(config, member.values)
  own.seed = member.seed
  return own


def _learner(config: Config) -> dict[str, Any]:
  """As it is evaluated, which is as it will be used."""
  settings = config.learner
  options: dict[str, dict[str, Any]] = {
    'maml': {
      'steps': config.evaluation.inner_steps,
      'learning_rate': config.evaluation.inner_rate,
      'inductive': settings.inductive,
    },
    'protonets': {
      'distance': settings.distance,
      'inductive': settings.inductive,
    },
  }
  return {
    'network': {'name': 'conv4', **config.network.to_dict()},
    'learner': {'name': settings.name, **options[settings.name]},
    'ways': config.tasks.ways,
  }


def _generator(config: Config) -> dict[str, Any]:
  settings = config.generator
  options: dict[str, dict[str, Any]] = {
    'vae': {
      'filters': list(settings.filters),
      'halvings': settings.halvings,
    },
    'msgan': {'filters': settings.filters[0]},
  }
  return {
    'name': settings.name,
    'latent_size': settings.latent_size,
    **options[settings.name],
  }


def _training(config: Config, what: str) -> dict[str, Any]:
  """What a reader of the card should know of the training."""
  settings = config.to_dict()
  described = {
    'run': f'configs/lasium/{config.benchmark}.py:{config.name}',
    'seed': config.seed,
    'precision': config.precision,
    'data': {n: v for n, v in settings['data'].items() if n not in _OWN},
  }
  if needs_generator(config):
    generator = settings['generator']
    described['generator'] = {
      name: generator[name] for name in ('name', 'steps', 'batch_size', 'rate')
    }
    if what == 'learner':
      described['latents'] = settings['latents']
  if what == 'learner':
    described |= {
      'labels': config.tasks.source == 'labeled',
      'tasks': settings['tasks'],
      'learner': settings['learner'],
      'meta': settings['meta'],
    }
  return described


def _accuracy(
  config: Config, workdir: Path, member: Member
) -> list[dict[str, Any]]:
  """The member's entries of results.json; of one alone they do not name it."""
  path = workdir / 'results.json'
  if not path.exists():
    return []
  results = json.loads(path.read_text())['results']
  several = len(members.members(config)) > 1
  settings = member.settings() if several else None
  return [
    entry
    for entry in results
    if entry['name'] == config.name and entry.get('member') == settings
  ]


def define_flags() -> None:
  flags.DEFINE_string('workdir', None, 'The folder of a finished run.')
  flags.DEFINE_string('out', None, 'The folder to write, new or empty.')
  whats = ['learner', 'generator']
  flags.DEFINE_enum('what', 'learner', whats, 'What to write.')


def work(given: Any) -> None:
  folder = export(Path(given.workdir), Path(given.out), given.what)
  print(f'{given.what.capitalize()}: {folder}')


if __name__ == '__main__':
  command.start(define_flags, work, ['workdir', 'out'])
