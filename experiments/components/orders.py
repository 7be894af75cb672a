"""Which rows meet in a batch of a generator's training, by what it reads."""

import functools
from collections.abc import Callable

from experiments.run.config import Settings, require
from lasium_jax.batches import sets_of_a_class, shuffled
from lasium_jax.models.build import GENERATORS
from lasium_jax.types import EpochFn

PAIR = 2  # Images of one class that meet where no setting says how many.


def reads_labels(section: Settings) -> bool:
  """Whether the generator of a config's section is trained with labels."""
  return GENERATORS[section['name']].reads == 'labels'


def orders_of(section: Settings) -> Callable[[int], EpochFn]:
  """From a batch's size to its order, for a generator's section.

  Args:
    section: `set_size` is how many of a class meet, if it is there.

  Returns:
    All rows shuffled, or sets of one class where labels are read.
  """
  if not reads_labels(section):
    return shuffled
  return functools.partial(sets_of_a_class, set_size=_set_size(section))


def check_batch(settings: Settings) -> None:
  """Raises `BadConfig` unless a batch is of whole sets, and they divide."""
  section = settings['generator']
  steps = section.get('critic_steps', 1)
  if not reads_labels(section):
    enough = settings['generator_training']['batch_size'] >= steps
    wanted = f'config.generator.critic_steps, {steps}, or more'
    require(settings, 'generator_training.batch_size', enough, wanted)
    return
  multiple = _set_size(section) * steps
  wanted = f'a multiple of {multiple}, for whole sets of one class'
  if steps > 1:
    wanted += f' in each of config.generator.critic_steps, {steps}'
  field = 'generator_training.batch_size'
  size = settings['generator_training']['batch_size']
  require(settings, field, size % multiple == 0, wanted)


def _set_size(section: Settings) -> int:
  return int(section.get('set_size', PAIR))
