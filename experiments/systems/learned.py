"""What the learners of a few-shot run have learned, found without its data."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from experiments.components.data import image_shape
from experiments.components.few_shot import Parts
from experiments.run.config import BadConfig, Settings
from experiments.run.members import Member
from experiments.run.record import Record
from experiments.stages import meta, rounds
from lasium_jax.types import Params


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
  if 'rounds' not in settings:
    return meta.NAME, settings['meta']['iterations']
  return rounds.NAME, math.prod(
    settings['rounds'][name] for name in ('number', 'iterations')
  )


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
    files: likewise.

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
  given = parts.meta.learner({}), everyone, files, image_shape(settings)
  if parts.clustering is not None:
    return Learned(rounds.left_behind(*given, **settings['rounds']), 0)
  state = meta.left_behind(*given, **settings['meta'])
  return Learned(state.best, int(np.argmax(state.best_accuracy)))
