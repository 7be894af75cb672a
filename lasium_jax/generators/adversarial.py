"""Two networks that are trained against each other, step by step."""

from collections.abc import Callable
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

# What a critic is shown of some images, such as the images and their labels: a
# pytree of arrays `[n, ...]`.
Shown = Any


class State(NamedTuple):
  """Training under way.

  Attributes:
    variables: the generator's, running averages of its moments among them.
    critic: the critic's variables.
    generator_opt: the optimizer's, of the generator's weights.
    critic_opt: likewise, of the critic's.
    steps: int32 scalar, how many the generator took.
  """

  variables: Params
  critic: Params
  generator_opt: optax.OptState
  critic_opt: optax.OptState
  steps: Array


class CriticLoss(Protocol):
  """What a critic minimizes."""

  def __call__(
    self, critic: Params, key: Array, real: Shown, made: Shown, /
  ) -> tuple[Array, tuple[Params, Metrics]]:
    """The loss, the critic's variables after it, and metrics."""


class Game(NamedTuple):
  """Both networks as functions, and what they are trained by.

  Attributes:
    init: `key` to the variables of the generator and of the critic; weights are
      in their collection `params`.
    real: what the critic is shown of a batch.
    make: `(key, variables, n)` to what it is shown of n made images, by their
      own moments, and the generator's variables with the averages after them.
    critic_loss: what the critic minimizes.
    generator_loss: `(critic, made)` to what the generator minimizes.
    generator_optimizer: of the generator.
    critic_optimizer: of the critic.
  """

  init: Callable[[Array], tuple[Params, Params]]
  real: Callable[[Batch], Shown]
  make: Callable[[Array, Params, int], tuple[Shown, Params]]
  critic_loss: CriticLoss
  generator_loss: Callable[[Params, Shown], Array]
  generator_optimizer: optax.GradientTransformation
  critic_optimizer: optax.GradientTransformation


def adversarial(game: Game, critic_steps: int) -> Trainer:
  """A trainer whose batch is shared among the critic's steps.

  What does not divide is left over. The generator's step follows, with as many
  new latents as a critic's step has images.

  Args:
    game: what is trained.
    critic_steps: of the critic for each of the generator.

  Returns:
    The trainer; its parameters are the generator's, with the averages without
    what is left of their initial values. Its update raises ValueError for
    batches of fewer images than `critic_steps`.
  """

  def init(key: Array, data: TrainingSet) -> State:
    del data
    variables, critic = game.init(key)
    generator_opt = game.generator_optimizer.init(variables['params'])
    critic_opt = game.critic_optimizer.init(critic['params'])
    return State(variables, critic, generator_opt, critic_opt, jnp.int32(0))

  def update(key: Array, state: State, batch: Batch) -> tuple[State, Metrics]:
    size = len(batch.x) // critic_steps
    if not size:
      raise ValueError(
        f'A batch of {len(batch.x)} images cannot be shared among critic_steps '
        f'= {critic_steps}: make it larger, or these fewer.'
      )
    made_key, critic_key, generator_key = jax.random.split(key, 3)
    # The generator stays as it is until the critic's last step.
    made, _ = game.make(made_key, state.variables, size * critic_steps)
    metrics: Metrics = {}
    # Unrolled: in a loop gradients of convolutions are slow on a CPU.
    for i, own in enumerate(jax.random.split(critic_key, critic_steps)):
      shown = _part((game.real(batch), made), i * size, size)
      state, metrics = _critic_step(game, own, state, *shown)
    state, loss = _generator_step(game, generator_key, state, size)
    return state, {'generator_loss': loss, **metrics}

  def params(state: State) -> Params:
    averages = debiased(state.variables['batch_stats'], state.steps)
    return {**state.variables, 'batch_stats': averages}

  return Trainer(init, (update,), params)


def _part(shown: Shown, first: int, n: int) -> Shown:
  return jax.tree.map(lambda leaf: leaf[first : first + n], shown)


def _critic_step(
  game: Game, key: Array, state: State, real: Shown, made: Shown
) -> tuple[State, Metrics]:
  def loss_fn(weights: Params) -> tuple[Array, tuple[Params, Metrics]]:
    critic = {**state.critic, 'params': weights}
    return game.critic_loss(critic, key, real, made)

  weights = state.critic['params']
  gradient, (critic, metrics) = jax.grad(loss_fn, has_aux=True)(weights)
  steps, critic_opt = game.critic_optimizer.update(gradient, state.critic_opt)
  critic = {**critic, 'params': optax.apply_updates(weights, steps)}
  return state._replace(critic=critic, critic_opt=critic_opt), metrics


def _generator_step(
  game: Game, key: Array, state: State, n: int
) -> tuple[State, Array]:
  def loss_fn(weights: Params) -> tuple[Array, Params]:
    made, after = game.make(key, {**state.variables, 'params': weights}, n)
    return game.generator_loss(state.critic, made), after

  weights = state.variables['params']
  (loss, variables), gradient = jax.value_and_grad(loss_fn, has_aux=True)(
    weights
  )
  steps, generator_opt = game.generator_optimizer.update(
    gradient, state.generator_opt
  )
  variables = {**variables, 'params': optax.apply_updates(weights, steps)}
  state = state._replace(variables=variables, generator_opt=generator_opt)
  return state._replace(steps=state.steps + 1), loss
