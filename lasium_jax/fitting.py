"""Any trainer on epochs of rows, from its first step to its last.

Epochs are drawn from their number and steps from theirs, so that whoever stops
and goes on elsewhere, as the stages of a run do, comes to the same.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from lasium_jax.batches import gather, unchanged
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
  UpdateFn,
)


class Keys(NamedTuple):
  """A training's streams of random numbers."""

  init: Array
  epochs: Array
  steps: Array
  ends: Array


class Learning(NamedTuple):
  """What learns, and in which batches.

  Attributes:
    trainer: what is trained.
    epoch_fn: which rows of the training set meet in a batch.
    batch_fn: what becomes of a batch.
  """

  trainer: Trainer
  epoch_fn: EpochFn
  batch_fn: BatchFn = unchanged()


class FitFn(Protocol):
  """A whole training."""

  def __call__(
    self,
    key: Array,
    data: TrainingSet,
    steps: int,
    source: Any = (),
    /,
    *,
    after: Callable[[int], None] | None = None,
  ) -> Params:
    """Trains from the beginning.

    Args:
      key: a PRNG key.
      data: what is learned from.
      steps: of one batch each.
      source: what `batch_fn` makes batches of.
      after: is told the number of each step that was taken, from 1.

    Returns:
      The trainer's parameters.

    Raises:
      ValueError: if the trainer cannot begin with such data.
      FloatingPointError: if the loss, or what was trained, is not finite.
    """


def keys_of(key: Array) -> Keys:
  """The streams of one training."""
  init, rest = jax.random.split(key)
  return Keys(init, *jax.random.split(rest, 3))


def step(
  update: UpdateFn,
  batch_fn: BatchFn,
  key: Array,
  state: State,
  given: tuple[Any, Batch],
) -> tuple[State, Metrics]:
  """One step of a training.

  Args:
    update: that of the epoch.
    batch_fn: what becomes of the batch.
    key: of the step.
    state: the trainer's.
    given: the source, which `batch_fn` makes batches of, and rows of the
      training set.

  Returns:
    The state after the step, and the update's metrics.
  """
  batch_key, update_key = jax.random.split(key)
  return update(update_key, state, batch_fn(batch_key, *given))


def own(state: State) -> State:
  """A state in memory of its own, which can be donated.

  A trainer may have returned an array of the data, or one array twice.
  """
  return jax.tree.map(jnp.copy, state)


def fitter(learning: Learning) -> FitFn:
  """Compiles a training once, for any data and number of steps.

  The images lie on the device, and steps are taken one at a time. On a CPU they
  are compiled by `lasium_jax.ops.xla_convolutions` where that is faster.

  Args:
    learning: what learns.

  Returns:
    The training.

  Example:
    >>> network = lx.nets.ResNet(classes=2, depth=8, width=2)
    >>> _, trainer = lx.embeddings.supervised(
    ...   network, (8, 8, 1), optax.sgd(0.1)
    ... )
    >>> learning = lx.fitting.Learning(trainer, lx.batches.repeated(4))
    >>> data = lx.TrainingSet(jnp.zeros((2, 8, 8, 1), jnp.uint8), jnp.arange(2))
    >>> params = lx.fitting.fitter(learning)(jax.random.key(0), data, 3)
    >>> sorted(params)
    ['batch_stats', 'params']
  """
  trainer = learning.trainer
  epoch_of, params_of = jax.jit(learning.epoch_fn), jax.jit(trainer.params)
  compiled = _compiled(learning)

  def fit(
    key: Array,
    data: TrainingSet,
    steps: int,
    source: Any = (),
    /,
    *,
    after: Callable[[int], None] | None = None,
  ) -> Params:
    keys, data = keys_of(key), jax.tree.map(jnp.asarray, data)
    # It is not traced, so that a trainer can refuse labels.
    state, metrics = own(trainer.init(keys.init, data)), {}
    done, epoch = 0, 0
    while done < steps:
      all_rows = np.asarray(
        epoch_of(jax.random.fold_in(keys.epochs, epoch), data)
      )
      for rows in all_rows[: steps - done]:
        place = data, np.int32(done), rows, np.int32(epoch)
        update = epoch % len(trainer.updates)
        state, metrics = compiled(update, keys.steps, state, source, place)
        done += 1
        if after is not None:
          after(done)
      if trainer.end_epoch and done % len(all_rows) == 0:
        end_key = jax.random.fold_in(keys.ends, epoch)
        state = own(trainer.end_epoch(end_key, state, data))
      epoch += 1
    # Not the parameters: in a prior a class without images is NaN.
    _check_finite({**metrics, 'state': state}, steps)
    return params_of(state)

  return fit


def _compiled(learning: Learning) -> Any:
  """`(update, key, state, source, place) -> (state, metrics)`, one step.

  A place is the data, the step's number, its rows, and the epoch.
  """

  def advance(
    update: int, key: Array, state: State, source: Any, place: Any
  ) -> tuple[State, Metrics]:
    data, number, rows, epoch = place
    return step(
      learning.trainer.updates[update],
      learning.batch_fn,
      jax.random.fold_in(key, number),
      state,
      (source, gather(data, rows, epoch)),
    )

  fast = xla_convolutions.available()
  compile_step: Any = xla_convolutions.jit if fast else jax.jit
  return compile_step(advance, static_argnums=0, donate_argnums=2)


def _check_finite(values: Any, steps: int) -> None:
  """Raises FloatingPointError unless all values are finite."""
  for path, leaf in jax.tree_util.tree_leaves_with_path(values):
    floats = jnp.issubdtype(leaf.dtype, jnp.inexact)
    if floats and not np.isfinite(np.asarray(leaf)).all():
      raise FloatingPointError(
        f'After {steps} steps {jax.tree_util.keystr(path)} is not finite: '
        'lower the learning rate, or take more images in a batch.'
      )
