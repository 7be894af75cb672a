"""Codes of images, which are trained together with what decodes them."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from lasium_jax.generators.similarity import Measure
from lasium_jax.nets.averages import debiased
from lasium_jax.types import (
  Array,
  Batch,
  Metrics,
  Params,
  Trainer,
  TrainingSet,
)

# The rates follow the epoch, and are multiplied in by the update.
_adam = optax.scale_by_adam(b1=0.5, b2=0.999)


class State(NamedTuple):
  """Training under way.

  Attributes:
    variables: the network's weights, and running averages where it has some.
    opt_state: Adam's, of the weights.
    codes: `[n, D]`, a latent for each image of the training set.
    codes_opt: Adam's, of each code by itself.
    steps: int32 scalar, how many were taken.
    measure: weights of what images are compared by; they are not trained.
    clusters: `[n]` int32, the cluster of each code, or None.
  """

  variables: Params
  opt_state: optax.OptState
  codes: Array
  codes_opt: optax.OptState
  steps: Array
  measure: Params
  clusters: Array | None = None


class Plan(NamedTuple):
  """What is trained, and what by.

  Attributes:
    net: a Linen module, `(z [n, D], train) -> logits [n, H, W, C]`.
    begin: `(key, data)` to the first codes, and their clusters if they have
      some.
    project: codes `[n, D]` to the nearest ones that are allowed.
    measure: what images are compared by.
  """

  net: Any
  begin: Callable[[Array, TrainingSet], tuple[Array, Array | None]]
  project: Callable[[Array], Array]
  measure: Measure


def decoded(net: Any, params: Params, z: Array) -> Array:
  """Images `[n, H, W, C]` of latents `z [n, D]`, each by itself."""
  variables = {name: params[name] for name in params if name != 'prior'}
  logits: Any = net.apply(variables, z)
  return jax.nn.sigmoid(logits)


def code_trainer(
  plan: Plan,
  *,
  learning_rate: float,
  codes_learning_rate: float,
  halve_every: int,
  reset_moments: bool,
) -> Trainer:
  """What GLO and COLA have in common (COLA, algorithm 1).

  Each code has an Adam of its own, with its own count of steps: a step moves
  the codes of its batch, and does nothing to the others, nor to their moments.
  (One Adam of the whole table, as where it is a parameter like others, would
  go on moving all codes by old gradients, and read all of it at each step.)

  Args:
    plan: what is trained.
    learning_rate: of the network's Adam.
    codes_learning_rate: of the codes' Adams.
    halve_every: after so many epochs both rates are halved, again and again.
    reset_moments: whether all Adams begin anew with each epoch.

  Returns:
    The trainer, whose parameters are the network's, without a prior.
  """
  decrease = _decrease(plan)
  init_net = jax.jit(plan.net.init)  # Once for all trainings.

  def init(key: Array, data: TrainingSet) -> State:
    weights_key, codes_key, measure_key = jax.random.split(key, 3)
    codes, clusters = plan.begin(codes_key, data)
    variables = init_net(weights_key, codes[:1])
    opt_state = _adam.init(variables['params'])
    codes_opt = jax.vmap(_adam.init)(codes)
    # The state is donated, and weights that were given stay the user's.
    measure = jax.tree.map(
      jnp.copy, plan.measure.init(measure_key, data.images)
    )
    return State(
      *(variables, opt_state, codes, codes_opt, jnp.int32(0), measure, clusters)
    )

  def update(key: Array, state: State, batch: Batch) -> tuple[State, Metrics]:
    del key
    decay = 0.5 ** (batch.epoch // halve_every)
    weights = state.variables['params']
    table = state.codes, state.codes_opt
    codes, codes_opt = _rows(table, batch.rows)
    (loss, averages), gradients = decrease(weights, codes, state, batch.x)
    steps, opt_state = _adam.update(gradients[0], state.opt_state)
    weights = _descended(weights, steps, decay * learning_rate)
    steps, codes_opt = jax.vmap(_adam.update)(gradients[1], codes_opt)
    codes = _descended(codes, steps, decay * codes_learning_rate)
    codes, codes_opt = _with_rows(table, batch.rows, (codes, codes_opt))
    state = state._replace(
      variables={**state.variables, **averages, 'params': weights},
      opt_state=opt_state,
      codes=codes,
      codes_opt=codes_opt,
      steps=state.steps + 1,
    )
    return state, {'loss': loss}

  project = jax.jit(plan.project)

  def end_epoch(key: Array, state: State, data: TrainingSet) -> State:
    del key, data
    state = state._replace(codes=project(state.codes))
    if not reset_moments:
      return state
    adams = state.opt_state, state.codes_opt
    opt_state, codes_opt = jax.tree.map(jnp.zeros_like, adams)
    return state._replace(opt_state=opt_state, codes_opt=codes_opt)

  return Trainer(init, (update,), _params, end_epoch)


def _decrease(plan: Plan) -> Any:
  """`(weights, codes, state, x)` to loss, averages, and both gradients."""

  def loss_fn(
    weights: Params, codes: Array, state: State, x: Array
  ) -> tuple[Array, Params]:
    variables = {**state.variables, 'params': weights}
    logits, averages = plan.net.apply(
      variables, codes, train=True, mutable=['batch_stats']
    )
    images = jax.nn.sigmoid(logits)
    return plan.measure.distance(state.measure, images, x).mean(), averages

  return jax.value_and_grad(loss_fn, argnums=(0, 1), has_aux=True)


def _params(state: State) -> Params:
  if 'batch_stats' not in state.variables:
    return state.variables
  averages = debiased(state.variables['batch_stats'], state.steps)
  return {**state.variables, 'batch_stats': averages}


def _descended(tree: Any, steps: Any, rate: Array) -> Any:
  return jax.tree.map(lambda leaf, step: leaf - rate * step, tree, steps)


def _rows(table: Any, rows: Array) -> Any:
  """Rows of every leaf; NaN, or the least integer, where there is no such."""
  return jax.tree.map(
    lambda leaf: leaf.at[rows].get(mode='fill', wrap_negative_indices=False),
    table,
  )


def _with_rows(table: Any, rows: Array, values: Any) -> Any:
  """The table with some rows replaced, and nothing where there is no such."""
  return jax.tree.map(
    lambda leaf, value: leaf.at[rows].set(
      value, mode='drop', wrap_negative_indices=False
    ),
    table,
    values,
  )
