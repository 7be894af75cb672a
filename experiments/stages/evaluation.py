"""Learners and floors are judged on tasks of test classes."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from experiments.run import loop, record
from experiments.run import members as members_of_run
from experiments.run.loop import Stage
from experiments.run.members import Member
from experiments.run.results import (
  WITHIN_GROUPS,
  Result,
  kind_of_task,
  to_json,
)
from experiments.run.run import Run
from experiments.stages.judging import LearnerOf, judge
from lasium_jax import metrics, parallel
from lasium_jax.data import image_set
from lasium_jax.settings import Count, Seed, Ways
from lasium_jax.tasks import labeled
from lasium_jax.types import Array, Params


class Scores(NamedTuple):
  """Accuracies `[members, tasks]`; of tasks not judged so far, 0."""

  accuracies: Array


T = TypeVar('T')


class Contestant(NamedTuple):
  """What is evaluated under one name.

  Attributes:
    name: of its results.
    learner: of a member's values of what is swept.
    normalization: 'transductive' or 'inductive'.
    members: whose results they are; one stands for all without any training.
    params: `[members, ...]`.
    steps: meta-iterations.
    floor: whether it needs no meta-training.
    note: what pages say of it.
    use: how a classifier of the same model has this accuracy.
  """

  name: str
  learner: LearnerOf
  normalization: str
  members: list[Member]
  params: Params
  steps: int = 0
  floor: bool = False
  note: str = ''
  use: Mapping[str, Any] | None = None


def always(part: T, values: dict[str, Any]) -> T:
  """The same part whatever is swept, as a `LearnerOf` of one that is not."""
  del values
  return part


def evaluate(
  run: Run,
  contestants: Sequence[Contestant],
  *,
  ways: Ways = 5,
  shots: Sequence[Count] = (1, 5),
  queries: Count = 15,
  tasks: Ways = 1_000,
  seed: Seed = 0,
  tasks_per_dispatch: Count = 50,
  within_groups: bool = False,
) -> list[Result]:
  """Judges all on the same tasks, and writes results.json.

  Args:
    run: with test classes, or none.
    contestants: learners and floors.
    ways: N.
    shots: K, each a protocol of its own.
    queries: Q.
    tasks: how many of each protocol.
    seed: of the tasks.
    tasks_per_dispatch: in one compiled program.
    within_groups: whether all classes of a task are of one group, such as an
      alphabet (`lasium_jax.data.class_groups`).

  Returns:
    A result for each contestant, member and number of shots.
  """
  if not len(run.splits.test.images):
    print('No evaluation: there are no labeled images for it.', flush=True)
    contestants = ()
  source = parallel.replicate(run.judging_mesh, image_set(run.splits.test))
  results: list[Result] = []
  for contestant in contestants:
    for k in shots:
      protocol = {
        'ways': ways,
        'shots': k,
        'queries': queries,
        'seed': seed,
        'normalization': contestant.normalization,
      }
      if within_groups:
        protocol[WITHIN_GROUPS] = True
      stage = _stage(
        run,
        contestant,
        source,
        protocol,
        tasks=tasks,
        tasks_per_dispatch=tasks_per_dispatch,
      )
      state = loop.run(
        stage, run.files, checkpoint_seconds=run.checkpoint_seconds
      )
      accuracies = np.asarray(state.accuracies)
      of_members = _results(run, contestant, protocol, accuracies)
      for result in of_members:
        _show(result)
      _show_spread(of_members)
      results += of_members
  write_results(run, results)
  return results


def _stage(
  run: Run,
  contestant: Contestant,
  source: Any,
  protocol: Mapping[str, Any],
  *,
  tasks: int,
  tasks_per_dispatch: int,
) -> Stage:
  """Numbered tasks of one protocol, some a dispatch."""
  shots = protocol['shots']
  task_fn = labeled(
    ways=protocol['ways'],
    shots=shots,
    queries=protocol['queries'],
    within_groups=protocol.get(WITHIN_GROUPS, False),
  )
  accuracies = judge(run, task_fn, contestant.learner, tasks_per_dispatch)
  values = members_of_run.stacked_values(contestant.members)
  count = len(contestant.members)
  params = parallel.replicate(run.judging_mesh, contestant.params)
  # The same tasks for every member.
  keys = jnp.stack([jax.random.key(protocol['seed'])] * count)

  def init() -> Scores:
    scores = Scores(jnp.zeros((count, tasks)))
    return parallel.replicate(run.judging_mesh, scores)

  def advance(state: Scores, first: int, n: int) -> tuple[Scores, Any]:
    indices = np.arange(first, first + n)
    scores = accuracies(keys, values, params, source, indices)
    done = state.accuracies.at[:, first : first + n].set(scores)
    accuracy = {'accuracy': done[:, : first + n].mean(1)}
    return Scores(done), members_of_run.named(accuracy, contestant.members)

  return Stage(
    f'evaluate-{contestant.name}-{shots}-shot',
    tasks,
    tasks_per_dispatch,
    init,
    advance,
    title='Evaluation',
    part=f'{contestant.name}, {shots}-shot',
    units={'accuracy': '%'},
  )


def _results(
  run: Run,
  contestant: Contestant,
  protocol: Mapping[str, Any],
  accuracies: np.ndarray,
) -> list[Result]:
  """A result for each member."""
  results = []
  members = members_of_run.told_apart(contestant.members)
  for member, scores in zip(members, accuracies, strict=True):
    value, ci95 = metrics.mean_and_ci95(scores)
    results.append(
      Result(
        contestant.name,
        'accuracy',
        value,
        run.dataset,
        len(scores),
        'tasks',
        ci95,
        protocol,
        contestant.steps,
        run.config,
        member,
        contestant.floor,
        contestant.note,
        contestant.use,
      )
    )
  return results


def _show(result: Result) -> None:
  member = f' ({members_of_run.label(result.member)})' if result.member else ''
  print(
    f'{result.name}{member}, {kind_of_task(result.protocol)}: '
    f'{100 * result.value:.2f} +- {100 * (result.ci95 or 0):.2f} % '
    f'({result.protocol["normalization"]}, {result.n} tasks)',
    flush=True,
  )


def _show_spread(results: Sequence[Result]) -> None:
  """How far members that differ in their seeds alone are apart."""
  by_setting: dict[str, list[float]] = {}
  for result in results:
    swept = {k: v for k, v in (result.member or {}).items() if k != 'seed'}
    by_setting.setdefault(members_of_run.label(swept), []).append(result.value)
  for setting, accuracies in by_setting.items():
    if len(accuracies) > 1:
      print(
        f'{len(accuracies)} seeds {setting}: mean '
        f'{100 * np.mean(accuracies):.2f} %, standard deviation '
        f'{100 * np.std(accuracies, ddof=1):.2f} %',
        flush=True,
      )


def write_results(run: Run, results: Sequence[Result]) -> None:
  """Writes results.json, with what the numbers depend on."""
  page: dict[str, Any] = {
    'results': [to_json(result) for result in results],
    'hardware': record.hardware(),
    'precision': run.precision,
  }
  anchors = run.files.workdir / 'anchors.json'
  if anchors.exists():
    page['rejected_anchors'] = record.read_json(anchors)
  record.write_json(run.files.workdir / 'results.json', page)
