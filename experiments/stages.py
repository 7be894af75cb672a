"""The stages of a run: generator, meta-training, evaluation.

Each stage goes through `loop.run`, and reads what it needs of the stage
before from the workdir, so that each is also an entry point of its own.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments import build, loop, paper, pictures, record
from experiments.checks import BadConfig, Config, needs_generator
from experiments.loop import Stage
from experiments.record import Record
from lasium_jax import latents, meta, metrics
from lasium_jax.data import Splits, image_set
from lasium_jax.ops.images import as_floats
from lasium_jax.types import (
  Array,
  Generator,
  GeneratorSource,
  Learner,
  Params,
  TaskFn,
)

# Each stage's stream of random numbers.
_GENERATOR, _META, _VALIDATION, _PICTURES = range(4)


class Training(NamedTuple):
  """Meta-training under way, and the best parameters met so far."""

  meta: meta.MetaState
  best: Params
  best_accuracy: Array
  best_step: Array


class Scores(NamedTuple):
  """Accuracies of the tasks judged so far; the others are 0."""

  accuracies: Array


def train_generator(
  config: Config, splits: Splits, files: Record
) -> Params | None:
  """Trains the generator, or finds the one that another run trained.

  Returns:
    Its parameters, or None if the run has no generator.
  """
  if not needs_generator(config):
    return None
  stage = generator_stage(config, splits, files)
  if config.generator.workdir:
    return _borrowed(config, stage).params
  state = loop.run(stage, files, checkpoint_seconds=config.checkpoint_seconds)
  return state.params


def trained_generator(
  config: Config, splits: Splits, files: Record
) -> Params | None:
  """The parameters that `train_generator` left in the workdir."""
  if not needs_generator(config):
    return None
  stage = generator_stage(config, splits, files)
  if config.generator.workdir:
    return _borrowed(config, stage).params
  return loop.finished(stage, files).params


def generator_stage(config: Config, splits: Splits, files: Record) -> Stage:
  """Random batches of the training images through the trainer."""
  model, trainer = build.generator(config, splits.train.shape)
  images = jnp.asarray(splits.train.images)
  size = config.generator.batch_size
  key = _key(config, _GENERATOR)
  every = max(1, config.generator.steps // config.generator.sample_pictures)

  def step(key: Array, state: Any, images: Array) -> tuple[Any, Any]:
    # Drawn with replacement: an epoch here is as many draws as images.
    batch_key, key = jax.random.split(key)
    picked = jax.random.randint(batch_key, (size,), 0, len(images))
    return trainer.update(key, state, as_floats(images[picked]))

  compiled = _compile(step, key)

  def advance(state: Any, first: int, n: int) -> tuple[Any, Any]:
    state, values = compiled(state, images, jnp.int32(first), n)
    if first // every != (first + n) // every:
      _show_samples(config, model, state.params, splits, files, step=first + n)
    return state, values

  return Stage(
    'train_generator',
    config.generator.steps,
    config.generator.steps_per_dispatch,
    lambda: trainer.init(key, as_floats(images[:size])),
    advance,
  )


def _compile(step: Any, key: Array) -> Any:
  """`(state, source, first, n) -> (state, metrics)`, n steps a dispatch."""

  def run(state: Any, source: Any, first: Array, n: int) -> Any:
    return meta.many_steps(step, n)(key, state, source, first)

  return jax.jit(run, static_argnums=3, donate_argnums=0)


def _borrowed(config: Config, stage: Stage) -> Any:
  """The generator of another run, if it is the one that this config means."""
  other = Path(config.generator.workdir)
  theirs = record.read_config(other)
  if theirs is None:
    raise BadConfig(f'config.generator.workdir: {other} is not a run.')
  ours = json.loads(json.dumps(config.to_dict()))
  same = {
    'generator': ('workdir', 'anchors', 'epsilon', 'sample_pictures'),
    'data': (),
  }
  for section, free in same.items():
    for name, value in ours[section].items():
      their = theirs.get(section, {}).get(name)
      if name not in free and their != value:
        raise BadConfig(
          f'The generator in {other} was trained with {section}.{name} = '
          f'{their!r}, and this config has {value!r}. Set it so, or train '
          'another generator.'
        )
  return loop.finished(stage, Record(other, None))


def meta_train(
  config: Config, splits: Splits, files: Record, params: Params | None
) -> Params | None:
  """Meta-trains the learner; its best parameters, None if it has none."""
  if not config.meta.iterations:
    return None
  stage = meta_stage(config, splits, files, params)
  state = loop.run(stage, files, checkpoint_seconds=config.checkpoint_seconds)
  return state.best


def meta_trained(
  config: Config, splits: Splits, files: Record
) -> Params | None:
  """The best parameters that `meta_train` left in the workdir."""
  if not config.meta.iterations:
    return None
  params = trained_generator(config, splits, files)
  return loop.finished(meta_stage(config, splits, files, params), files).best


def meta_stage(
  config: Config, splits: Splits, files: Record, params: Params | None
) -> Stage:
  """Meta-iterations on tasks made from `params`, validated now and then."""
  model, task_fn, source = _training_source(config, splits, params)
  learner = build.learner(config)
  optimizer = build.outer_optimizer(config)
  key = _key(config, _META)
  step = meta.meta_step(
    learner,
    task_fn,
    optimizer,
    meta_batch=config.meta.batch,
    over_tasks=build.over_tasks(config),
  )
  compiled = _compile(step, key)
  validate = _validator(config, splits)
  every = config.meta.validate_every

  def init() -> Training:
    images = as_floats(jnp.asarray(splits.train.images[: config.tasks.ways]))
    start = learner.init(key, images)
    state = meta.MetaState(start, optimizer.init(start))
    return Training(state, _copy(start), jnp.float32(-1), jnp.int32(0))

  def advance(state: Training, first: int, n: int) -> tuple[Training, Any]:
    if first == 0:
      _count_rejections(config, model, source, files)
      _show_tasks(config, task_fn, source, splits, files)
    trained, values = compiled(state.meta, source, jnp.int32(first), n)
    state = state._replace(meta=trained)
    last = first + n == config.meta.iterations
    if not every:
      return state._replace(best=_copy(trained.params)), values
    if (first + n) % every == 0 or last:
      accuracy = validate(trained.params)
      values = {**values, 'validation_accuracy': accuracy}
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
  """`params -> accuracy` on tasks of the validation classes."""
  learner = build.learner(config, evaluation=True)
  task_fn = build.evaluation_tasks(config, config.tasks.shots)
  accuracies = jax.jit(meta.evaluate(learner, task_fn))
  source = image_set(splits.validation)
  indices = jnp.arange(config.meta.validation_tasks)
  key = _key(config, _VALIDATION)
  return lambda params: accuracies(key, params, source, indices).mean()


def evaluate(
  config: Config, splits: Splits, files: Record, params: Params | None
) -> list[dict[str, Any]]:
  """Judges the learner, and training from scratch; writes results.json."""
  runs: list[tuple[str, Learner, Any, int]] = []
  if config.meta.iterations:
    learner = build.learner(config, evaluation=True)
    runs.append((config.name, learner, params, config.meta.iterations))
  if config.evaluation.scratch:
    runs.append(('scratch', build.scratch(config), (), 0))
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
        f'({build.normalization(config)}, {config.evaluation.tasks} tasks)',
        flush=True,
      )
  _write_results(files, results)
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
    'normalization': build.normalization(config),
    'steps': steps,
    'config': f'configs/{config.benchmark}.py:{config.name}',
    **paper.published(config.data.name, name, shots),
  }


def _write_results(files: Record, results: list[dict[str, Any]]) -> None:
  page = {'results': results, 'hardware': record.hardware()}
  anchors = files.workdir / 'anchors.json'
  if anchors.exists():
    page['rejected_anchors'] = json.loads(anchors.read_text())
  record.write_json(files.workdir / 'results.json', page)


def _count_rejections(
  config: Config, model: Generator | None, source: Any, files: Record
) -> None:
  """Notes how often anchors are redrawn (the paper's Table 9).

  Ends early if epsilon cannot be met, in place of a NaN later.
  """
  if model is None:
    return
  anchor_fn = build.anchors(config, model)
  key, num_tasks = _key(config, _PICTURES), 1_000
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


def _show_samples(
  config: Config,
  model: Generator,
  params: Params,
  splits: Splits,
  files: Record,
  *,
  step: int,
) -> None:
  """Pictures of what the generator makes by now."""
  z = model.sample(_key(config, _PICTURES), 64)
  decode = jax.jit(model.decode)
  made = np.asarray(decode(params, z))
  _save(files, f'generator_{step:06}', made)
  stride = max(1, len(splits.train.images) // 64)
  real = as_floats(jnp.asarray(splits.train.images[::stride][:64]))
  _save(files, 'generator_real', np.asarray(real))
  if model.encode is not None:
    again = decode(params, jax.jit(model.encode)(params, real))
    _save(files, 'generator_reconstructions', np.asarray(again))


def _save(files: Record, name: str, images: np.ndarray) -> None:
  grid = pictures.image_grid(images, 8, scale=2)
  _save_picture(files, name, grid)


def _save_picture(files: Record, name: str, picture: np.ndarray) -> None:
  path = files.sample(name)
  with record.writing(path):
    pictures.save_png(path, picture)


def _show_tasks(
  config: Config, task_fn: TaskFn, source: Any, splits: Splits, files: Record
) -> None:
  """Pictures of real tasks and of those that meta-training sees."""
  shots, queries = config.tasks.shots, config.tasks.queries
  real = build.evaluation_tasks(config, shots)
  key = _key(config, _PICTURES)
  task = jax.jit(real)(key, image_set(splits.test))
  picture = pictures.task_picture(
    task, shots, config.evaluation.queries, anchors=False
  )
  _save_picture(files, 'task_real', picture)
  if config.tasks.source != 'lasium':
    return
  make = jax.jit(task_fn)
  for i in range(3):
    task = make(jax.random.fold_in(key, i), source)
    picture = pictures.task_picture(task, shots, queries, anchors=True)
    _save_picture(files, f'task_synthetic_{i}', picture)


def _key(config: Config, stream: int) -> Array:
  return jax.random.fold_in(jax.random.key(config.seed), stream)
