"""Rounds of clustering what a learner sees, and learning from the clusters."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from experiments.run import loop, streams
from experiments.run import members as members_of_run
from experiments.run.loop import Stage
from experiments.run.members import Member
from experiments.run.record import Record
from experiments.run.run import Run
from experiments.stages.found_clusters import describe, keep_clusters
from experiments.stages.judging import Values
from experiments.stages.meta import OverTasks, compiled_steps, steps_of
from lasium_jax import meta, parallel
from lasium_jax.fitting import own
from lasium_jax.settings import Count, NonNegative, Whole
from lasium_jax.types import (
  Array,
  ClusterSet,
  Learner,
  Params,
  TaskFn,
)

NAME = 'cluster_rounds'
UNITS = {
  'loss': 'nats',
  'accuracy': '%',
  'clusters': '',
  'images': 'a cluster',
  'covered': '%',
  'purity': '%',
}
_ABOUT = (
  'Every row has images of one cluster, found without labels when a round '
  'began. Curves show the share of images that are in a cluster (covered) and, '
  'where the data happen to have labels, the share of these whose class is '
  "their cluster's most frequent one (purity); that is looked at, and nothing "
  'in a run is chosen by it.'
)


class Learning(NamedTuple):
  """What learns, and what finds the clusters that it learns from.

  Attributes:
    learner: of a member's values of what is swept, as it trains.
    task_fn: likewise, makes tasks of a `ClusterSet`.
    find: `(key, params) -> ClusterSet`, clusters of all images by the features
      of a learner with these parameters.
    images: `[n, H, W, C]` uint8, on the device.
    classes: `[n]` of the same images, for purity alone; None without labels.
  """

  learner: Callable[[Values], Learner]
  task_fn: Callable[[Values], TaskFn]
  find: Callable[[Array, Params], ClusterSet]
  images: Array
  classes: np.ndarray | None


class Rounds(NamedTuple):
  """Rounds under way. Every leaf has a leading axis of `[members]`.

  Attributes:
    meta: the learners, and their optimizers of this round.
    seen_by: the parameters at the round's start, by whose features images are
      clustered; a run that goes on finds the same clusters again.
  """

  meta: meta.MetaState
  seen_by: Params


def train(
  run: Run,
  learning: Learning,
  params: Params,
  *,
  number: Whole = 12,
  iterations: Count = 600,
  batch: Count = 1,
  learning_rate: NonNegative = 1e-3,
  over_tasks: OverTasks = 'auto',
  steps_per_dispatch: Count = 10,
  workdir: str = '',
) -> Params:
  """Clusters all images by what the learners see, trains on that, and again.

  This is what UFLST does (Ji et al. 2019). Weights go on from round to round;
  the optimizer and its cosine begin anew.

  Args:
    run: of which no label is read but for purity.
    learning: what learns, and from which images.
    params: `[members, ...]`, what the first clusters are found by.
    number: of rounds; with 0 the first parameters are the last.
    iterations: outer steps of a round.
    batch: tasks of an outer step.
    learning_rate: Adam's at the start of a round, on a cosine to 0 at its end.
    over_tasks: as in meta-training.
    steps_per_dispatch: in one compiled program; more than one pays on a GPU,
      and one, of one task and one member, on a CPU, where it has faster
      convolutions.
    workdir: of a run whose meta-training is taken in place of an own one. It
      has the same settings but for those of clustering, and may have no rounds
      of its own or have failed in one.

  Returns:
    The last parameters, `[members, ...]`.
  """
  del workdir  # What it left is `params`.
  if not number:
    return params
  optimizer = _optimizer(learning_rate, iterations)
  step_of = steps_of(
    run, learning, lambda values: optimizer, batch=batch, over_tasks=over_tasks
  )

  def clusters_of(params: Params) -> list[ClusterSet]:
    keys = [streams.stream(m.seed, streams.CLUSTER_VIEWS) for m in run.members]
    return [
      learning.find(key, jax.tree.map(lambda leaf, i=i: leaf[i], params))
      for i, key in enumerate(keys)
    ]

  stage = _stage(
    run,
    learning,
    params,
    clusters_of,
    steps=compiled_steps(run, step_of, steps_per_dispatch, _source),
    optimizer=optimizer,
    steps_in_all=number * iterations,
    iterations=iterations,
    chunk=steps_per_dispatch,
  )
  state = loop.run(stage, run.files, checkpoint_seconds=run.checkpoint_seconds)
  return state.meta.params


def _optimizer(
  learning_rate: float, iterations: int
) -> optax.GradientTransformation:
  return optax.adam(optax.cosine_decay_schedule(learning_rate, iterations))


def _stage(
  run: Run,
  learning: Learning,
  params: Params,
  clusters_of: Callable[[Params], list[ClusterSet]],
  *,
  steps: Callable[..., Any],
  optimizer: optax.GradientTransformation,
  steps_in_all: int,
  iterations: int,
  chunk: int,
) -> Stage:
  values = members_of_run.stacked_values(run.members)
  _, keys = members_of_run.stacked_keys(run.members, streams.CLUSTERS)
  images = parallel.replicate(run.task_mesh, learning.images)
  # Of the round under way alone: each member's clusters, and all stacked.
  current: dict[int, tuple[list[ClusterSet], Any]] = {}

  def look(params: Params) -> tuple[list[ClusterSet], Any]:
    found = clusters_of(params)
    stacked = jax.tree.map(
      lambda *leaves: jnp.stack(leaves), *(one[1:] for one in found)
    )
    return found, parallel.replicate(run.task_mesh, stacked)

  def init() -> Rounds:
    return parallel.replicate(run.task_mesh, start(optimizer, params))

  def advance(
    state: Rounds, first: int, n: int
  ) -> tuple[Rounds, Mapping[str, Any]]:
    round_, measured = first // iterations, {}
    if first % iterations == 0:
      state = start(optimizer, state.meta.params)
    if round_ not in current:
      current.clear()
      current[round_] = look(state.seen_by)
    found, stacked = current[round_]
    if first % iterations == 0:
      measured = describe(found, learning.classes)
      keep_clusters(run, NAME, found[0], 'round', round_ + 1, step=first)
    those = values, keys, stacked
    trained, means = steps(state.meta, those, images, np.int32(first), n)
    state = state._replace(meta=trained)
    return state, members_of_run.named(means | measured, run.members)

  return Stage(
    NAME,
    steps_in_all,
    chunk,
    init,
    advance,
    period=iterations,
    title='Rounds of clustering',
    units=UNITS,
    about=_ABOUT,
  )


def start(optimizer: optax.GradientTransformation, params: Params) -> Rounds:
  """All members at the start of a round."""
  # Copies, as the next dispatch takes over the memory of the learners.
  copy = own(params)
  return Rounds(meta.MetaState(copy, jax.vmap(optimizer.init)(copy)), params)


def _source(clusters: Any, images: Array) -> ClusterSet:
  """What a member's tasks come from: its clusters, and the images of all."""
  return ClusterSet(images, *clusters)


def left_behind(
  learner: Learner,
  members: list[Member],
  files: Record,
  shape: tuple[int, int, int],
  *,
  number: int,
  iterations: int,
  learning_rate: float,
  **_: Any,
) -> Params:
  """The last parameters of a run's members, found without its data.

  Args:
    learner: as it trained.
    members: of the run.
    files: of the run.
    shape: `(H, W, C)` of its images.
    number: of rounds.
    iterations: of a round.
    learning_rate: likewise.
    **_: what else the section has.

  Returns:
    Parameters `[members, ...]`.

  Raises:
    FileNotFoundError: if the rounds have not come to their end.
  """
  x = jnp.zeros((1, *shape))
  keys, _keys = members_of_run.stacked_keys(members, streams.CLUSTERS)

  def first() -> Rounds:
    params = jax.vmap(learner.init, in_axes=(0, None))(keys, x)
    return start(_optimizer(learning_rate, iterations), params)

  state = loop.left_behind(NAME, number * iterations, first, files)
  return state.meta.params
