"""The learners of a run are meta-trained."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

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
from experiments.run.run import Run, vectorizes
from experiments.stages.judging import Values, judge
from lasium_jax import meta, metrics, parallel
from lasium_jax.data import image_set
from lasium_jax.fitting import own
from lasium_jax.ops.images import as_floats
from lasium_jax.settings import Count, NonNegative, Ways, Whole
from lasium_jax.types import Array, Learner, Params, TaskFn

NAME = 'meta_train'
UNITS = {
  'loss': 'nats',
  'accuracy': '%',
  'validation_accuracy': '%',
  'validation_ci95': '%',
}
OverTasks = Literal['auto', 'accumulate', 'vectorize']
Schedule = Literal['constant', 'cosine']


class Learning(NamedTuple):
  """What is learned, and from which tasks.

  Attributes:
    learner: of a member's values of what is swept, as it trains.
    judged: likewise, as it is evaluated.
    task_fn: likewise, makes the tasks of training.
    source: what these are made of.
    validation: makes tasks of the validation classes.
    before: called before the first step, for pictures of tasks and the like.
    about: what pages say of the pictures of tasks.
  """

  learner: Callable[[Values], Learner]
  judged: Callable[[Values], Learner]
  task_fn: Callable[[Values], TaskFn]
  source: Any
  validation: TaskFn
  before: Callable[[], None]
  about: str


class Training(NamedTuple):
  """Meta-training under way, and the best parameters met so far.

  Every leaf has a leading axis of `[members]`.
  """

  meta: meta.MetaState
  best: Params
  best_accuracy: Array
  best_step: Array


def train(
  run: Run,
  learning: Learning,
  *,
  iterations: Count = 1_000,
  batch: Count = 4,
  learning_rate: NonNegative = 1e-3,
  schedule: Schedule = 'constant',
  clip: NonNegative = 0.0,
  over_tasks: OverTasks = 'auto',
  steps_per_dispatch: Count = 10,
  validate_every: Whole = 200,
  validation_tasks: Ways = 100,
  workdir: str = '',
) -> Params:
  """Meta-trains the learners.

  Args:
    run: with validation classes, or none.
    learning: what and from what.
    iterations: outer steps.
    batch: tasks of an outer step.
    learning_rate: Adam's, of the outer steps.
    schedule: 'constant', or 'cosine' to 0 at the last one.
    clip: to which outer gradients are clipped elementwise; 0 does not.
    over_tasks: 'accumulate' is one task after another, the default on CPUs;
      'vectorize' all at once.
    steps_per_dispatch: in one compiled program; more than one pays on a GPU,
      and one, of one task and one member, on a CPU, where it has faster
      convolutions.
    validate_every: iterations, a multiple of the dispatch's; 0 is never.
    validation_tasks: of each validation.
    workdir: of a finished run whose learners are judged in place of new ones,
      as its own validation chose them; '' trains these. With one, nothing here
      is called.

  Returns:
    The best parameters of each member, `[members, ...]`; the last ones where
    nothing is validated.
  """
  del workdir
  optimizer_of = _optimizer(learning_rate, schedule, iterations, clip)
  step_of = steps_of(
    run, learning, optimizer_of, batch=batch, over_tasks=over_tasks
  )

  def first(keys: Array, images: Array) -> Training:
    return start(learning.learner({}), optimizer_of({}), keys, images)

  stage = _stage(
    run,
    learning,
    step_of,
    first,
    iterations=iterations,
    chunk=steps_per_dispatch,
    validate_every=validate_every,
    validation_tasks=validation_tasks,
  )
  state = loop.run(stage, run.files, checkpoint_seconds=run.checkpoint_seconds)
  return state.best


def steps_of(
  run: Run,
  learning: Any,
  optimizer_of: Callable[[Values], optax.GradientTransformation],
  *,
  batch: int,
  over_tasks: OverTasks,
) -> Callable[[Values], Any]:
  """Of a member's values of what is swept its `meta.meta_step`.

  Args:
    run: whose devices share the tasks.
    learning: with `learner` and `task_fn`, such as `Learning`.
    optimizer_of: the outer optimizer of a member.
    batch: tasks of a step.
    over_tasks: how these are looped over.
  """
  loops = {'accumulate': meta.accumulate, 'vectorize': meta.vectorize}
  loops['auto'] = loops['vectorize' if vectorizes() else 'accumulate']

  def of_member(values: Values) -> Any:
    return meta.meta_step(
      learning.learner(values),
      learning.task_fn(values),
      optimizer_of(values),
      meta_batch=batch,
      over_tasks=loops[over_tasks],
      over_devices=parallel.mean_over_devices(run.task_mesh),
    )

  return of_member


def _optimizer(
  learning_rate: float, schedule: Schedule, iterations: int, clip: float
) -> Callable[[Values], optax.GradientTransformation]:
  """The outer optimizer of a member."""

  def of_member(values: Values) -> optax.GradientTransformation:
    rate: Any = values.get('meta_rate', learning_rate)
    if schedule == 'cosine':
      rate = optax.cosine_decay_schedule(rate, iterations)
    adam = optax.adam(rate)
    return optax.chain(optax.clip(clip), adam) if clip else adam

  return of_member


def _stage(
  run: Run,
  learning: Learning,
  step_of: Callable[[Values], Any],
  start: Callable[[Array, Array], Training],
  *,
  iterations: int,
  chunk: int,
  validate_every: int,
  validation_tasks: int,
) -> Stage:
  """Meta-iterations, validated now and then."""
  values = members_of_run.stacked_values(run.members)
  init_keys, keys = members_of_run.stacked_keys(run.members, streams.META)
  steps = compiled_steps(run, step_of, chunk)
  every = validate_every if len(run.splits.validation.images) else 0
  validate = _validator(run, learning, validation_tasks) if every else None
  source = parallel.replicate(run.task_mesh, learning.source)

  def init() -> Training:
    images = as_floats(jnp.asarray(run.splits.train.images[:2]))
    return parallel.replicate(run.task_mesh, start(init_keys, images))

  def advance(state: Training, first: int, n: int) -> tuple[Training, Any]:
    if first == 0:
      learning.before()
    trained, measured = steps(
      state.meta, (values, keys, ()), source, np.int32(first), n
    )
    state = state._replace(meta=trained)
    if validate is None:
      state = state._replace(best=own(trained.params))
    elif (first + n) % every == 0 or first + n == iterations:
      accuracies = validate(values, trained.params)
      state = keep_best(state, accuracies.mean(1), first + n)
      intervals = [metrics.mean_and_ci95(member) for member in accuracies]
      accuracy, ci95 = np.array(intervals).T
      measured |= {'validation_accuracy': accuracy, 'validation_ci95': ci95}
    return state, members_of_run.named(measured, run.members)

  return Stage(
    NAME,
    iterations,
    chunk,
    init,
    advance,
    title='Meta-training',
    units=UNITS,
    about=learning.about,
  )


def start(
  learner: Learner,
  optimizer: optax.GradientTransformation,
  keys: Array,
  images: Array,
) -> Training:
  """All members before the first iteration; `keys [members]`."""
  params = jax.vmap(learner.init, in_axes=(0, None))(keys, images)
  state = meta.MetaState(params, jax.vmap(optimizer.init)(params))
  accuracy = jnp.full(len(keys), -1, jnp.float32)
  steps = jnp.zeros(len(keys), jnp.int32)
  return Training(state, own(params), accuracy, steps)


def compiled_steps(
  run: Run,
  step_of: Callable[[Values], Any],
  chunk: int,
  source_of: Callable[[Any, Any], Any] = lambda own, shared: shared,
) -> Any:
  """`(state, (values, keys, own), shared, first, n) -> (state, metrics)`.

  Args:
    run: whose members learn.
    step_of: of a member's values its `meta.meta_step`.
    chunk: the most steps of a call, which says what they are compiled for.
    source_of: what a member's tasks come from, of what it has of its own and of
      what all share.

  Returns:
    A function that trains all members from step `first` to `first + n`. Of
    `state`, `values`, `keys` and `own` every leaf is `[members, ...]`, and so
    are the results.
  """

  def steps(
    state: meta.MetaState, those: Any, shared: Any, first: Array, n: int
  ) -> Any:
    def member_steps(member: Any) -> Any:
      state, (values, key, own) = member
      source = source_of(own, shared)
      return meta.many_steps(step_of(values), n)(key, state, source, first)

    return run.over_members(member_steps, (state, those))

  # Loops, over steps or over members, have the other convolutions anyway.
  alone = chunk == 1 and len(run.members) == 1
  return jit(
    steps,
    fast_convolutions=run.fast_convolutions and alone,
    static_argnums=4,
    donate_argnums=0,
  )


def _validator(
  run: Run, learning: Learning, tasks: int
) -> Callable[[Values, Params], np.ndarray]:
  """`(values, params) -> accuracies [members, tasks]` of validation classes.

  Each member has the tasks that a run of its own, with its seed, would have.
  """
  accuracies = judge(run, learning.validation, learning.judged, tasks)
  images = image_set(run.splits.validation)
  source = parallel.replicate(run.judging_mesh, images)
  keys = jnp.stack(
    [streams.stream(m.seed, streams.VALIDATION) for m in run.members]
  )
  indices = np.arange(tasks)

  def validate(values: Values, params: Params) -> np.ndarray:
    params = parallel.replicate(run.judging_mesh, params)
    return np.asarray(accuracies(keys, values, params, source, indices))

  return validate


def keep_best(state: Training, accuracy: np.ndarray, step: int) -> Training:
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


def left_behind(
  learner: Learner,
  members: list[Member],
  files: Record,
  shape: tuple[int, int, int],
  *,
  iterations: int,
  learning_rate: float,
  clip: float,
  schedule: Schedule = 'constant',
  **_: Any,
) -> Training:
  """The final state of a run, found without its data.

  Args:
    learner: as it trained.
    members: of the run.
    files: of the run.
    shape: `(H, W, C)` of its images.
    iterations: of the run.
    learning_rate: likewise.
    clip: likewise.
    schedule: likewise; what began before there was one has the default.
    **_: what else the section has.

  Returns:
    The state.

  Raises:
    FileNotFoundError: if meta-training has not come to its end.
  """
  keys, _keys = members_of_run.stacked_keys(members, streams.META)
  optimizer = _optimizer(learning_rate, schedule, iterations, clip)({})
  x = jnp.zeros((1, *shape))
  return loop.left_behind(
    NAME, iterations, lambda: start(learner, optimizer, keys, x), files
  )
