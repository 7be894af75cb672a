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
from experiments.run.precision import jit
from experiments.run.record import Record
from experiments.run.run import Run
from experiments.stages.judging import Values
from experiments.stages.meta import OverTasks, steps_of
from experiments.stages.pictures import keep_sheet
from lasium_jax import clustering, meta
from lasium_jax.ops.images import as_floats
from lasium_jax.settings import Count, NonNegative, Ways
from lasium_jax.tasks import cluster_set
from lasium_jax.types import (
  Array,
  Augment,
  ClusterSet,
  Learner,
  Network,
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
  'began. The share of images that are in a cluster is `covered`. Where the '
  'data happen to have labels, `purity` is the share of those images whose '
  "class is their cluster's most frequent one; it is looked at, and nothing "
  'is chosen by it.'
)
_ROWS, _COLUMNS = 12, 12  # Of a picture of clusters.


class Learning(NamedTuple):
  """What learns, and how it sees images between rounds.

  Attributes:
    learner: of a member's values of what is swept, as it trains.
    task_fn: likewise, makes tasks of a `ClusterSet`.
    network: the learner's, whose features are clustered.
    view: what an image looks like otherwise, or None.
    images: `[n, H, W, C]` uint8, on the device.
    classes: `[n]` of the same images, for purity alone; None without labels.
  """

  learner: Callable[[Values], Learner]
  task_fn: Callable[[Values], TaskFn]
  network: Network
  view: Augment | None
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
  rounds: Count = 12,
  iterations: Count = 600,
  batch: Count = 1,
  learning_rate: NonNegative = 1e-3,
  over_tasks: OverTasks = 'auto',
  steps_per_dispatch: Count = 10,
  views: Count = 4,
  neighbors: Ways = 20,
  expansion: Count = 6,
  links: Count = 3,
  least: Count = 6,
  most: Count = 60,
  thresholds: Count = 10,
) -> Params:
  """Clusters all images by what the learners see, trains on that, and again.

  Clusters are those of `lasium_jax.clustering`: exact neighbors, the similarity
  of k-reciprocal neighborhoods, and density (UFLST, Ji et al. 2019). Weights go
  on from round to round; the optimizer and its cosine begin anew.

  Args:
    run: of which no label is read but for purity.
    learning: what learns, and from which images.
    params: `[members, ...]`, what the first clusters are found by.
    rounds: of clustering and training.
    iterations: outer steps of a round.
    batch: tasks of an outer step.
    learning_rate: Adam's at the start of a round, on a cosine to 0 at its end.
    over_tasks: as in meta-training.
    steps_per_dispatch: in one compiled program.
    views: of each image, whose features are averaged.
    neighbors: of each image; fewer than there are images.
    expansion: over how many images weights of neighborhoods are averaged.
    links: how many an image has in the middle of a cluster.
    least: images of a cluster.
    most: likewise. With `neighbors`, that is all that is said of classes.
    thresholds: of similarity, how many are tried.

  Returns:
    The last parameters, `[members, ...]`.
  """
  optimizer = _optimizer(learning_rate, iterations)
  step_of = steps_of(
    run, learning, lambda values: optimizer, batch=batch, over_tasks=over_tasks
  )
  embed = _embedder(run, learning, views)

  def find(features: np.ndarray) -> ClusterSet:
    near = jit(clustering.nearest_neighbors, static_argnums=1)(
      features, neighbors
    )
    similarity = clustering.reciprocal_similarity(
      features, near, expansion=expansion
    )
    found = clustering.density_clusters(
      similarity, links=links, least=least, most=most, thresholds=thresholds
    )
    return cluster_set(learning.images, jnp.asarray(found.labels), least=least)

  def clusters_of(params: Params) -> list[ClusterSet]:
    return [find(features) for features in embed(params)]

  stage = _stage(
    run,
    learning,
    params,
    clusters_of,
    steps=_compiled_steps(run, step_of),
    optimizer=optimizer,
    rounds=rounds,
    iterations=iterations,
    chunk=steps_per_dispatch,
  )
  state = loop.run(stage, run.files, checkpoint_seconds=run.checkpoint_seconds)
  return state.meta.params


def _optimizer(
  learning_rate: float, iterations: int
) -> optax.GradientTransformation:
  return optax.adam(optax.cosine_decay_schedule(learning_rate, iterations))


