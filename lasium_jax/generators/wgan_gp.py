"""The Wasserstein GAN with a gradient penalty (Gulrajani et al. 2017)."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from lasium_jax.generators.shapes import check_quarters
from lasium_jax.generators.wasserstein import critic_loss
from lasium_jax.nets import infogan
from lasium_jax.nets.averages import debiased
from lasium_jax.settings import Count, NonNegative
from lasium_jax.types import (
  Array,
  Batch,
  Generator,
  Metrics,
  Params,
  Trainer,
  TrainingSet,
  UpdateFn,
)


class State(NamedTuple):
  """Training under way.

  Attributes:
    variables: the generator's, running averages of its moments among them.
    critic: the critic's weights.
    generator_opt: Adam's.
    critic_opt: likewise.
    steps: int32 scalar, how many the generator took.
  """

  variables: Params
  critic: Params
  generator_opt: optax.OptState
  critic_opt: optax.OptState
  steps: Array


class Networks(NamedTuple):
  """Both networks as functions.

  Attributes:
    draw: `(key, n)` to latents `[n, D]`.
    make: `(variables, z)` to images `[n, H, W, C]`, by their own moments, and
      the variables with the averages after them.
    judge: `(critic, x)` to scores `[n]`, higher for what seems real.
  """

  draw: Callable[[Array, int], Array]
  make: Callable[[Params, Array], tuple[Array, Params]]
  judge: Callable[[Params, Array], Array]


def wgan_gp(
  shape: tuple[int, int, int],
  *,
  latent_size: Count = 64,
  width: Count = 64,
  penalty: NonNegative = 10.0,
  critic_steps: Count = 5,
  learning_rate: NonNegative = 1e-4,
) -> tuple[Generator, Trainer]:
  """A GAN whose critic's slope is kept at 1 between real and made images.

  See WGAN-GP, algorithm 1. The images of a batch are shared among the critic's
  steps, so that one of 250 is five steps of 50, as in the released code of
  MNIST; what does not divide is left over. The generator's step follows, with
  as many new latents as a critic's step has images.

  The networks are those of interpolative autoencoders: InfoGAN's generator, and
  as critic its encoder with one output, without normalization, which would mix
  the slopes of images, and with leaky rectifiers of 0.2, as in the released
  code.

  Args:
    shape: `(H, W, C)` of the images, H and W divisible by 4.
    latent_size: D, standard Gaussian.
    width: of both networks; see `lasium_jax.nets.infogan`.
    penalty: weight of the critic's gradient penalty.
    critic_steps: of the critic for each of the generator.
    learning_rate: Adam's, of both; its betas are 0.5 and 0.9.

  Returns:
    The generator, and its trainer, which raises ValueError for batches of fewer
    images than `critic_steps`.

  Raises:
    ValueError: if H or W is not divisible by 4.

  Example:
    >>> generator, trainer = lx.generators.wgan_gp((8, 8, 1), width=4)
    >>> data = lx.TrainingSet(jnp.zeros((2, 8, 8, 1), jnp.uint8))
    >>> params = trainer.params(trainer.init(jax.random.key(0), data))
    >>> z = generator.sample(jax.random.key(1), params, 5)
    >>> z.shape, jax.jit(generator.decode)(params, z).shape
    ((5, 64), (5, 8, 8, 1))
  """
  check_quarters('The WGAN-GP', shape)
  net = infogan.Generator(shape, width)
  critic_net = infogan.Encoder(1, width, normalize=False, slope=0.2)
  optimizer = optax.adam(learning_rate, b1=0.5, b2=0.9)

  def init(key: Array, data: TrainingSet) -> State:
    del data
    key, critic_key = jax.random.split(key)
    variables: Any = jax.jit(net.init)(key, jnp.zeros((1, latent_size)))
    judging: Any = jax.jit(critic_net.init)(critic_key, jnp.zeros((1, *shape)))
    critic = judging['params']
    generator_opt = optimizer.init(variables['params'])
    critic_opt = optimizer.init(critic)
    return State(variables, critic, generator_opt, critic_opt, jnp.int32(0))

  def sample(key: Array, params: Params, n: int) -> Array:
    del params
    return jax.random.normal(key, (n, latent_size))

  def decode(params: Params, z: Array) -> Array:
    logits: Any = net.apply(params, z)
    return jax.nn.sigmoid(logits)

  def make(variables: Params, z: Array) -> tuple[Array, Params]:
    logits, averages = net.apply(
      variables, z, train=True, mutable=['batch_stats']
    )
    return jax.nn.sigmoid(logits), {**variables, **averages}

  def judge(critic: Params, x: Array) -> Array:
    scores: Any = critic_net.apply({'params': critic}, x)
    return scores[:, 0]

  def params(state: State) -> Params:
    averages = debiased(state.variables['batch_stats'], state.steps)
    return {**state.variables, 'batch_stats': averages}

  nets = Networks(lambda key, n: sample(key, None, n), make, judge)
  update = _update(nets, optimizer, penalty, critic_steps)
  return Generator(decode, sample), Trainer(init, (update,), params)


def _update(
  nets: Networks,
  optimizer: optax.GradientTransformation,
  penalty: float,
  critic_steps: int,
) -> UpdateFn:
  """Algorithm 1, lines 2 to 12: the critic's steps, then the generator's."""
  critic_step = _critic_step(nets, optimizer, penalty)

  def generator_loss(
    weights: Params, state: State, z: Array
  ) -> tuple[Array, Params]:
    images, variables = nets.make({**state.variables, 'params': weights}, z)
    return -nets.judge(state.critic, images).mean(), variables

  def generator_step(state: State, z: Array) -> tuple[State, Array]:
    weights = state.variables['params']
    (loss, variables), gradient = jax.value_and_grad(
      generator_loss, has_aux=True
    )(weights, state, z)
    steps, generator_opt = optimizer.update(gradient, state.generator_opt)
    variables = {**variables, 'params': optax.apply_updates(weights, steps)}
    state = state._replace(variables=variables, generator_opt=generator_opt)
    return state._replace(steps=state.steps + 1), loss

  def update(key: Array, state: State, batch: Batch) -> tuple[State, Metrics]:
    size = len(batch.x) // critic_steps
    if not size:
      raise ValueError(
        f'A batch of {len(batch.x)} images cannot be shared among critic_steps '
        f'= {critic_steps}: make it larger, or these fewer.'
      )
    made_key, critic_key, generator_key = jax.random.split(key, 3)
    real = batch.x[: size * critic_steps]
    # The generator stays as it is until the critic's last step.
    made, _ = nets.make(state.variables, nets.draw(made_key, len(real)))
    metrics: Metrics = {}
    # Unrolled: in a loop gradients of convolutions are slow on a CPU.
    for own, *images in zip(
      jax.random.split(critic_key, critic_steps),
      *(jnp.split(x, critic_steps) for x in (real, made)),
      strict=True,
    ):
      state, metrics = critic_step(own, state, *images)
    state, loss = generator_step(state, nets.draw(generator_key, size))
    return state, {'generator_loss': loss, **metrics}

  return update


def _critic_step(
  nets: Networks,
  optimizer: optax.GradientTransformation,
  penalty: float,
) -> Callable[[Array, State, Array, Array], tuple[State, Metrics]]:
  """`(key, state, real, made) -> (state, metrics)`, lines 3 to 9."""

  def critic_step(
    key: Array, state: State, real: Array, made: Array
  ) -> tuple[State, Metrics]:
    def loss_fn(critic: Params) -> tuple[Array, Metrics]:
      return critic_loss(
        lambda _, x: nets.judge(critic, x), key, real, made, penalty=penalty
      )

    gradient, metrics = jax.grad(loss_fn, has_aux=True)(state.critic)
    steps, critic_opt = optimizer.update(gradient, state.critic_opt)
    critic = optax.apply_updates(state.critic, steps)
    return state._replace(critic=critic, critic_opt=critic_opt), metrics

  return critic_step
