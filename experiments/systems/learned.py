"""What the learners of a few-shot run have learned, found without its data.

They may be another run's (`config.meta.workdir`), which are judged in another
way: on tasks of other ways, for example. Rounds of clustering may begin with
the meta-training of another run (`config.rounds.workdir`).
"""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from experiments.components.data import image_shape
from experiments.components.few_shot import Parts
from experiments.run import loop, record
from experiments.run.config import BadConfig, Settings, flatten
from experiments.run.members import Member
from experiments.run.record import Record
from experiments.stages import generator, meta, rounds
from lasium_jax.data import Splits
from lasium_jax.types import Params

# Settings of how learners are judged. Where validation chose some of a run's
# parameters, it did so on tasks by the settings that the run had itself.
JUDGED = ('evaluation', 'evaluation_learner', 'also_judged', 'floors')
# What may differ from the run whose learners are taken over, by the section
# whose `workdir` names it: rounds come after what they take over.
_LATER = {
  'meta': JUDGED,
  'rounds': (
    *JUDGED,
    *('clustering', 'rounds', 'cluster_tasks', 'cluster_views'),
  ),
}
# Of these, what tells of a machine or of what is shown on the way.
_OWN = {
  *(
    f'{section}.{name}'
    for section, names in generator.OWN.items()
    for name in names
  ),
  *('meta.workdir', 'meta.steps_per_dispatch', 'meta.over_tasks'),
  *('rounds.workdir', 'rounds.steps_per_dispatch', 'rounds.over_tasks'),
  *('file', 'name', 'device_bytes', 'over_members', *record.FREE),
}


class Learned(NamedTuple):
  """The learners of a run that has come to its end.

  Attributes:
    params: `[members, ...]`.
    best: the member that is best in validation; the first without any.
  """

  params: Params
  best: int


def last_stage(settings: Settings) -> tuple[str, int]:
  """The stage that learns last, and its steps."""
  if not _has_rounds(settings):
    return meta.NAME, settings['meta']['iterations']
  return rounds.NAME, math.prod(
    settings['rounds'][name] for name in ('number', 'iterations')
  )


def _has_rounds(settings: Settings) -> bool:
  """Whether there is a round of clustering; there may be a section of none."""
  return bool(settings.get('rounds', {}).get('number'))


def steps(settings: Settings) -> int:
  """The outer steps of all stages that learn."""
  warm_up: int = settings['meta']['iterations']
  name, last = last_stage(settings)
  return warm_up if name == meta.NAME else warm_up + last


def left_behind(
  parts: Parts, members: Sequence[Member], files: Record
) -> Learned:
  """What the last stage that learns has left.

  Args:
    parts: of a run.
    members: likewise.
    files: likewise; those of another run are read where the config says so.

  Returns:
    Of every member.

  Raises:
    BadConfig: if the run meta-trains nothing.
    FileNotFoundError: if that stage has not come to its end.
    Damaged: if it has, and what it left is damaged.
  """
  settings, everyone = parts.settings, list(members)
  if parts.meta is None:
    raise BadConfig(f'The run {settings["name"]!r} has no learner to export.')
  theirs = lender(settings, files)
  given = parts.meta.learner({}), everyone, theirs, image_shape(settings)
  if _has_rounds(settings):
    return Learned(rounds.left_behind(*given, **settings['rounds']), 0)
  state = meta.left_behind(*given, **settings['meta'])
  return Learned(state.best, int(np.argmax(state.best_accuracy)))


def warm_up(parts: Parts, members: Sequence[Member]) -> Params | None:
  """What the meta-training of another run has left, for rounds to begin with.

  Args:
    parts: of a run.
    members: likewise.

  Returns:
    Parameters `[members, ...]`; None where the run has its own meta-training.
  """
  settings = parts.settings
  workdir = settings.get('rounds', {}).get('workdir')
  if not workdir or parts.meta is None:
    return None
  state = meta.left_behind(
    parts.meta.learner({}),
    list(members),
    Record(Path(workdir), {}),
    image_shape(settings),
    **settings['meta'],
  )
  return state.best


def lender(settings: Settings, files: Record) -> Record:
  """The run whose learners they are: another's, or this one."""
  workdir = settings.get('meta', {}).get('workdir', '')
  if 'rounds' in settings and not _has_rounds(settings):
    workdir = workdir or settings['rounds']['workdir']
  return generator.lender(files, workdir)


def check_borrowed(settings: Settings) -> None:
  """Raises an error if another run's learners are not the ones meant.

  A run that borrows none passes. Configs are compared here, and that what is
  taken over is finished; `check_borrowed_data` compares the data.

  Raises:
    BadConfig: if there is no such run, or it learned otherwise.
    FileNotFoundError: if it has not come to its end.
  """
  for section, workdir in _borrowed(settings).items():
    _check_settings(settings, section, workdir)
    last = last_stage(settings)
    if section == 'rounds':
      last = meta.NAME, settings['meta']['iterations']
    loop.check_finished(Record(Path(workdir), {}), *last)


def _borrowed(settings: Settings) -> dict[str, str]:
  """The workdirs of other runs, by the section that names each."""
  named = {name: settings.get(name, {}).get('workdir', '') for name in _LATER}
  return {name: workdir for name, workdir in named.items() if workdir}


def _check_settings(settings: Settings, section: str, workdir: str) -> None:
  field = f'config.{section}.workdir'
  theirs = record.read_config(Path(workdir))
  if theirs is None or not (Path(workdir) / 'data.json').exists():
    raise BadConfig(f'{field}: {workdir} is not a run.')
  if lender := theirs.get(section, {}).get('workdir'):
    raise BadConfig(
      f'{field}: what {workdir} would lend is of {lender}; name that run.'
    )
  later = _LATER[section]
  old, new = _of_learning(theirs, later), _of_learning(settings, later)
  changed = sorted(k for k in {*old, *new} if old.get(k) != new.get(k))
  if changed:
    raise BadConfig(
      f'The learners in {workdir} were trained with other settings:\n'
      + '\n'.join(
        f'  {name}: {old.get(name, "absent")!r} there, '
        f'{new.get(name, "absent")!r} here'
        for name in changed
      )
      + f'\nOnly config.{", config.".join(later)} may differ. Set the others '
      'as they are there, or name another run. What is absent there came '
      'later, and needs a run of this version.'
    )


def _of_learning(settings: Settings, later: tuple[str, ...]) -> Settings:
  """Flattened, without what comes later and what is not of the learning."""
  rest = {k: v for k, v in settings.items() if k not in later}
  fields = flatten(json.loads(json.dumps(rest)))
  return {name: v for name, v in fields.items() if name not in _OWN}


def check_borrowed_data(settings: Settings, splits: Splits) -> None:
  """Raises `BadConfig` if borrowed learners learned from other images."""
  for workdir in _borrowed(settings).values():
    theirs = record.read_json(Path(workdir) / 'data.json').get('train')
    if theirs != record.digest(splits.train):
      raise BadConfig(
        f'The learners in {workdir} learned from other images than those of '
        'this run: their number, classes or content differ. Use the same data.'
      )
