"""What learns from few-shot tasks, and the tasks, from a run's settings."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from experiments.components.data import image_shape
from experiments.components.floors import FLOORS
from experiments.components.latents import ANCHORS, SAMPLERS
from experiments.components.parts import make, make_part
from experiments.components.tasks import AUGMENTATION, TASKS
from experiments.run.config import Settings, replaced
from experiments.run.members import as_fields
from lasium_jax.models.build import make_generator, make_learner, make_network
from lasium_jax.types import AnchorFn, Generator, Learner, TaskFn, Trainer

Values = dict[str, Any]  # What is swept, by name; numbers or tracers.


class Parts(NamedTuple):
  """What a few-shot run is made of.

  Attributes:
    settings: that it is made of; a stage is given its section.
    model: the generator, or None.
    trainer: what trains it, or None.
    anchors: the class centers of a task, or None.
    task_fn: of a member's values of what is swept, or None.
    learner: likewise, as it trains.
    judged: likewise, as it is evaluated.
    floors: that are judged too, by name.
  """

  settings: Settings
  model: Generator | None
  trainer: Trainer | None
  anchors: AnchorFn | None
  task_fn: Callable[[Values], TaskFn] | None
  learner: Callable[[Values], Learner] | None
  judged: Callable[[Values], Learner] | None
  floors: Mapping[str, Learner]


def parts_of(settings: Settings) -> Parts:
  """The parts of a run; what its config has no section for is None.

  Raises:
    ValueError: if two parts do not go together.
  """
  model = trainer = anchors = None
  if 'generator' in settings:
    model, trainer = make_generator(
      settings['generator'], image_shape(settings)
    )
    anchors = _anchors(settings, model, settings['tasks']['ways'])
  floors = {
    name: _floor(settings, name)
    for name in FLOORS
    if settings['floors'].get(name, {}).get('judge')
  }
  if 'learner' not in settings:
    return Parts(settings, model, trainer, anchors, None, None, None, floors)

  def of_member(make: Callable[[Settings], Any]) -> Callable[[Values], Any]:
    return lambda values: make(replaced(settings, as_fields(values)))

  return Parts(
    settings,
    model,
    trainer,
    anchors,
    of_member(functools.partial(training_tasks, model=model)),
    of_member(learner),
    of_member(judged),
    floors,
  )


def _anchors(settings: Settings, model: Generator, ways: int) -> AnchorFn:
  anchors: AnchorFn = make(
    ANCHORS, settings['anchors'], generator=model, ways=ways
  )
  return anchors


def training_tasks(settings: Settings, model: Generator | None) -> TaskFn:
  """The tasks of meta-training; `model` is None if they need no generator."""
  available: dict[str, Any] = {
    'augment': make_part(AUGMENTATION, settings['augment'])
  }
  if model is not None:
    available |= {
      'generator': model,
      'make_anchors': functools.partial(_anchors, settings, model),
      'sampler': make(SAMPLERS, settings['latents'], generator=model),
    }
  task_fn: TaskFn = make(TASKS, settings['tasks'], **available)
  return task_fn


def learner(settings: Settings) -> Learner:
  """The learner as it trains."""
  return make_learner(
    settings['learner'], settings['network'], settings['tasks']['ways']
  )


def as_judged(settings: Settings) -> Settings:
  """The learner's section as it is evaluated: with other steps, say.

  What `config.evaluation_learner` leaves None is as in training.
  """
  changes = settings['evaluation_learner']
  own = {name: value for name, value in changes.items() if value is not None}
  return {**settings['learner'], **own}


def judged(settings: Settings) -> Learner:
  """The learner as it is evaluated."""
  return make_learner(
    as_judged(settings), settings['network'], settings['evaluation']['ways']
  )


def _floor(settings: Settings, name: str) -> Learner:
  """A floor, by the name that `FLOORS` has for it."""
  own = {k: v for k, v in settings['floors'][name].items() if k != 'judge'}
  return make_part(  # type: ignore[no-any-return]
    FLOORS[name].part,
    own,
    make_network=make_network(settings['network']),
    ways=settings['evaluation']['ways'],
  )


def normalization(section: Settings) -> str:
  """'inductive' or 'transductive', of a learner's or a floor's section.

  What has no such setting normalizes no image by another.
  """
  return 'inductive' if section.get('inductive', True) else 'transductive'
