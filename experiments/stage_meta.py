"""The second stage of a run: the learner is meta-trained."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from experiments import build, loop, record, samples, stage_generator, streams
from experiments.checks import BadConfig, Config, needs_generator
from experiments.loop import Stage
from experiments.record import Record
from lasium_jax import latents, meta, metrics
from lasium_jax.data import Splits, image_set
from lasium_jax.ops.images import as_floats
from lasium_jax.types import Array, Generator, GeneratorSource, Params, TaskFn


class Training(NamedTuple):
  """Meta-training under way, and the best parameters met so far."""

  meta: meta.MetaState
  best: Params
  best_accuracy: Array
  best_step: Array


def meta_train(
  config: Config, splits: Splits, files: Record, params: Params | None
) -> Params | None:
  """Meta-trains the learner; its best parameters, None if it has none."""
  if not config.meta.iterations:
    return None
  stage = stage_of(config, splits, files, params)
  state = loop.run(stage, files, checkpoint_seconds=config.checkpoint_seconds)
  return state.best


def meta_trained(
  config: Config, splits: Splits, files: Record
) -> Params | None:
  """The best parameters that `meta_train` left in the workdir."""
  if not config.meta.iterations:
    return None
  params = stage_generator.trained_generator(config, splits, files)
  return loop.finished(stage_of(config, splits, files, params), files).best


def exported(config: Config, files: Record) -> Params:
  """The best parameters of a finished run, found without its data.

  Raises:
    BadConfig: if the run meta-trains nothing.
    FileNotFoundError: if meta-training has not come to its end.
  """
  if not config.meta.iterations:
    raise BadConfig(f'The run {config.name!r} has no learner to export.')
  side, channels = config.data.size, config.data.channels
  learner, optimizer = build.learner(config), build.outer_optimizer(config)

  def init() -> Training:
    x = jnp.zeros((config.tasks.ways, side, side, channels))
    start = learner.init(jax.random.key(0), x)
    state = meta.MetaState(start, optimizer.init(start))
    return Training(state, start, jnp.float32(-1), jnp.int32(0))

  shapes = loop.shapes('meta_train', config.meta.iterations, init)
  return loop.finished(shapes, files).best


def stage_of(
  config: Config, splits: Splits, files: Record, params: Params | None
) -> Stage:
  """Meta-iterations on tasks made from `params`, validated now and then."""
  model, task_fn, source = _training_source(config, splits, params)
  learner = build.learner(config)
  optimizer = build.outer_optimizer(config)
  init_key, key = streams.training_keys(config, streams.META)
  step = meta.meta_step(
    learner,
    task_fn,
    optimizer,
    meta_batch=config.meta.batch,
    over_tasks=build.over_tasks(config),
  )
  compiled = loop.compile_steps(step, key)
  validate = _validator(config, splits)
  every = config.meta.validate_every

  def init() -> Training:
    images = as_floats(jnp.asarray(splits.train.images[: config.tasks.ways]))
    start = learner.init(init_key, images)
    state = meta.MetaState(start, optimizer.init(start))
    return Training(state, _copy(start), jnp.float32(-1), jnp.int32(0))

  def advance(state: Training, first: int, n: int) -> tuple[Training, Any]:
    if first == 0:
      _count_rejections(config, model, source, files)
      samples.show_tasks(config, task_fn, source, splits, files)
    trained, values = compiled(state.meta, source, jnp.int32(first), n)
    state = state._replace(meta=trained)
    last = first + n == config.meta.iterations
    if not every:
      return state._replace(best=_copy(trained.params)), values
    if (first + n) % every == 0 or last:
      accuracies = validate(trained.params)
      accuracy = accuracies.mean()
      _, ci95 = metrics.mean_and_ci95(accuracies)
      values |= {'validation_accuracy': accuracy, 'validation_ci95': ci95}
      if accuracy > state.best_accuracy:
        best = _copy(trained.params)
        state = Training(trained, best, accuracy, jnp.int32(first + n))
    return state, values

  return Stage(
    'meta_train',
    config.meta.iterations,
    config.meta.steps_per_dispatch,
    init,
    advance,
  )


def _copy(params: Params) -> Params:
  """The next dispatch takes over the memory of the originals."""
  return jax.tree.map(jnp.copy, params)


def _training_source(
  config: Config, splits: Splits, params: Params | None
) -> tuple[Generator | None, TaskFn, Any]:
  if not needs_generator(config):
    task_fn = build.training_tasks(config, None)
    return None, task_fn, image_set(splits.train)
  model, _ = build.generator(config, splits.train.shape)
  source = GeneratorSource(params, jnp.asarray(splits.train.images))
  return model, build.training_tasks(config, model), source


def _validator(config: Config, splits: Splits) -> Any:
  """`params -> accuracies` on tasks of the validation classes."""
  learner = build.learner(config, evaluation=True)
  task_fn = build.evaluation_tasks(config, config.tasks.shots)
  accuracies = jax.jit(meta.evaluate(learner, task_fn))
  source = image_set(splits.validation)
  indices = jnp.arange(config.meta.validation_tasks)
  key = streams.stream(config, streams.VALIDATION)
  return lambda params: accuracies(key, params, source, indices)


def _count_rejections(
  config: Config, model: Generator | None, source: Any, files: Record
) -> None:
  """Notes how often anchors are redrawn (the paper's Table 9).

  Ends early if epsilon cannot be met, in place of a NaN later.
  """
  if model is None:
    return
  anchor_fn = build.anchors(config, model)
  key, num_tasks = streams.stream(config, streams.REJECTIONS), 1_000
  try:
    # One alone first: where none can be met, a thousand take very long.
    latents.count_rejections(key, anchor_fn, source, 1)
    rejected = latents.count_rejections(key, anchor_fn, source, num_tasks)
  except ValueError as error:
    raise BadConfig(
      f'config.generator.epsilon = {config.generator.epsilon}: {error} To '
      'keep the trained generator, name this workdir with '
      '--config.generator.workdir, and another with --workdir.'
    ) from error
  counts = {'tasks': num_tasks, 'rejected': rejected}
  record.write_json(files.workdir / 'anchors.json', counts)
