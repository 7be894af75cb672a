"""The third stage of a run: learners are judged on tasks of test classes."""

import json
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments import build, loop, paper, record
from experiments.checks import Config
from experiments.loop import Stage
from experiments.record import Record
from lasium_jax import meta, metrics
from lasium_jax.data import Splits, image_set
from lasium_jax.types import Array, Learner, Params


class Scores(NamedTuple):
  """Accuracies of the tasks judged so far; the others are 0."""

  accuracies: Array


def evaluate(
  config: Config, splits: Splits, files: Record, params: Params | None
) -> list[dict[str, Any]]:
  """Judges the learner and the floors; writes results.json."""
  runs: list[tuple[str, Learner, Any, int]] = []
  if config.meta.iterations:
    learner = build.learner(config, evaluation=True)
    runs.append((config.name, learner, params, config.meta.iterations))
  if config.evaluation.scratch:
    runs.append(('scratch', build.scratch(config), (), 0))
  if config.evaluation.nearest:
    runs.append(('nearest', build.nearest(config), (), 0))
  if not len(splits.test.images):
    print('No evaluation: there are no labelled images for it.', flush=True)
    runs = []
  source = image_set(splits.test)
  results = []
  for name, learner, weights, steps in runs:
    for shots in config.evaluation.shots:
      stage = _evaluation_stage(
        config, name, learner, weights, source, shots=shots
      )
      state = loop.run(
        stage, files, checkpoint_seconds=config.checkpoint_seconds
      )
      results.append(_entry(config, name, shots, steps, state.accuracies))
      print(
        f'{name}, {config.tasks.ways}-way {shots}-shot: '
        f'{100 * results[-1]["accuracy"]:.2f} +- '
        f'{100 * results[-1]["ci95"]:.2f} % '
        f'({results[-1]["normalization"]}, {config.evaluation.tasks} tasks)',
        flush=True,
      )
  _write_results(config, files, results)
  return results


def _evaluation_stage(
  config: Config,
  name: str,
  learner: Learner,
  params: Params,
  source: Any,
  *,
  shots: int,
) -> Stage:
  task_fn = build.evaluation_tasks(config, shots)
  judge = jax.jit(meta.evaluate(learner, task_fn))
  key = jax.random.key(config.evaluation.seed)

  def advance(state: Scores, first: int, n: int) -> tuple[Scores, Any]:
    scores = judge(key, params, source, first + jnp.arange(n))
    done = state.accuracies.at[first : first + n].set(scores)
    return Scores(done), {'accuracy': done[: first + n].mean()}

  return Stage(
    f'evaluate-{name}-{shots}-shot',
    config.evaluation.tasks,
    config.evaluation.tasks_per_dispatch,
    lambda: Scores(jnp.zeros(config.evaluation.tasks)),
    advance,
  )


def _entry(
  config: Config, name: str, shots: int, steps: int, accuracies: Array
) -> dict[str, Any]:
  accuracy, ci95 = metrics.mean_and_ci95(np.asarray(accuracies))
  return {
    'name': name,
    'dataset': config.data.name,
    'ways': config.tasks.ways,
    'shots': shots,
    'queries': config.evaluation.queries,
    'tasks': config.evaluation.tasks,
    'seed': config.evaluation.seed,
    'accuracy': accuracy,
    'ci95': ci95,
    'normalization': build.normalization(config, name),
    'steps': steps,
    'config': f'configs/{config.benchmark}.py:{config.name}',
    **paper.published(record.flatten(config.to_dict()), name, shots),
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
