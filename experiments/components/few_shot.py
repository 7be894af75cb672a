"""What learns from few-shot tasks, and the tasks, from a run's settings."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from experiments.components.clustering import CLUSTERING, Finder
from experiments.components.data import image_shape
from experiments.components.floors import FLOORS
from experiments.components.latents import ANCHORS, SAMPLERS
from experiments.components.parts import make, make_part
from experiments.components.tasks import CLUSTER_TASKS, TASKS, augment_of
from experiments.run.config import Settings, replaced
from experiments.run.members import as_fields
from lasium_jax.models.build import make_generator, make_learner, make_network
from lasium_jax.settings import Whole
from lasium_jax.types import (
  AnchorFn,
  Generator,
  Learner,
  TaskFn,
  Trainer,
)

Values = dict[str, Any]  # What is swept, by name; numbers or tracers.
# What a learner cannot have when it is judged so besides.
_CONFLICTS = {'inductive': 'refine_steps', 'refined': 'head_steps'}


class Generating(NamedTuple):
  """What synthetic tasks come from.

  Attributes:
    model: the generator.
    trainer: what trains it.
    anchors: the class centers of a task; None where its classes are clusters
      of what the generator encodes.
    clusters: what finds the clusters that are the generator's classes; None
      for one that is trained on images alone.
  """

  model: Generator
  trainer: Trainer
  anchors: AnchorFn | None
  clusters: Trainer | None = None


class Other(NamedTuple):
  """Another way to evaluate what was trained.

  Attributes:
    name: stands behind that of the run.
    learner: as it is evaluated then, of a member's values of what is swept.
    section: its section of settings.
    note: what pages say of it.
  """

  name: str
  learner: Callable[[Values], Learner]
  section: Settings
  note: str


class MetaTraining(NamedTuple):
  """What learns, and from which tasks; of a member's values of what is swept.

  Attributes:
    task_fn: makes the tasks of training.
    learner: as it trains.
    judged: as it is evaluated.
    others: how it is evaluated besides.
  """

  task_fn: Callable[[Values], TaskFn]
  learner: Callable[[Values], Learner]
  judged: Callable[[Values], Learner]
  others: tuple[Other, ...]


class Clustering(NamedTuple):
  """What goes on learning from clusters.

  Attributes:
    task_fn: makes tasks of a `ClusterSet`.
    learner: as it trains on them, of a member's values of what is swept.
    find: clusters by what the learner sees.
  """

  task_fn: TaskFn
  learner: Callable[[Values], Learner]
  find: Finder


class Parts(NamedTuple):
  """What a few-shot run is made of.

  Attributes:
    settings: that it is made of; a stage is given its section.
    generating: None where tasks need no generator.
    meta: None where nothing is meta-trained, and floors alone are judged.
    clustering: None where no clusters are looked for after meta-training.
    floors: that are judged too, by name.
  """

  settings: Settings
  generating: Generating | None
  meta: MetaTraining | None
  clustering: Clustering | None
  floors: Mapping[str, Learner]


def parts_of(settings: Settings) -> Parts:
  """The parts of a run; what its config has no section for is None.

  Raises:
    ValueError: if two parts do not go together.
  """
  generating = _generating(settings) if 'generator' in settings else None
  model = generating.model if generating else None
  floors = {
    name: _floor(settings, name)
    for name in FLOORS
    if settings['floors'].get(name, {}).get('judge')
  }

  def of_member(make: Callable[[Settings], Any]) -> Callable[[Values], Any]:
    return lambda values: make(replaced(settings, as_fields(values)))

  meta = None
  if 'learner' in settings:
    own = as_judged(settings)
    meta = MetaTraining(
      of_member(functools.partial(training_tasks, model=model)),
      of_member(learner),
      of_member(judged),
      tuple(
        Other(name, of_member(_judged_with(changes)), {**own, **changes}, note)
        for name, changes, note in _others(settings)
      ),
    )
  clustering = _clustering(settings) if 'clustering' in settings else None
  return Parts(settings, generating, meta, clustering, floors)


def _clustering(settings: Settings) -> Clustering:
  tasks = settings['cluster_tasks']
  augment = augment_of(settings, 'augment')

  def learner_of(values: Values) -> Learner:
    own = replaced(settings, as_fields(values))
    return make_learner(own['learner'], own['network'], tasks['ways'])

  return Clustering(
    make_part(CLUSTER_TASKS, tasks, augment=augment),
    learner_of,
    make_part(
      CLUSTERING,
      settings['clustering'],
      network=make_network(settings['network'])(None),
      view=augment_of(settings, 'cluster_views'),
      ways=tasks['ways'],
      lender=settings['rounds']['workdir'],
    ),
  )


def _generating(settings: Settings) -> Generating:
  shape, ways = image_shape(settings), settings['tasks']['ways']
  model, trainer = make_generator(settings['generator'], shape)
  anchors = _anchors(settings, model, ways) if 'anchors' in settings else None
  return Generating(model, trainer, anchors)


def _anchors(settings: Settings, model: Generator, ways: int) -> AnchorFn:
  available: dict[str, Any] = {'generator': model, 'ways': ways}
  if 'clusters' in settings['generator']:
    available['clusters'] = settings['generator']['clusters']
  anchors: AnchorFn = make(ANCHORS, settings['anchors'], **available)
  return anchors


def training_tasks(settings: Settings, model: Generator | None) -> TaskFn:
  """The tasks of meta-training; `model` is None if they need no generator."""
  available: dict[str, Any] = {'augment': augment_of(settings, 'augment')}
  if model is not None and 'latents' in settings:
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


def as_told(settings: Settings) -> Settings:
  """The learner's section with what its evaluation has otherwise.

  What `config.evaluation_learner` leaves None is as in training.
  """
  changes = settings['evaluation_learner']
  own = {name: value for name, value in changes.items() if value is not None}
  return {**settings['learner'], **own}


def as_judged(settings: Settings) -> Settings:
  """The learner's section as it is evaluated: with other steps, say.

  Without steps of a head nothing is tuned, whatever else is told.
  """
  told = as_told(settings)
  if told.get('head_steps') == 0:
    return {**told, 'tune_network': False, 'head_views': False}
  return told


def judged(settings: Settings) -> Learner:
  """The learner as it is evaluated."""
  return make_learner(
    as_judged(settings), settings['network'], settings['evaluation']['ways']
  )


def note_of(section: Settings) -> str:
  """What pages say of how a learner of such a section is judged."""
  if steps := section.get('head_steps'):
    fitted = 'all weights' if section.get('tune_network') else 'a linear head'
    views = ' on views' if section.get('head_views') else ''
    return f'{fitted}, {steps} steps{views} from prototypes'
  if steps := section.get('refine_steps'):
    return f'queries refine the prototypes, {steps} steps'
  return ''


def also_judged(
  *, inductive: bool = False, refine_steps: Whole = 0
) -> list[tuple[str, Settings, str]]:
  """How a learner is evaluated besides, where its queries come together.

  Args:
    inductive: whether with each query by itself too.
    refine_steps: of a learner with prototypes, by how many steps its queries
      refine these in another evaluation; 0 for none.

  Returns:
    Names, changes of the learner's section, and what `note_of` does not say.
  """
  others: list[tuple[str, Settings, str]] = []
  if inductive:
    others.append(('inductive', {'inductive': True}, 'each query by itself'))
  if refine_steps:
    others.append(('refined', {'refine_steps': refine_steps}, ''))
  return others


def _others(settings: Settings) -> list[tuple[str, Settings, str]]:
  """As `also_judged`, of a run; a head is judged beside its prototypes."""
  own = as_judged(settings)
  others: list[tuple[str, Settings, str]] = []
  also = []
  if normalization(own) == 'transductive':
    also = also_judged(**settings.get('also_judged', {}))
  if own.get('head_steps'):
    note = 'its prototypes, without the head'
    others.append(('prototypes', {'head_steps': 0}, note))
    others += [
      (f'prototypes-{name}', {'head_steps': 0, **changes}, f'{note}; {by}')
      for name, changes, by in also
      if name == 'inductive'
    ]
  for name, changes, by in also:
    field = _CONFLICTS[name]
    all_changes = {**({field: 0} if own.get(field) else {}), **changes}
    note = '; '.join(filter(None, (by, note_of({**own, **all_changes}))))
    others.append((name, all_changes, note))
  return others


def _judged_with(changes: Settings) -> Callable[[Settings], Learner]:
  """The learner as it is evaluated, with other settings."""
  fields = {f'evaluation_learner.{k}': v for k, v in changes.items()}
  return lambda settings: judged(replaced(settings, fields))


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
