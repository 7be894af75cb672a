"""What a finished run has trained, as a model: weights and a card."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax

from experiments.components.data import image_shape
from experiments.components.few_shot import as_judged, parts_of
from experiments.components.orders import reads_labels
from experiments.run.config import BadConfig, Settings, replaced, run_name
from experiments.run.members import Member, members, told_apart
from experiments.run.outputs import check_new_folder
from experiments.run.record import Record
from experiments.run.results import read_results
from experiments.run.saved import saved_settings
from experiments.stages import generator
from experiments.systems import (
  clustered_images,
  code_clusters,
  cola,
  cola_generator,
  interpolative,
  learned,
  recognizer,
)
from experiments.systems.cola_checks import is_unlabeled
from lasium_jax import models
from lasium_jax.models.build import INVERSION
from lasium_jax.settings import parameters
from lasium_jax.types import Params

# Sections that the card of a generator has in `training`, of those that the run
# has; and those of any model.
_TOLD_OF_GENERATORS = (
  'data',
  'small_sample',
  'generator',
  'generator_training',
  'inversion',
  *clustered_images.SECTIONS,
  *code_clusters.SECTIONS,
)
_TOLD = (
  *_TOLD_OF_GENERATORS,
  *('anchors', 'latents', 'partitions', 'tasks'),
  *('augment', 'learner', 'meta', 'classifier', 'optimizer', 'batches'),
  *('rounds', 'clustering', 'cluster_views', 'cluster_tasks'),
  *('borrowed', 'training'),
)


class Trained(NamedTuple):
  """One trained part of a run.

  Attributes:
    architecture: as `lasium_jax.models.Model` has it: sections of the config.
    params: of the part.
    settings: of the run, as if its best member had been a run of its own.
    member: whose results belong to it, None where members share it.
  """

  architecture: Mapping[str, Any]
  params: Params
  settings: Settings
  member: Member | None = None


def learner(settings: Settings, files: Record) -> Trained:
  """The member that is best in validation, found without its data.

  Raises:
    BadConfig: if the run meta-trains nothing.
    FileNotFoundError: if meta-training has not come to its end.
  """
  everyone = members(settings)
  found = learned.left_behind(parts_of(settings), everyone, files)
  member = everyone[found.best]
  own = replaced(settings, member.fields()) | {'seed': member.seed}
  architecture = {
    'network': own['network'],
    'learner': as_judged(own),
    'ways': own['tasks']['ways'],
  }
  params = jax.tree.map(lambda leaf: leaf[found.best], found.params)
  return Trained(architecture, params, own, member)


def generators(settings: Settings, files: Record) -> Trained:
  """The run's generator, or the one that it borrowed.

  Raises:
    BadConfig: if the run has no generator.
    FileNotFoundError: if its training has not come to its end.
  """
  parts = parts_of(settings).generating
  if parts is None:
    raise BadConfig(f'The run {settings["name"]!r} has no generator to export.')
  training = settings['generator_training']
  params = generator.trained(parts.trainer, files, **training)
  return Trained(settings['generator'], params, settings)


def classifiers(settings: Settings, files: Record) -> Trained:
  """The run's first member: a classifier has no validation to choose by."""
  params, classes = recognizer.trained(settings, files)
  architecture = {'network': settings['classifier'], 'classes': classes}
  return Trained(architecture, params, settings, members(settings)[0])


def autoencoders(settings: Settings, files: Record) -> Trained:
  """The generator of a run of interpolative autoencoders.

  It has the encoder that the run trained to invert it, if it did.
  """
  architecture = dict(settings['generator'])
  if 'inversion' in settings:
    known = parameters(INVERSION)  # Beside what only its training has.
    architecture['inversion'] = {
      name: value
      for name, value in settings['inversion'].items()
      if name in known
    }
  params = interpolative.judged_model(settings, files).params
  return Trained(architecture, params, settings)


def drawing(settings: Settings, files: Record) -> Trained:
  """The generator of a run of COLA."""
  params = cola_generator.trained(settings, files)
  return Trained(settings['generator'], params, settings)


