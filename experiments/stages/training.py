"""Any trainer on epochs of rows: what generators and classifiers share.

Epochs are drawn from (seed, epoch) and steps from their number, so that a run
may stop and go on anywhere, also in the middle of an epoch, and whether images
lie on the device or on the host.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from experiments.run import hosts, loop, streams
from experiments.run import members as members_of_run
from experiments.run.loop import Stage
from experiments.run.members import Member
from experiments.run.precision import jit
from experiments.run.record import Record
from lasium_jax import fitting, parallel
from lasium_jax.batches import gather
from lasium_jax.fitting import Keys, own
from lasium_jax.ops import xla_convolutions
from lasium_jax.types import (
  Array,
  Batch,
  BatchFn,
  EpochFn,
  Metrics,
  Params,
  State,
  Trainer,
  TrainingSet,
)

States = tuple[State, ...]  # One a member.


class Fit(NamedTuple):
  """A trainer, and how it is run.

  Attributes:
    trainer: what is trained.
    data: `images` on the host.
    steps: in all.
    steps_per_dispatch: in one compiled program; more than one pays on a GPU.
    epoch_fn: the rows of an epoch's batches.
    batch_fn: what becomes of a batch.
    source: what `batch_fn` makes batches of.
    fast_convolutions: whether steps on a CPU are compiled by
      `lasium_jax.ops.xla_convolutions`.
  """

  trainer: Trainer
  data: TrainingSet
  steps: int
  steps_per_dispatch: int
  epoch_fn: EpochFn
  batch_fn: BatchFn
  source: Any = ()
  fast_convolutions: bool = False


class Fetched(NamedTuple):
  """The batches of some steps.

  Attributes:
    data: on the device, with the rows at least.
    places: `[n, b]`, where in `data` the images lie.
    rows: `[n, b]`, which images of the training set they are.
  """

  data: TrainingSet
  places: Array | np.ndarray
  rows: Array | np.ndarray


def keys_of(member: Member, stream: int) -> Keys:
  """The keys of a member in one of `streams`."""
  return fitting.keys_of(streams.stream(member.seed, stream))


def stage_of(
  name: str,
  fit: Fit,
  members: Sequence[Member],
  stream: int,
  *,
  mesh: Mesh | None,
  device_bytes: int,
  after: Callable[[States, int, int], Mapping[str, Any]] | None = None,
  **description: Any,
) -> Stage:
  """A stage that trains each member, one after the other, in equal steps.

  Members are not mapped over inside a program: convolutions with weights of
  each member's own are slow on every backend.

  Args:
    name: of the stage.
    fit: what is trained, and how.
    members: whose seeds count.
    stream: of random numbers, one of `streams`.
    mesh: the devices that share a batch.
    device_bytes: of images that a device has room for; more are fetched from
      the host, batch by batch.
    after: `(states, first, n) -> metrics`, called after steps
      `first..first+n-1`, for pictures and tests; metrics are `[members]` each.
    **description: title, units and the like of `Stage`.

  Returns:
    The stage; its state is a tuple of the members' states.
  """
  trainer, data = fit.trainer, fit.data
  keys = [keys_of(member, stream) for member in members]
  rows_of = _epochs(fit.epoch_fn, data, keys)
  per_epoch = len(rows_of(0, 0))
  fetch = _fetcher(data, mesh, device_bytes)
  advance_one = _compiled(fit, mesh)

  def init() -> States:
    states = tuple(trainer.init(key.init, data) for key in keys)
    return parallel.replicate(mesh, own(states))

  def advance_member(
    i: int, state: State, first: int, n: int
  ) -> tuple[State, Metrics]:
    epoch, start = divmod(first, per_epoch)
    fetched = fetch(rows_of(i, epoch)[start : start + n])
    state, metrics = advance_one(keys[i].steps, state, fetched, first, epoch)
    if trainer.end_epoch and start + n == per_epoch:
      # In the call of the epoch's last step: no checkpoint is in between.
      key = jax.random.fold_in(keys[i].ends, epoch)
      state = own(trainer.end_epoch(key, state, data))
    return state, metrics

  def advance(states: States, first: int, n: int) -> tuple[States, Any]:
    advanced = [advance_member(i, s, first, n) for i, s in enumerate(states)]
    states = tuple(state for state, _ in advanced)
    metrics = [values for _, values in advanced]
    stacked = {
      name: np.array([float(values[name]) for values in metrics])
      for name in metrics[0]
    }
    if after is not None:
      stacked |= after(states, first, n)
    return states, members_of_run.named(stacked, members)

  return Stage(
    name,
    fit.steps,
    fit.steps_per_dispatch,
    init,
    advance,
    period=per_epoch,
    **description,
  )


def uses_fast_convolutions(fit: Fit) -> bool:
  """Whether steps have XLA:CPU's own convolutions, which are not for loops."""
  return _asks_for_fast_convolutions(fit) and xla_convolutions.available()


def _asks_for_fast_convolutions(fit: Fit) -> bool:
  return fit.fast_convolutions and fit.steps_per_dispatch == 1