def _embedder(
  run: Run, learning: Learning, views: int
) -> Callable[[Params], list[np.ndarray]]:
  """`params [members, ...]` to each member's features `[n, F]`."""
  embed = jit(
    lambda key, params: clustering.features(
      key,
      learning.network,
      params,
      learning.images,
      augment=learning.view,
      views=views,
    )
  )

  def of_members(params: Params) -> list[np.ndarray]:
    return [
      np.asarray(
        embed(
          streams.stream(member.seed, streams.CLUSTER_VIEWS),
          jax.tree.map(lambda leaf, i=i: leaf[i], params),
        )
      )
      for i, member in enumerate(run.members)
    ]

  return of_members


def _stage(
  run: Run,
  learning: Learning,
  params: Params,
  clusters_of: Callable[[Params], list[ClusterSet]],
  *,
  steps: Callable[..., Any],
  optimizer: optax.GradientTransformation,
  rounds: int,
  iterations: int,
  chunk: int,
) -> Stage:
  values = members_of_run.stacked_values(run.members)
  _, keys = members_of_run.stacked_keys(run.members, streams.CLUSTERS)
  current: dict[int, list[ClusterSet]] = {}  # Of the round under way alone.

  def init() -> Rounds:
    return start(optimizer, params)

  def advance(
    state: Rounds, first: int, n: int
  ) -> tuple[Rounds, Mapping[str, Any]]:
    number, measured = first // iterations, {}
    if first % iterations == 0:
      state = start(optimizer, state.meta.params)
    if number not in current:
      current.clear()
      current[number] = clusters_of(state.seen_by)
    if first % iterations == 0:
      measured = _describe(learning, current[number])
      _show(run, current[number][0], number + 1, first)
    sources = [found[1:] for found in current[number]]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *sources)
    those = (values, keys, stacked)
    trained, means = steps(
      state.meta, those, learning.images, np.int32(first), n
    )
    state = state._replace(meta=trained)
    return state, members_of_run.named(means | measured, run.members)

  return Stage(
    NAME,
    rounds * iterations,
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
  copy = jax.tree.map(jnp.copy, params)
  return Rounds(meta.MetaState(copy, jax.vmap(optimizer.init)(copy)), params)


def _compiled_steps(run: Run, step_of: Callable[[Values], Any]) -> Any:
  """`(state, (values, keys, clusters), images, first, n)` to both results."""

  def steps(
    state: meta.MetaState, those: Any, images: Array, first: Array, n: int
  ) -> Any:
    def member_steps(member: Any) -> Any:
      state, (values, key, clusters) = member
      source = ClusterSet(images, *clusters)
      return meta.many_steps(step_of(values), n)(key, state, source, first)

    return run.over_members(member_steps, (state, those))

  return jit(steps, static_argnums=4, donate_argnums=0)


def _describe(
  learning: Learning, found: list[ClusterSet]
) -> dict[str, np.ndarray]:
  """How many clusters members have, how large, and how pure."""
  clusters = np.array([int(one.clusters) for one in found])
  members = np.array([int(one.counts.sum()) for one in found])
  described = {
    'clusters': clusters,
    'images': members / clusters,
    'covered': members / len(learning.images),
  }
  if learning.classes is not None:
    purities = [purity(one, learning.classes) for one in found]
    described['purity'] = np.array(purities)
  return described


def purity(found: ClusterSet, classes: np.ndarray) -> float:
  """The share of clustered images that are of their cluster's main class."""
  counts = np.asarray(found.counts)[: int(found.clusters)]
  ends = np.cumsum(counts)
  members = np.split(classes[np.asarray(found.rows)[: ends[-1]]], ends[:-1])
  return float(sum(np.bincount(own).max() for own in members) / ends[-1])


def _show(run: Run, found: ClusterSet, number: int, step: int) -> None:
  """Keeps a picture of some of the first member's clusters."""
  shown = np.linspace(0, int(found.clusters) - 1, _ROWS).round().astype(int)
  places = found.starts[shown][:, None] + jnp.arange(_COLUMNS)
  inside = jnp.arange(_COLUMNS) < found.counts[shown][:, None]
  rows = found.rows[jnp.where(inside, places, 0)]
  x = as_floats(found.images[rows]) * inside[..., None, None, None]
  keep_sheet(
    run,
    NAME,
    f'clusters_{number:03}',
    x.reshape(-1, *x.shape[2:]),
    f'Clusters of round {number}',
    step=step,
    columns=_COLUMNS,
  )


def left_behind(
  learner: Learner,
  members: list[Member],
  files: Record,
  shape: tuple[int, int, int],
  *,
  rounds: int,
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
    rounds: of the run.
    iterations: likewise.
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

  state = loop.left_behind(NAME, rounds * iterations, first, files)
  return state.meta.params
