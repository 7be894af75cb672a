"""Meta-training and evaluation, for any task function and any learner."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeVar

import chex
import jax
import jax.numpy as jnp
import optax

from lasium_jax.ops import xla_convolutions
from lasium_jax.ops.labels import cross_entropy, is_hard, likeliest, shares
from lasium_jax.types import Array, Learner, Metrics, Params, Task, TaskFn

State = TypeVar('State')
T = TypeVar('T')


class MetaState(NamedTuple):
  """Meta-parameters and the outer optimizer's state."""

  params: Params
  opt_state: optax.OptState


class OverTasks(Protocol):
  """How a meta-batch is looped over: `accumulate` or `vectorize`."""

  def __call__(self, fn: Callable[[Any], T], batch: Any) -> T:
    """Averages `fn` over the leading axis of the pytree `batch`."""


def accumulate(fn: Callable[[Any], T], batch: Any) -> T:
  """The mean over tasks, one after another: fastest and smallest on CPU.

  Args:
    fn: of one task; traced once.
    batch: a pytree of `[tasks, ...]`, at least one task.

  Returns:
    The mean of `fn`, in memory for two of them.
  """
  size = len(jax.tree.leaves(batch)[0])
  first = jax.tree.map(lambda leaf: leaf[0], batch)
  if size == 1:  # In a loop gradients of convolutions are slow on a CPU.
    return fn(first)
  # Traced once for its shapes and for the loop.
  fn = jax.jit(xla_convolutions.in_loop(fn))
  zeros = jax.tree.map(
    lambda s: jnp.zeros(s.shape, s.dtype), jax.eval_shape(fn, first)
  )

  def body(total: T, task: Any) -> tuple[T, None]:
    return jax.tree.map(jnp.add, total, fn(task)), None

  total, _ = jax.lax.scan(body, zeros, batch)
  return jax.tree.map(lambda leaf: leaf / size, total)


def vectorize(fn: Callable[[Any], T], batch: Any) -> T:
  """The mean over tasks, all at once: the fastest on a GPU or TPU.

  Args and result are those of `accumulate`.
  """
  fn = xla_convolutions.in_loop(fn)
  return jax.tree.map(lambda leaf: leaf.mean(0), jax.vmap(fn)(batch))


class OverDevices(Protocol):
  """How a meta-batch is shared out: see `parallel.mean_over_devices`."""

  def __call__(self, fn: Callable[[Any, Any], T], batch: Any, shared: Any) -> T:
    """Averages `fn(batch, shared)` over the leading axis of `batch`."""


def on_one_device(fn: Callable[[Any, Any], T], batch: Any, shared: Any) -> T:
  """All of a meta-batch here."""
  return fn(batch, shared)


def task_loss(
  learner: Learner, key: Array, params: Params, task: Task
) -> tuple[Array, Metrics]:
  """The outer loss: cross-entropy on the query after adapting to the support.

  Args:
    learner: any.
    key: for the adaptation.
    params: meta-parameters.
    task: one task.

  Returns:
    The mean loss in nats, and `loss` and `accuracy` on the query; accuracy is
    NaN where the loss is not finite. All is NaN, and so is the gradient, where
    hard labels show another number of ways than the learner has logits. With
    soft labels an example counts as right where its likeliest class is found.

  Raises:
    ValueError: if the numbers of examples, or the classes of soft labels, show
      that already.
  """
  chex.assert_rank([task.support.x, task.query.x], 4)
  adapted = learner.adapt(key, params, task.support)
  logits = learner.predict(adapted, task.query.x)
  ways = logits.shape[-1]
  for examples in task:
    if is_hard(examples.y) and len(examples.x) % ways:
      raise ValueError(
        f'The learner has {ways} logits, and the task {len(task.support.x)} '
        f'support and {len(task.query.x)} query examples, as many of each '
        'class: it has another number of ways. Make the network or learner '
        'for the ways of the task.'
      )
    shares(examples.y, ways)  # Raises where soft labels have other classes.
  loss = cross_entropy(logits, task.query.y).mean()
  hard = [examples.y for examples in task if is_hard(examples.y)]
  if hard:  # The shape of soft ones tells.
    labels = jnp.concatenate(hard).max() + 1
    # A factor, because the gradient of a constant NaN would be 0.
    loss *= jnp.where(labels == ways, 1.0, jnp.nan)
  accuracy = (logits.argmax(-1) == likeliest(task.query.y)).mean()
  # The largest of NaN logits is class 0, which would score as chance does.
  accuracy = jnp.where(jnp.isfinite(loss), accuracy, jnp.nan)
  return loss, {'loss': loss, 'accuracy': accuracy}


