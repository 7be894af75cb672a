"""Runs to measure, and their programs as the entry points compile them."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh

from benchmarks import timing
from configs.lasium import omniglot
from experiments.components.few_shot import Parts
from experiments.run import run as runs
from experiments.run import streams
from experiments.run.app import settings_of
from experiments.run.config import Settings, replaced
from experiments.run.members import stacked_keys, stacked_values
from experiments.run.precision import jit
from experiments.run.record import Record
from experiments.stages.judging import judge
from experiments.stages.meta import compiled_steps, steps_of
from experiments.systems import lasium
from lasium_jax import meta, parallel
from lasium_jax.batches import gather
from lasium_jax.data import Splits
from lasium_jax.data.dataset import Dataset
from lasium_jax.fitting import own
from lasium_jax.ops.images import as_floats
from lasium_jax.types import (
  Array,
  Learner,
  Metrics,
  Params,
  TaskFn,
  TrainingSet,
  UpdateFn,
)


class Setup(NamedTuple):
  """A run to measure.

  Attributes:
    settings: of its config.
    parts: that it is made of.
    run: as the entry points open it; it writes no files.
  """

  settings: Settings
  parts: Parts
  run: runs.Run


def setup(name: str, *, small: bool, **changes: Any) -> Setup:
  """The run of a config of configs/lasium/omniglot.py.

  Args:
    name: of the run, such as 'ro-vae-maml'.
    small: whether to shrink it, to try the program only.
    **changes: of settings, by their fields.

  Returns:
    The run; its images are those of `pictures`.
  """
  config = omniglot.get_config(name)
  if small:
    _shrink(config)
  system = lasium.system()
  settings = replaced(settings_of(config, system), changes)
  parts = system.build(settings)
  data = pictures(settings['data']['size'])
  run = runs.open_run(settings, Record(Path(), {}), Splits(data, data, data))
  return Setup(settings, parts, run)


def _shrink(config: Any) -> None:
  config.data.size = 16
  config.network.filters = 4
  if config.network.last_filters:
    config.network.last_filters = 6
  if 'steps' in config.learner:
    config.learner.steps = config.evaluation_learner.steps = 2
  config.evaluation.queries = 3
  config.meta.steps_per_dispatch = 2
  if 'generator' in config:
    config.generator.filters = (4,) * 4 if config.generator.name == 'vae' else 4
    config.generator.latent_size = 3
    config.generator_training.batch_size = 4


@functools.cache
def pictures(side: int) -> Dataset:
  """Noisy copies of one random pattern a class: 100 classes of 20 images."""
  rng = np.random.default_rng(0)
  labels = np.repeat(np.arange(100, dtype=np.int32), 20)
  patterns = 160 * (rng.random((100, side, side, 1)) < 0.2)
  noise = rng.integers(0, 64, (len(labels), side, side, 1))
  images = (patterns[labels] + noise).astype(np.uint8)
  return Dataset(images, labels, tuple(map(str, range(100))))


def learner_params(learner: Learner, run: runs.Run) -> Params:
  """Meta-parameters that have learned nothing."""
  x = as_floats(jnp.asarray(run.splits.train.images[:2]))
  return learner.init(jax.random.key(0), x)


def meta_iterations(
  subject: Setup, params: Params, source: Any, repeats: int
) -> tuple[timing.Run, float]:
  """Meta-training of the run's one member, from `params`.

  Args:
    subject: the run.
    params: meta-parameters, without an axis of members.
    source: what tasks are made of.
    repeats: iterations of a dispatch.

  Returns:
    What dispatches once, and the program's megabytes.
  """
  settings, parts, run = subject
  assert parts.meta
  iteration = settings['meta']
  # The setting `meta.clip` is 0 in all configs that are measured.
  optimizer = optax.adam(iteration['learning_rate'])
  step_of = steps_of(
    run,
    parts.meta,
    lambda values: optimizer,
    batch=iteration['batch'],
    over_tasks=iteration['over_tasks'],
  )
  _, keys = stacked_keys(run.members, streams.META)
  those = stacked_values(run.members), keys, ()
  state = _one_member(meta.MetaState(params, optimizer.init(params)))
  # The parameters given may be in use by what is compared.
  state, source = parallel.replicate(run.task_mesh, (own(state), source))
  steps, first = compiled_steps(run, step_of, repeats), np.int32(0)
  program = steps.lower(state, those, source, first, repeats).compile()

  def advance(state: Any) -> Any:
    return program(state, those, source, first)

  peak = timing.peak_megabytes(program, run.task_mesh)
  return timing.threaded(advance, state), peak


def iterations(
  step: Callable[[Array, Any, Any], Any],
  mesh: Mesh | None,
  state: Any,
  source: Any,
  repeats: int,
) -> tuple[timing.Run, float]:
  """Any `(key, state, source) -> (state, metrics)`, `repeats` a dispatch."""
  steps = meta.many_steps(step, repeats)
  return _compiled(steps, mesh, jax.random.key(3), state, source)


def training_step(
  update: UpdateFn,
  mesh: Mesh | None,
  state: Any,
  data: TrainingSet,
  size: int,
) -> tuple[timing.Run, float]:
  """A trainer's update on the first `size` rows, one a dispatch.

  Args:
    update: of the trainer.
    mesh: the devices that share a batch.
    state: of the trainer.
    data: what it trains on.
    size: of the batch.

  Returns:
    What dispatches once, and the program's megabytes.
  """

  def step(
    key: Array, state: Any, source: Any, first: Array
  ) -> tuple[Any, Metrics]:
    batch = gather(source, first + jnp.arange(size), epoch=0)
    x, rows, y = parallel.split_batch(mesh, (batch.x, batch.rows, batch.y))
    return update(key, state, batch._replace(x=x, rows=rows, y=y))

  key = jax.random.key(3)
  return _compiled(step, mesh, key, state, data, fast_convolutions=True)


def _compiled(
  steps: Callable[[Array, Any, Any, Array], Any],
  mesh: Mesh | None,
  key: Array,
  state: Any,
  source: Any,
  *,
  fast_convolutions: bool = False,
) -> tuple[timing.Run, float]:
  # The state given may be in use by what is compared.
  state, source = parallel.replicate(mesh, (own(state), source))
  compiled = jit(steps, fast_convolutions=fast_convolutions, donate_argnums=1)
  first = jnp.int32(0)
  program = compiled.lower(key, state, source, first).compile()

  def advance(state: Any) -> Any:
    return program(key, state, source, first)

  return timing.threaded(advance, state), timing.peak_megabytes(program, mesh)


def evaluation(
  subject: Setup, task_fn: TaskFn, params: Params, source: Any, repeats: int
) -> tuple[timing.Run, float]:
  """The accuracies of the run's one member on `repeats` tasks a dispatch.

  Args:
    subject: the run.
    task_fn: makes the tasks.
    params: meta-parameters, without an axis of members.
    source: what tasks are made of.
    repeats: tasks of a dispatch.

  Returns:
    What dispatches once, and the program's megabytes.
  """
  run, learning = subject.run, subject.parts.meta
  assert learning
  accuracies: Any = judge(run, task_fn, learning.judged, repeats)
  members, source = parallel.replicate(
    run.task_mesh, (_one_member(params), source)
  )
  keys, values = jax.random.key(2)[None], stacked_values(run.members)
  arguments = keys, values, members, source, np.arange(repeats)
  program = accuracies.lower(*arguments).compile()
  peak = timing.peak_megabytes(program, run.task_mesh)
  return lambda: program(*arguments), peak


def _one_member(tree: Any) -> Any:
  return jax.tree.map(lambda leaf: leaf[None], tree)
