"""The third stage of a run: learners are judged on tasks of test classes."""

import functools
import json
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.components import build
from experiments.components.checks import Config
from experiments.papers import lasium as paper
from experiments.run import loop, members, record
from experiments.run.loop import Stage
from experiments.run.members import Member
from experiments.run.record import Record
from lasium_jax import metrics, parallel
from lasium_jax.data import Splits, image_set
from lasium_jax.types import Array, Learner, Params


class Scores(NamedTuple):
  """Accuracies `[members, tasks]`; of tasks not judged so far, 0."""

  accuracies: Array


class Judged(NamedTuple):
  """What is evaluated under one name.

  Attributes:
    name: of its results.
    make_learner: of a member's config.
    members: whose results they are; one stands for all without any training.
    params: `[members, ...]`.
    steps: meta-iterations.
  """

  name: str
  make_learner: Callable[[Config], Learner]
  members: list[Member]
  params: Params
  steps: int


def evaluate(
  config: Config, splits: Splits, files: Record, params: Params | None
) -> list[dict[str, Any]]:
  """Judges the learners and the floors; writes results.json."""
  found = members.members(config)
  runs = []
  if config.meta.iterations:
    trained = functools.partial(build.learner, evaluation=True)
    runs.append(
      Judged(config.name, trained, found, params, config.meta.iterations)
    )
  if config.evaluation.scratch:
    runs.append(_floor(config, 'scratch', build.scratch))
  if config.evaluation.nearest:
    runs.append(_floor(config, 'nearest', build.nearest))
  if not len(splits.test.images):
    print('No evaluation: there are no labeled images for it.', flush=True)
    runs = []
  source = parallel.replicate(build.mesh(config), image_set(splits.test))
  results: list[dict[str, Any]] = []
  for run in runs:
    for shots in config.evaluation.shots:
      stage = _evaluation_stage(config, run, source, shots=shots)
      state = loop.run(
        stage, files, checkpoint_seconds=config.checkpoint_seconds
      )
      entries = _entries(config, run, shots, np.asarray(state.accuracies))
      for entry in entries:
        _show(config, entry)
      _show_spread(entries)
      results += entries
  _write_results(config, files, results)
  return results


def _floor(
  config: Config, name: str, make_learner: Callable[[Config], Learner]
) -> Judged:
  """What has no parameters to learn; it stands for all members."""
  return Judged(name, make_learner, [Member(config.seed, {})], jnp.zeros(1), 0)


def _evaluation_stage(
  config: Config, run: Judged, source: Any, *, shots: int
) -> Stage:
  task_fn = build.evaluation_tasks(config, shots)
  judge = build.judge(config, task_fn, run.make_learner)
  values = members.stacked_values(run.members)
  key = jax.random.key(config.evaluation.seed)
  shape = (len(run.members), config.evaluation.tasks)

  def init() -> Scores:
    return parallel.replicate(build.mesh(config), Scores(jnp.zeros(shape)))

  def advance(state: Scores, first: int, n: int) -> tuple[Scores, Any]:
    scores = judge(key, values, run.params, source, np.arange(first, first + n))
    done = state.accuracies.at[:, first : first + n].set(scores)
    accuracy = done[:, : first + n].mean(1)
    return Scores(done), members.named({'accuracy': accuracy}, run.members)

  return Stage(
    f'evaluate-{run.name}-{shots}-shot',
    config.evaluation.tasks,
    config.evaluation.tasks_per_dispatch,
    init,
    advance,
  )


def _show(config: Config, entry: dict[str, Any]) -> None:
  print(
    f'{entry["name"]}{_suffix(entry)}, {entry["ways"]}-way '
    f'{entry["shots"]}-shot: {100 * entry["accuracy"]:.2f} +- '
    f'{100 * entry["ci95"]:.2f} % ({entry["normalization"]}, '
    f'{entry["tasks"]} tasks)',
    flush=True,
  )


def _suffix(entry: dict[str, Any]) -> str:
  return f' ({members.label(entry["member"])})' if 'member' in entry else ''


def _show_spread(entries: list[dict[str, Any]]) -> None:
  """How far members that differ in their seeds alone are apart."""
  by_setting: dict[str, list[float]] = {}
  for entry in entries:
    swept = {k: v for k, v in entry.get('member', {}).items() if k != 'seed'}
    by_setting.setdefault(members.label(swept), []).append(entry['accuracy'])
  for setting, accuracies in by_setting.items():
    if len(accuracies) > 1:
      print(
        f'{len(accuracies)} seeds {setting}: mean '
        f'{100 * np.mean(accuracies):.2f} %, standard deviation '
        f'{100 * np.std(accuracies, ddof=1):.2f} %',
        flush=True,
      )


def _entries(
  config: Config, run: Judged, shots: int, accuracies: np.ndarray
) -> list[dict[str, Any]]:
  """One entry of results.json for each member."""
  return [
    _entry(
      members.configured(config, member.values),
      run.name,
      shots,
      run.steps,
      scores,
    )
    | ({'member': member.settings()} if len(run.members) > 1 else {})
    for member, scores in zip(run.members, accuracies, strict=True)
  ]


def _entry(
  config: Config, name: str, shots: int, steps: int, accuracies: np.ndarray
) -> dict[str, Any]:
  accuracy, ci95 = metrics.mean_and_ci95(accuracies)
  return {
    'name': name,
    'dataset': config.data.name,
    'ways': config.evaluation.ways,
    'shots': shots,
    'queries': config.evaluation.queries,
    'tasks': config.evaluation.tasks,
    'seed': config.evaluation.seed,
    'accuracy': accuracy,
    'ci95': ci95,
    'normalization': build.normalization(config, name),
    'steps': steps,
    'config': f'configs/lasium/{config.benchmark}.py:{config.name}',
    **paper.published(
      record.flatten(config.to_dict()), shots, floor='' if steps else name
    ),
  }


def _write_results(
  config: Config, files: Record, results: list[dict[str, Any]]
) -> None:
  page = {
    'results': results,
    'hardware': record.hardware(),
    'precision': config.precision,
  }
  anchors = files.workdir / 'anchors.json'
  if anchors.exists():
    page['rejected_anchors'] = json.loads(anchors.read_text())
  record.write_json(files.workdir / 'results.json', page)