def meta_step(
  learner: Learner,
  task_fn: TaskFn,
  optimizer: optax.GradientTransformation,
  *,
  meta_batch: int,
  over_tasks: OverTasks = accumulate,
  over_devices: OverDevices = on_one_device,
) -> Callable[[Array, MetaState, Any], tuple[MetaState, Metrics]]:
  """One meta-iteration: make tasks, adapt to each, update the parameters.

  Args:
    learner: to train.
    task_fn: makes the tasks.
    optimizer: the outer one; clip by chaining `optax.clip`.
    meta_batch: tasks per update.
    over_tasks: how the gradients of a device's tasks are averaged.
    over_devices: how those of the devices are, each with a share of the tasks.

  Returns:
    `(key, state, source) -> (state, metrics)`, to be jitted by the caller.

  Example:
    >>> learner = lx.learners.protonets(lx.conv4(None, filters=4), ways=2)
    >>> task_fn = lx.tasks.labeled(ways=2, shots=1, queries=3)
    >>> images = jnp.zeros((8, 8, 8, 1), jnp.uint8)  # Of two classes.
    >>> source = lx.ImageSet(images, jnp.array([0, 4]), jnp.array([4, 4]))
    >>> params = learner.init(jax.random.key(0), jnp.zeros((2, 8, 8, 1)))
    >>> optimizer = optax.adam(1e-3)
    >>> step = lx.meta.meta_step(learner, task_fn, optimizer, meta_batch=2)
    >>> state = lx.meta.MetaState(params, optimizer.init(params))
    >>> state, metrics = jax.jit(step)(jax.random.key(1), state, source)
    >>> sorted(metrics)
    ['accuracy', 'loss']
  """

  def step(
    key: Array, state: MetaState, source: Any
  ) -> tuple[MetaState, Metrics]:
    task_key, adapt_key = jax.random.split(key)

    def gradients(
      keys: tuple[Array, Array], shared: tuple[Params, Any]
    ) -> tuple[Params, Metrics]:
      (task_keys, adapt_keys), (params, source) = keys, shared

      def gradient(batch: tuple[Array, Task]) -> tuple[Params, Metrics]:
        key, task = batch
        return jax.grad(
          lambda params: task_loss(learner, key, params, task), has_aux=True
        )(params)

      # Made together, so that a generator decodes one large batch.
      tasks = jax.vmap(task_fn, in_axes=(0, None))(task_keys, source)
      return over_tasks(gradient, (adapt_keys, tasks))

    keys = (
      jax.random.split(task_key, meta_batch),
      jax.random.split(adapt_key, meta_batch),
    )
    gradient, metrics = over_devices(gradients, keys, (state.params, source))
    updates, opt_state = optimizer.update(
      gradient, state.opt_state, state.params
    )
    params = optax.apply_updates(state.params, updates)
    return MetaState(params, opt_state), metrics

  return step


def many_steps(
  step: Callable[[Array, State, Any], tuple[State, Metrics]], num_steps: int
) -> Callable[[Array, State, Any, Array], tuple[State, Metrics]]:
  """`num_steps` calls of `step` in one compiled program.

  Args:
    step: `(key, state, source) -> (state, metrics)`.
    num_steps: iterations per dispatch.

  Returns:
    `(key, state, source, first) -> (state, metrics)`: iteration i uses
    `fold_in(key, i)` for i from `first` on, so that a resumed run draws what
    an uninterrupted one would have drawn. Metrics are averaged.
  """

  def run(
    key: Array, state: State, source: Any, first: Array
  ) -> tuple[State, Metrics]:
    if num_steps == 1:
      # In a loop gradients of convolutions are slow on a CPU.
      return step(jax.random.fold_in(key, first), state, source)

    @xla_convolutions.in_loop
    def body(state: State, i: Array) -> tuple[State, Metrics]:
      return step(jax.random.fold_in(key, i), state, source)

    state, metrics = jax.lax.scan(body, state, first + jnp.arange(num_steps))
    return state, jax.tree.map(lambda leaf: leaf.mean(0), metrics)

  return run


def evaluate(
  learner: Learner, task_fn: TaskFn, *, batch_size: int | None = None
) -> Callable[[Array, Params, Any, Array], Array]:
  """Accuracy of a learner on numbered tasks.

  Task i is made from `fold_in(key, i)` alone, so that every learner that is
  evaluated with one key meets the same tasks, however they are batched.

  Args:
    learner: any.
    task_fn: makes the tasks.
    batch_size: tasks at once; None is one after another, the fastest on CPU.

  Returns:
    `(key, params, source, indices [n]) -> accuracies [n]`, to be jitted.

  Example:
    >>> learner = lx.learners.protonets(lx.conv4(None, filters=4), ways=2)
    >>> task_fn = lx.tasks.labeled(ways=2, shots=1, queries=3)
    >>> images = jnp.zeros((8, 8, 8, 1), jnp.uint8)  # Of two classes.
    >>> source = lx.ImageSet(images, jnp.array([0, 4]), jnp.array([4, 4]))
    >>> params = learner.init(jax.random.key(0), jnp.zeros((2, 8, 8, 1)))
    >>> accuracies = jax.jit(lx.meta.evaluate(learner, task_fn))
    >>> accuracies(jax.random.key(1), params, source, jnp.arange(4)).shape
    (4,)
  """

  def accuracy(key: Array, params: Params, source: Any, index: Array) -> Array:
    task_key, adapt_key = jax.random.split(jax.random.fold_in(key, index))
    task = task_fn(task_key, source)
    return task_loss(learner, adapt_key, params, task)[1]['accuracy']

  def accuracies(
    key: Array, params: Params, source: Any, indices: Array
  ) -> Array:
    return jax.lax.map(
      lambda i: accuracy(key, params, source, i),
      indices,
      batch_size=batch_size,
    )

  return accuracies
