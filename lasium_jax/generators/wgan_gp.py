"""The Wasserstein GAN with a gradient penalty (Gulrajani et al. 2017)."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from lasium_jax.generators.adversarial import Game, adversarial
from lasium_jax.generators.wasserstein import critic_loss
from lasium_jax.nets import infogan
from lasium_jax.settings import Count, NonNegative
from lasium_jax.types import Array, Generator, Metrics, Params, Trainer


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
    shape: `(H, W, C)` of the images.
    latent_size: D, standard Gaussian.
    width: of both networks; see `lasium_jax.nets.infogan`.
    penalty: weight of the critic's gradient penalty.
    critic_steps: of the critic for each of the generator.
    learning_rate: Adam's, of both; its betas are 0.5 and 0.9.

  Returns:
    The generator, and its trainer, which raises ValueError for batches of fewer
    images than `critic_steps`.

  Example:
    >>> generator, trainer = lx.generators.wgan_gp((8, 8, 1), width=4)
    >>> data = lx.TrainingSet(jnp.zeros((2, 8, 8, 1), jnp.uint8))
    >>> params = trainer.params(trainer.init(jax.random.key(0), data))
    >>> z = generator.sample(jax.random.key(1), params, 5)
    >>> z.shape, jax.jit(generator.decode)(params, z).shape
    ((5, 64), (5, 8, 8, 1))
  """
  net = infogan.Generator(shape, width)
  critic_net = infogan.Encoder(1, width, normalize=False, slope=0.2)
  optimizer = optax.adam(learning_rate, b1=0.5, b2=0.9)

  def init(key: Array) -> tuple[Params, Params]:
    key, critic_key = jax.random.split(key)
    variables = jax.jit(net.init)(key, jnp.zeros((1, latent_size)))
    critic = jax.jit(critic_net.init)(critic_key, jnp.zeros((1, *shape)))
    return variables, critic

  def sample(key: Array, params: Params, n: int) -> Array:
    del params
    return jax.random.normal(key, (n, latent_size))

  def decode(params: Params, z: Array) -> Array:
    logits: Any = net.apply(params, z)
    return jax.nn.sigmoid(logits)

  def make(key: Array, variables: Params, n: int) -> tuple[Array, Params]:
    logits, averages = net.apply(
      variables, sample(key, None, n), train=True, mutable=['batch_stats']
    )
    return jax.nn.sigmoid(logits), {**variables, **averages}

  def judge(critic: Params, x: Array) -> Array:
    scores: Any = critic_net.apply(critic, x)
    return scores[:, 0]

  def loss_of_critic(
    critic: Params, key: Array, real: Array, made: Array
  ) -> tuple[Array, tuple[Params, Metrics]]:
    loss, metrics = critic_loss(
      lambda _, x: judge(critic, x), key, real, made, penalty=penalty
    )
    return loss, (critic, metrics)

  game = Game(
    init,
    lambda batch: batch.x,
    make,
    loss_of_critic,
    lambda critic, made: -judge(critic, made).mean(),
    optimizer,
    optimizer,
  )
  return Generator(decode, sample), adversarial(game, critic_steps)