def of_small_samples(settings: Settings, files: Record) -> Trained:
  """The first member of a run of COLA that learned of real and made images."""
  params, classes = cola.trained_classifier(settings, files)
  architecture = {'network': settings['classifier'], 'classes': classes}
  return Trained(architecture, params, settings, members(settings)[0])


# What there is to export, by the system and the kind of model.
EXPORTS: dict[str, dict[str, Callable[[Settings, Record], Trained]]] = {
  'lasium': {'learner': learner, 'generator': generators},
  'recognizer': {'classifier': classifiers},
  'interpolative': {'generator': autoencoders},
  'cola': {'generator': drawing, 'classifier': of_small_samples},
}
KINDS = sorted({kind for kinds in EXPORTS.values() for kind in kinds})


def export(workdir: Path, out: Path, what: str = '') -> Path:
  """Writes a part of a run as a model.

  Args:
    workdir: of a run that has come to the end of that stage.
    out: a new or empty folder.
    what: one of `KINDS`; '' is the first that the run's system has.

  Returns:
    `out`.

  Raises:
    BadConfig: if there is no run, it has no such part, or its images were cut
      into black and white.
    FileNotFoundError: if the stage is not finished.
    OSError: if `out` cannot be written, or is not empty.
  """
  check_new_folder(out)
  settings = saved_settings(workdir, *EXPORTS)
  options = EXPORTS[settings['system']]
  kind = what or next(iter(options))
  if kind not in options:
    raise BadConfig(
      f'{workdir} is a run of {settings["system"]}, which has no {kind} to '
      f'export; it has {", ".join(options)}.'
    )
  _check_gray(settings, workdir)
  trained = options[kind](settings, Record(workdir, {}))
  side, _, channels = image_shape(settings)
  card = {
    'kind': kind,
    'architecture': trained.architecture,
    'image': {
      'height': side,
      'width': side,
      'channels': channels,
      'invert': settings['data']['invert'],
    },
    'training': _told(trained.settings, kind),
    'accuracy': _accuracy(settings, workdir, trained.member),
  }
  return models.save_model(out, models.Model(card, trained.params))


def _check_gray(settings: Settings, workdir: Path) -> None:
  """Sees that a model can be given images as people have them."""
  if threshold := settings['data'].get('threshold'):
    raise BadConfig(
      f'{workdir} learned from images cut into black and white, with '
      f'config.data.threshold = {threshold}. No program that uses an exported '
      'model cuts them, so that it would misread gray ones. '
      'config.one_shot.recognizer names such a workdir itself.'
    )


def _told(settings: Settings, kind: str) -> dict[str, Any]:
  """What a reader of the card should know of the training."""
  names = [name for name in dict.fromkeys(_TOLD) if name in settings]
  if kind == 'generator':
    names = [name for name in names if name in _TOLD_OF_GENERATORS]
  sections = {
    name: {
      field: value
      for field, value in settings[name].items()
      if field not in generator.OWN.get(name, ())
    }
    for name in names
  }
  return {
    'run': run_name(settings),
    'seed': settings['seed'],
    'precision': settings['precision'],
    'labels': kind == 'classifier'
    or settings.get('tasks', {}).get('name') == 'labeled'
    or (
      kind == 'generator'
      and reads_labels(settings['generator'])
      and not is_unlabeled(settings)
    ),
    **sections,
  }


def _accuracy(
  settings: Settings, workdir: Path, member: Member | None
) -> list[dict[str, Any]]:
  """The member's entries of results.json; of one alone they do not name it.

  What is of another name, and says of which use it is, is a learner's accuracy
  with other settings, such as that without a head.
  """
  if member is None:
    return []
  everyone = members(settings)
  own = told_apart(everyone)[everyone.index(member)]
  return [
    entry
    for entry in read_results(workdir / 'results.json').get('results', [])
    if (entry['name'] == settings['name'] or 'use' in entry)
    and entry['metric'] == 'accuracy'
    and entry.get('member') == own
  ]