def note(files: Record, name: str, fit: Fit) -> None:
  """Notes in the run's folder what a stage trains on, and how.

  A state may depend on the shapes, as a table of latents by rows does. A stage
  that goes on by other programs than it began with says so; of one that has
  come to its end nothing is changed.
  """
  y, used = fit.data.y, uses_fast_convolutions(fit)
  done = loop.steps_done(files, name)
  noted = hosts.read_by_first(lambda: files.notes().get(name))
  if noted and done >= fit.steps:
    return
  if noted and done and noted.get('fast_convolutions', used) != used:
    print(
      f'{name} began {"without" if used else "with"} fast convolutions, and '
      f'goes on {"with" if used else "without"} them on this device, by this '
      'JAX: its numbers round otherwise from here on.',
      flush=True,
    )
  lacking = _asks_for_fast_convolutions(fit) and not used
  if lacking and not done and jax.default_backend() == 'cpu':
    print(
      f'{name}: this JAX has not the option that makes convolutions fast on a '
      'CPU, so that a step may take twice as long. JAX 0.10.2 has it.',
      flush=True,
    )
  files.note(
    name,
    {
      'images': list(fit.data.images.shape),
      'y': None if y is None else [list(y.shape), str(y.dtype)],
      'fast_convolutions': used,
    },
  )


def left_behind(
  trainer: Trainer, files: Record, name: str, *, steps: int, members: int = 1
) -> list[Params]:
  """What a stage has trained for each member, found without its data.

  Args:
    trainer: of the stage.
    files: of the run that has it.
    name: of the stage.
    steps: in all.
    members: how many there are.

  Returns:
    The parameters of each member.

  Raises:
    FileNotFoundError: if the stage has not come to its end.
  """
  loop.check_finished(files, name, steps)
  shapes = hosts.read_by_first(lambda: files.noted(name))

  def init() -> States:  # Only traced: nothing here takes memory.
    y = shapes.get('y')
    data = TrainingSet(
      jnp.zeros(shapes['images'], jnp.uint8), y and jnp.zeros(*y)
    )
    return (trainer.init(jax.random.key(0), data),) * members

  states = loop.left_behind(name, steps, init, files)
  return [trainer.params(state) for state in states]


def _epochs(
  epoch_fn: EpochFn, data: TrainingSet, keys: Sequence[Keys]
) -> Callable[[int, int], np.ndarray]:
  """`(member, epoch) -> rows [steps, b]`, on the host, the last ones kept."""
  # Of the images only the shape: they may be more than a device holds.
  images = jax.ShapeDtypeStruct(data.images.shape, data.images.dtype)

  @jit
  def drawn(key: Array, y: Array | None) -> Array:
    return epoch_fn(key, TrainingSet(images, y))  # type: ignore[arg-type]

  @functools.lru_cache(maxsize=2 * len(keys))
  def rows(member: int, epoch: int) -> np.ndarray:
    key = jax.random.fold_in(keys[member].epochs, epoch)
    return np.asarray(drawn(key, data.y))

  return rows


def _fetcher(
  data: TrainingSet, mesh: Mesh | None, device_bytes: int
) -> Callable[[np.ndarray], Fetched]:
  """From rows `[n, b]` to the images, which are the same from either place."""
  y = None if data.y is None else jnp.asarray(data.y)
  if data.images.nbytes <= device_bytes:
    held = parallel.replicate(mesh, TrainingSet(jnp.asarray(data.images), y))
    return lambda rows: Fetched(held, rows, rows)

  def from_host(rows: np.ndarray) -> Fetched:
    flat = rows.reshape(-1)
    images = jnp.asarray(np.asarray(data.images[flat]))
    some = TrainingSet(images, None if y is None else y[flat])
    places = np.arange(rows.size, dtype=np.int32).reshape(rows.shape)
    return Fetched(parallel.replicate(mesh, some), places, rows)

  return from_host


def _compiled(fit: Fit, mesh: Mesh | None) -> Any:
  """`(key, state, fetched, first, epoch) -> (state, metrics)`.

  One program for each of the trainer's updates and each number of steps.
  """
  source = parallel.replicate(mesh, fit.source)

  def step(
    update: int, key: Array, state: State, shared: Any, batch: Batch
  ) -> tuple[State, Metrics]:
    x, rows, y = parallel.split_batch(mesh, (batch.x, batch.rows, batch.y))
    batch = batch._replace(x=x, rows=rows, y=y)
    step_of = fit.trainer.updates[update]
    return fitting.step(step_of, fit.batch_fn, key, state, (shared, batch))

  def many(
    update: int, key: Array, state: State, shared: Any, batches: Any
  ) -> tuple[State, Metrics]:
    fetched, first, epoch = batches

    def body(state: State, item: Any) -> tuple[State, Metrics]:
      number, places, rows = item
      batch = gather(fetched.data, places, epoch)._replace(rows=rows)
      own = jax.random.fold_in(key, number)
      return step(update, own, state, shared, batch)

    numbers = first + jnp.arange(len(fetched.places))
    items = (numbers, fetched.places, fetched.rows)
    if len(fetched.places) == 1:
      # In a loop gradients of convolutions are slow on a CPU.
      return body(state, jax.tree.map(lambda leaf: leaf[0], items))
    state, metrics = jax.lax.scan(body, state, items)
    return state, jax.tree.map(lambda leaf: leaf.mean(0), metrics)

  compiled = jit(
    many,
    fast_convolutions=uses_fast_convolutions(fit),
    static_argnums=0,
    donate_argnums=2,
  )

  def advance(
    key: Array, state: State, fetched: Fetched, first: int, epoch: int
  ) -> tuple[State, Metrics]:
    update = epoch % len(fit.trainer.updates)
    batches = (fetched, np.int32(first), np.int32(epoch))
    advanced: tuple[State, Metrics] = compiled(
      update, key, state, source, batches
    )
    return advanced

  return advance
