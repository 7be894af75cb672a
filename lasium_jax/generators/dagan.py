"""Data augmentation GANs (Antoniou, Storkey and Edwards 2017)."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from lasium_jax.generators.sets import sets_of
from lasium_jax.generators.wasserstein import critic_loss
from lasium_jax.nets import dagan as nets
from lasium_jax.nets.averages import debiased
from lasium_jax.settings import Count, NonNegative, Share
from lasium_jax.types import (
  Array,
  Batch,
  Generator,
  Metrics,
  Params,
  Trainer,
  TrainingSet,
)

NAME = 'DAGAN'
PAIR = 2  # A seed, and another image of its class.


class State(NamedTuple):
  """Training under way.

  Attributes:
    variables: the generator's weights and running averages.
    critic: the critic's weights.
    generator_opt: the optimizer's, of the generator's weights.
    critic_opt: likewise, of the critic's.
    steps: int32 scalar, how many batches went into the averages.
  """

  variables: Params
  critic: Params
  generator_opt: optax.OptState
  critic_opt: optax.OptState
  steps: Array


class Game(NamedTuple):
  """Both networks, and what they are trained by.

  Attributes:
    generator: of images.
    critic: of images beside their seeds.
    noise_size: of what the generator is given beside a seed.
    penalty: weight of the gradient penalty.
    optimizer: of both.
  """

  generator: nets.Generator
  critic: nets.Critic
  noise_size: int
  penalty: float
  optimizer: optax.GradientTransformation


def dagan(
  shape: tuple[int, int, int],
  *,
  noise_size: Count = 100,
  filters: Sequence[Count] = (64, 64, 128, 128),
  layers: Count = 3,
  critic_layers: Count = 5,
  dropout: Share = 0.5,
  penalty: NonNegative = 10.0,
  critic_steps: Count = 5,
  learning_rate: NonNegative = 1e-4,
) -> tuple[Generator, Trainer]:
  """A GAN that makes of an image others of its class.

  It is trained with labels, on pairs of one class: of each, the generator sees
  the first image, the seed, and noise. The critic f sees the seed beside the
  second image or beside what was made. They are trained by the Wasserstein
  distance with the gradient penalty P of `lasium_jax.ops.gradient_penalty`
  (Gulrajani et al. 2017): the critic minimizes

    mean f(seed, made) - mean f(seed, second) + penalty * P

  where slopes are those by the image beside the seed, and the generator
  `-mean f(seed, made)`. A batch is cut into `critic_steps` parts, one for each
  step of the critic; the generator then takes one step, from the seeds of the
  last part and new noise.

  Networks and values are those of the authors' code, in the run of its README;
  there the norm of a slope is not taken over the whole image, which is not
  followed. Images are in [0, 1] here and in [-1, 1] there, and batch
  normalization stands for batch renormalization.

  Args:
    shape: `(H, W, C)` of the images.
    noise_size: standard Gaussian.
    filters: channels of each level of both networks; a level has half the side
      of the one before.
    layers: of a level of the generator.
    critic_layers: of a level of the critic.
    dropout: in both networks, in training.
    penalty: weight of P.
    critic_steps: of the critic for each of the generator.
    learning_rate: of both Adams, whose first moments are without memory.

  Returns:
    The generator, whose latents are a seed's pixels and noise after one
    another, and whose `sample_like` has seeds at random; and its trainer, for
    batches as `lasium_jax.batches.sets_of_a_class` orders them, in sets of
    two. Its update raises ValueError if a batch has no labels, or does not
    divide into `critic_steps` parts.

  Example:
    >>> generator, trainer = lx.generators.dagan(
    ...   (8, 8, 1), noise_size=3, filters=(2, 2), layers=1, critic_layers=1
    ... )
    >>> data = lx.TrainingSet(jnp.zeros((2, 8, 8, 1), jnp.uint8))
    >>> params = trainer.params(trainer.init(jax.random.key(0), data))
    >>> seeds = jnp.zeros((5, 8, 8, 1))  # Of one class.
    >>> z = generator.sample_like(jax.random.key(1), params, seeds, 4)
    >>> z.shape, jax.jit(generator.decode)(params, z).shape
    ((4, 67), (4, 8, 8, 1))
  """
  game = Game(
    nets.Generator(shape, tuple(filters), layers, dropout),
    nets.Critic(tuple(filters), critic_layers, dropout),
    noise_size,
    penalty,
    optax.adam(learning_rate, b1=0.0, b2=0.9),
  )
  return _generator(game), _trainer(game, critic_steps)


def _generator(game: Game) -> Generator:
  shape = game.generator.shape

  def sample_like(key: Array, params: Params, x: Array, n: int) -> Array:
    del params
    row_key, noise_key = jax.random.split(key)
    seeds = x[jax.random.randint(row_key, (n,), 0, len(x))].reshape(n, -1)
    noise = jax.random.normal(noise_key, (n, game.noise_size))
    return jnp.concatenate([seeds, noise], axis=-1)

  def decode(params: Params, z: Array) -> Array:
    seeds, noise = jnp.split(z, [math.prod(shape)], axis=-1)
    seeds = seeds.reshape(-1, *shape)
    logits: Any = game.generator.apply(params, seeds, noise)
    return jax.nn.sigmoid(logits)

  return Generator(decode, sample_like=sample_like)


def _trainer(game: Game, critic_steps: int) -> Trainer:
  def init(key: Array, data: TrainingSet) -> State:
    del data
    generator_key, critic_key = jax.random.split(key)
    x = jnp.zeros((1, *game.generator.shape))
    noise = jnp.zeros((1, game.noise_size))
    variables = jax.jit(game.generator.init)(generator_key, x, noise)
    critic = jax.jit(game.critic.init)(critic_key, x, x)
    generator_opt = game.optimizer.init(variables['params'])
    critic_opt = game.optimizer.init(critic)
    return State(variables, critic, generator_opt, critic_opt, jnp.int32(0))

  def update(key: Array, state: State, batch: Batch) -> tuple[State, Metrics]:
    parts = _parts(sets_of(NAME, batch, PAIR), critic_steps)
    *keys, last_key = jax.random.split(key, critic_steps + 1)
    # Unrolled: in a loop gradients of convolutions are slow on a CPU.
    for part_key, part in zip(keys, parts, strict=True):
      state, critic_metrics = _step_of_critic(game, part_key, state, part)
    state, metrics = _step_of_generator(game, last_key, state, parts[-1][:, 0])
    return state, {**metrics, **critic_metrics}

  def params(state: State) -> Params:
    averages = debiased(state.variables['batch_stats'], state.steps)
    return {**state.variables, 'batch_stats': averages}

  return Trainer(init, (update,), params)


def _parts(pairs: Array, critic_steps: int) -> list[Array]:
  """The pairs of each step of the critic.

  Raises:
    ValueError: if they do not divide.
  """
  if len(pairs) % critic_steps:
    raise ValueError(
      f'A batch of {len(pairs)} pairs does not divide into {critic_steps} '
      'parts, one for each step of the critic: let its size be a multiple of '
      f'{PAIR * critic_steps}.'
    )
  return jnp.split(pairs, critic_steps)


def _step_of_critic(
  game: Game, key: Array, state: State, pairs: Array
) -> tuple[State, Metrics]:
  made_key, loss_key = jax.random.split(key)
  seeds, real = pairs[:, 0], pairs[:, 1]
  made, _ = _made(game, made_key, state.variables, seeds)

  def loss_fn(critic: Params) -> tuple[Array, Metrics]:
    def scored(key: Array, x: Array) -> Array:
      return _score(game, key, critic, seeds, x)

    return critic_loss(scored, loss_key, real, made, penalty=game.penalty)

  gradient, metrics = jax.grad(loss_fn, has_aux=True)(state.critic)
  changes, opt = game.optimizer.update(gradient, state.critic_opt)
  critic = optax.apply_updates(state.critic, changes)
  return state._replace(critic=critic, critic_opt=opt), metrics


def _step_of_generator(
  game: Game, key: Array, state: State, seeds: Array
) -> tuple[State, Metrics]:
  made_key, score_key = jax.random.split(key)
  averages = dict(state.variables)
  weights = averages.pop('params')

  def loss_fn(weights: Params) -> tuple[Array, Params]:
    variables = {'params': weights, **averages}
    made, after = _made(game, made_key, variables, seeds)
    return -_score(game, score_key, state.critic, seeds, made).mean(), after

  (loss, after), gradient = jax.value_and_grad(loss_fn, has_aux=True)(weights)
  changes, opt = game.optimizer.update(gradient, state.generator_opt)
  weights = optax.apply_updates(weights, changes)
  state = state._replace(
    variables={'params': weights, **after},
    generator_opt=opt,
    steps=state.steps + 1,
  )
  return state, {'generator_loss': loss}


def _made(
  game: Game, key: Array, variables: Params, seeds: Array
) -> tuple[Array, Params]:
  """Images of seeds `[n, H, W, C]` in training, and the averages after it."""
  noise_key, dropout_key = jax.random.split(key)
  noise = jax.random.normal(noise_key, (len(seeds), game.noise_size))
  logits, averages = game.generator.apply(
    variables,
    seeds,
    noise,
    train=True,
    mutable=['batch_stats'],
    rngs={'dropout': dropout_key},
  )
  return jax.nn.sigmoid(logits), averages


def _score(
  game: Game, key: Array, critic: Params, seeds: Array, x: Array
) -> Array:
  """The critic's scores in training: `[n]`."""
  scores: Any = game.critic.apply(
    critic, seeds, x, train=True, rngs={'dropout': key}
  )
  return scores
