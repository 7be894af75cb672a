"""The second stage of a run: the learners are meta-trained."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.components import build
from experiments.components.checks import BadConfig, Config, needs_generator
from experiments.run import loop, members, record, streams
from experiments.run.loop import Stage
from experiments.run.members import Member
from experiments.run.record import Record
from experiments.stages import generator as stage_generator
from experiments.stages import samples
from lasium_jax import latents, meta, metrics, parallel
from lasium_jax.data import Splits, evenly_spaced, image_set
from lasium_jax.ops.images import as_floats
from lasium_jax.types import Array, Generator, GeneratorSource, Params

Values = dict[str, Array]  # What is swept, by name; `[members]` each.


class Training(NamedTuple):
  """Meta-training under way, and the best parameters met so far.

  Every leaf has a leading axis of `[members]`.
  """

  meta: meta.MetaState
  best: Params
  best_accuracy: Array
  best_step: Array


def meta_train(
  config: Config, splits: Splits, files: Record, params: Params | None
) -> Params | None:
  """Meta-trains the learners; the best parameters of each, `[members, ...]`.

  None if there is no meta-training.
  """
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


def exported(config: Config, files: Record) -> tuple[Member, Params]:
  """The member that is best and its parameters, found without its data.

  Raises:
    BadConfig: if the run meta-trains nothing.
    FileNotFoundError: if meta-training has not come to its end.
  """
  if not config.meta.iterations:
    raise BadConfig(f'The run {config.name!r} has no learner to export.')
  side, channels = config.data.size, config.data.channels
  found = members.members(config)
  keys, _ = members.stacked_keys(found, streams.META)

  def init() -> Training:
    return _start(config, keys, jnp.zeros((1, side, side, channels)))

  shapes = loop.shapes('meta_train', config.meta.iterations, init)
  state = loop.finished(shapes, files)
  chosen = int(np.argmax(state.best_accuracy))
  return found[chosen], jax.tree.map(lambda leaf: leaf[chosen], state.best)


def stage_of(
  config: Config, splits: Splits, files: Record, params: Params | None
) -> Stage:
  """Meta-iterations on tasks made from `params`, validated now and then."""
  model, source = _training_source(config, splits, params)
  found = members.members(config)
  values = members.stacked_values(found)
  init_keys, keys = members.stacked_keys(found, streams.META)
  steps = _compiled_steps(config, model)
  validate = _validator(config, splits)
  every = config.meta.validate_every if len(splits.validation.images) else 0

  def init() -> Training:
    images = as_floats(jnp.asarray(splits.train.images[: config.tasks.ways]))
    return _start(config, init_keys, images)

  def advance(state: Training, first: int, n: int) -> tuple[Training, Any]:
    if first == 0:
      _note_rejections(config, model, source, files)
      samples.show_tasks(config, model, source, splits, files)
    trained, made = steps(
      state.meta, (values, keys), source, np.int32(first), n
    )
    state = state._replace(meta=trained)
    if not every:
      state = state._replace(best=_copy(trained.params))
    elif (first + n) % every == 0 or first + n == config.meta.iterations:
      accuracies = np.asarray(validate(values, trained.params))
      state = _keep_best(state, accuracies.mean(1), first + n)
      intervals = [metrics.mean_and_ci95(member) for member in accuracies]
      accuracy, ci95 = np.array(intervals).T
      made |= {'validation_accuracy': accuracy, 'validation_ci95': ci95}
    return state, members.named(made, found)

  return Stage(
    'meta_train',
    config.meta.iterations,
    config.meta.steps_per_dispatch,
    init,
    advance,
  )


def _start(config: Config, keys: Array, images: Array) -> Training:
  """All members before the first iteration."""
  learner, optimizer = build.learner(config), build.outer_optimizer(config)
  params = jax.vmap(learner.init, in_axes=(0, None))(keys, images)
  state = meta.MetaState(params, jax.vmap(optimizer.init)(params))
  accuracy = jnp.full(len(keys), -1, jnp.float32)
  training = Training(
    state, _copy(params), accuracy, jnp.zeros(len(keys), jnp.int32)
  )
  return parallel.replicate(build.mesh(config), training)


def _compiled_steps(config: Config, model: Generator | None) -> Any:
  """`(state, (values, keys), source, first, n) -> (state, metrics)`."""
  over = members.over_members(config)

  def steps(
    state: meta.MetaState,
    those: tuple[Values, Array],
    source: Any,
    first: Array,
    n: int,
  ) -> Any:
    def member_steps(member: Any) -> Any:
      state, (values, key) = member
      step = build.meta_step(members.configured(config, values), model)
      return meta.many_steps(step, n)(key, state, source, first)

    return over(member_steps, (state, those))

  return jax.jit(steps, static_argnums=4, donate_argnums=0)


def _keep_best(state: Training, accuracy: np.ndarray, step: int) -> Training:
  """Takes the parameters of the members that are better than ever."""
  better = accuracy > state.best_accuracy

  def choose(new: Any, old: Array) -> Array:
    return jnp.where(better.reshape(-1, *(1,) * (new.ndim - 1)), new, old)

  best = jax.tree.map(choose, state.meta.params, state.best)
  return Training(
    state.meta,
    best,
    choose(accuracy, state.best_accuracy),
    choose(jnp.full_like(state.best_step, step), state.best_step),
  )


def _copy(params: Params) -> Params:
  """The next dispatch takes over the memory of the originals."""
  return jax.tree.map(jnp.copy, params)


def _training_source(
  config: Config, splits: Splits, params: Params | None
) -> tuple[Generator | None, Any]:
  mesh = build.mesh(config)
  if not needs_generator(config):
    images = splits.train
    if config.tasks.source == 'umtra':  # Reads no labels, so any will do.
      images = evenly_spaced(images, config.data.device_bytes)
    return None, parallel.replicate(mesh, image_set(images))
  model, _ = build.generator(config, splits.train.shape)
  anchors = evenly_spaced(splits.train, config.data.device_bytes)
  source = GeneratorSource(params, jnp.asarray(anchors.images))
  return model, parallel.replicate(mesh, source)


def _validator(
  config: Config, splits: Splits
) -> Callable[[Values, Params], Array]:
  """`(values, params) -> accuracies [members, tasks]` of validation classes."""
  task_fn = build.evaluation_tasks(config, config.tasks.shots)
  judge = build.judge(
    config, task_fn, functools.partial(build.learner, evaluation=True)
  )
  source = parallel.replicate(build.mesh(config), image_set(splits.validation))
  indices = np.arange(config.meta.validation_tasks)
  key = streams.stream(config.seed, streams.VALIDATION)
  return lambda values, params: judge(key, values, params, source, indices)


def _note_rejections(
  config: Config, model: Generator | None, source: Any, files: Record
) -> None:
  """Notes how often anchors are redrawn (the paper's Table 9)."""
  if model is None:
    return
  rejected = count_rejections(config, model, source, num_tasks=1_000)
  counts = {'tasks': 1_000, 'rejected': rejected}
  record.write_json(files.workdir / 'anchors.json', counts)


def count_rejections(
  config: Config, model: Generator, source: Any, num_tasks: int
) -> int:
  """How often the anchors of so many tasks are redrawn.

  Raises:
    BadConfig: if epsilon cannot be met, in place of a NaN later.
  """
  anchor_fn = build.anchors(config, model)
  key = streams.stream(config.seed, streams.REJECTIONS)
  try:
    # One alone first: where none can be met, a thousand take very long.
    latents.count_rejections(key, anchor_fn, source, 1)
    return latents.count_rejections(key, anchor_fn, source, num_tasks)
  except ValueError as error:
    raise BadConfig(
      f'config.generator.epsilon = {config.generator.epsilon}: {error} To '
      'keep the trained generator, name this workdir with '
      '--config.generator.workdir, and another with --workdir.'
    ) from error
