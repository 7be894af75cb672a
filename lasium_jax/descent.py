"""Trainers of one network by gradient descent."""

from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import optax

from lasium_jax.nets.averages import debiased
from lasium_jax.types import (
  Array,
  Batch,
  Metrics,
  Params,
  Trainer,
  TrainingSet,
)


class State(NamedTuple):
  """Training under way.

  Attributes:
    variables: weights, and running averages of the normalization's moments.
    opt_state: the optimizer's.
    steps: int32 scalar, how many were taken.
  """

  variables: Params
  opt_state: optax.OptState
  steps: Array


class InitFn(Protocol):
  """The first variables."""

  def __call__(self, key: Array, /) -> Params:
    """A dict of Linen's collections, `params` among them."""


class LossFn(Protocol):
  """What is minimized."""

  def __call__(
    self, weights: Params, averages: Params, key: Array, batch: Batch, /
  ) -> tuple[Array, tuple[Params, Metrics]]:
    """The loss of one step, with the averages after it and its metrics.

    Args:
      weights: the collection `params`.
      averages: the other collections.
      key: a PRNG key.
      batch: of the step.
    """


def descent(
  init: InitFn, loss_fn: LossFn, optimizer: optax.GradientTransformation
) -> Trainer:
  """A trainer that follows the gradient of a loss.

  Args:
    init: the first variables. Running averages, where there are some, are in
      the collection `batch_stats`.
    loss_fn: what is minimized.
    optimizer: may be told the weights, for their decay, and the batch's
      `epoch`, for a rate that follows it.

  Returns:
    The trainer; its parameters have the averages without what is left of their
    initial values.
  """
  told = optax.with_extra_args_support(optimizer)

  def begin(key: Array, data: TrainingSet) -> State:
    del data
    variables = init(key)
    opt_state = optimizer.init(variables['params'])
    return State(variables, opt_state, jnp.int32(0))

  def update(key: Array, state: State, batch: Batch) -> tuple[State, Metrics]:
    averages = dict(state.variables)
    weights = averages.pop('params')
    gradient, (averages, metrics) = jax.grad(loss_fn, has_aux=True)(
      weights, averages, key, batch
    )
    changes, opt_state = told.update(
      gradient, state.opt_state, weights, epoch=batch.epoch
    )
    weights = optax.apply_updates(weights, changes)
    variables = {'params': weights, **averages}
    return State(variables, opt_state, state.steps + 1), metrics

  def params(state: State) -> Params:
    if 'batch_stats' not in state.variables:
      return state.variables
    averages = debiased(state.variables['batch_stats'], state.steps)
    return {**state.variables, 'batch_stats': averages}

  return Trainer(begin, (update,), params)


def adam(
  *, learning_rate: float, decay_steps: int
) -> optax.GradientTransformation:
  """Adam, with a rate that may fall along half a cosine.

  Args:
    learning_rate: at the first step.
    decay_steps: after so many the rate is 0, and stays there; 0 leaves it as
      it is.

  Returns:
    The optimizer.
  """
  if not decay_steps:
    return optax.adam(learning_rate)
  return optax.adam(optax.cosine_decay_schedule(learning_rate, decay_steps))


def halved_sgd(
  *,
  learning_rate: float,
  momentum: float,
  weight_decay: float,
  halve_every: int,
) -> optax.GradientTransformation:
  """Descent with momentum, at a rate that follows the batch's epoch.

  Args:
    learning_rate: at first.
    momentum: the share of a step that is in the next one.
    weight_decay: the share of each weight that is added to its gradient, but
      of those in one dimension: biases, and scales of normalization.
    halve_every: after so many epochs the rate is halved, again and again.

  Returns:
    The optimizer, for `descent`, which tells it the epoch.
  """

  def init(weights: Params) -> optax.EmptyState:
    del weights
    return optax.EmptyState()

  def scale(
    steps: Params, state: Any, weights: Params = None, *, epoch: Array
  ) -> tuple[Params, Any]:
    del weights
    rate = learning_rate * 0.5 ** (epoch // halve_every)
    return jax.tree.map(lambda step: -rate * step, steps), state

  return optax.chain(
    optax.add_decayed_weights(
      weight_decay,
      mask=lambda weights: jax.tree.map(lambda leaf: leaf.ndim > 1, weights),
    ),
    optax.trace(momentum),
    optax.GradientTransformationExtraArgs(init, scale),
  )
