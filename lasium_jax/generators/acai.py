"""The adversarially constrained autoencoder (Berthelot et al. 2018)."""

from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp

from lasium_jax.descent import adam, descent
from lasium_jax.generators.objectives import (
  Pass,
  first_variables,
  generator_of,
  in_training,
  networks,
)
from lasium_jax.nets.autoencoder import ENCODERS, Name
from lasium_jax.ops.mixtures import mix
from lasium_jax.settings import Count, NonNegative, Share, Whole
from lasium_jax.types import (
  Array,
  Batch,
  Generator,
  Metrics,
  Params,
  State,
  Trainer,
)


class Critic(Protocol):
  """Tells how much of another code images are made of."""

  def __call__(self, weights: Params, x: Array, /) -> Array:
    """Returns `[n]` of images `x [n, H, W, C]`: 0 says that there is none."""


class Images(NamedTuple):
  """What a critic is trained on.

  Attributes:
    x: `[b, H, W, C]`, the batch.
    again: likewise, its reconstructions.
    mixed: likewise, made of mixtures of its codes.
    alpha: `[b]` in [0, 0.5], the weight of the other code in each mixture.
  """

  x: Array
  again: Array
  mixed: Array
  alpha: Array


def acai(
  shape: tuple[int, int, int],
  *,
  latent_size: Count = 64,
  network: Name = 'infogan',
  width: Count = 64,
  weight: NonNegative = 0.5,
  gamma: Share = 0.2,
  learning_rate: NonNegative = 1e-4,
  decay_steps: Whole = 0,
) -> tuple[Generator, Trainer]:
  """An autoencoder whose mixed codes are to look as if they were not mixed.

  A critic says of what is decoded from a mixture of two codes how large the
  smaller weight in it was. The autoencoder learns to reconstruct, and to have
  the critic say 0. See ACAI, equations 1 and 2, and `losses`. Pairs are the
  batch and the batch in reverse.

  It is to be compared with `autoencoder` and `interpolative`, so it has their
  networks. The released code has others: 3x3 convolutions without
  normalization, pooling and nearest neighbors, and codes that are small images.
  The critic is an encoder of its own, whose output is averaged over the
  latent's dimensions, as there. It is normalized by the moments of all images
  of a step, so that it can tell mixtures from others by the mean.

  Args:
    shape: `(H, W, C)` of the images.
    latent_size: D.
    network: as in `autoencoder`, of the critic too.
    width: likewise.
    weight: of the critic's answer in the autoencoder's loss.
    gamma: how much of the real image is blended into its reconstruction, of
      which the critic is to say 0.
    learning_rate: Adam's, of both. Its authors' is a tenth of that of
      `autoencoder`, for 262,144 steps of 64 images.
    decay_steps: as in `autoencoder`.

  Returns:
    The generator, which has no prior, and its trainer.

  Raises:
    ValueError: if the network has no layers for such a shape.

  Example:
    >>> generator, trainer = lx.generators.acai((8, 8, 1), width=4)
    >>> data = lx.TrainingSet(jnp.zeros((2, 8, 8, 1), jnp.uint8))
    >>> params = trainer.params(trainer.init(jax.random.key(0), data))
    >>> z = jax.jit(generator.encode)(params, jnp.zeros((2, 8, 8, 1)))
    >>> jax.jit(generator.decode)(params, z.mean(0, keepdims=True)).shape
    (1, 8, 8, 1)
  """
  net = networks(
    'ACAI', shape, network=network, latent_size=latent_size, width=width
  )
  critic = ENCODERS[network](latent_size, width)

  def init(key: Array) -> Params:
    key, critic_key = jax.random.split(key)
    variables = first_variables(net, shape, key)
    judging: Any = jax.jit(critic.init)(critic_key, jnp.zeros((1, *shape)))
    weights = {**variables['params'], 'critic': judging['params']}
    return {**variables, 'params': weights}

  def judge(weights: Params, x: Array) -> Array:
    # It is used in training alone, so that it needs no running averages.
    outputs, _ = critic.apply(
      {'params': weights}, x, train=True, mutable=['batch_stats']
    )
    said: Array = outputs.mean(-1)
    return said

  def loss_fn(
    weights: Params, averages: Params, key: Array, batch: Batch
  ) -> tuple[Array, tuple[Params, Metrics]]:
    alpha = jax.random.uniform(key, (len(batch.x),), maxval=0.5)

    def with_mixtures(encode: Pass, decode: Pass) -> Array:
      z = encode(batch.x)
      return decode(jnp.concatenate([z, mix(alpha, z[::-1], z)]))

    made, averages = in_training(
      net, {'params': weights, **averages}, with_mixtures
    )
    again, mixed = jnp.split(made, 2)
    images = Images(batch.x, again, mixed, alpha)
    loss, metrics = losses(
      judge, weights['critic'], images, weight=weight, gamma=gamma
    )
    return loss, (averages, metrics)

  optimizer = adam(learning_rate=learning_rate, decay_steps=decay_steps)
  trainer = descent(init, loss_fn, optimizer)

  def params(state: State) -> Params:
    variables = trainer.params(state)
    weights = dict(variables['params'])
    del weights['critic']
    return {**variables, 'params': weights}

  return generator_of(net), trainer._replace(params=params)


def losses(
  judge: Critic,
  weights: Params,
  images: Images,
  *,
  weight: float,
  gamma: float,
) -> tuple[Array, Metrics]:
  """The losses of the autoencoder and of the critic, as one sum.

  With the critic d, the image x, its reconstruction y and the mixture m they
  are

    |y - x|^2 + weight d(m)^2
    (d(m) - alpha)^2 + d(y + gamma (x - y))^2

  The first has no gradient by the critic's weights, and the second none by the
  images, so that one descent trains both by gradients of one moment, as in the
  released code. Images are in [-1, 1] in the first term, as they are there, or
  `weight` would weigh four times as much.

  Args:
    judge: the critic.
    weights: the critic's.
    images: of one step.
    weight: as in `acai`.
    gamma: likewise.

  Returns:
    The sum, and as metrics its parts; `loss` is the autoencoder's.
  """
  x, again, mixed, alpha = images
  blended = jax.lax.stop_gradient(again + gamma * (x - again))
  seen = jnp.concatenate([mixed, blended])
  fooled = judge(jax.lax.stop_gradient(weights), seen)[: len(x)]
  of_mixed, of_blended = jnp.split(
    judge(weights, jax.lax.stop_gradient(seen)), 2
  )
  reconstruction = 4 * jnp.square(again - x).mean()
  loss = reconstruction + weight * jnp.square(fooled).mean()
  critic_loss = jnp.square(of_mixed - alpha).mean()
  critic_loss += jnp.square(of_blended).mean()
  return loss + critic_loss, {
    'loss': loss,
    'reconstruction': reconstruction,
    'critic_loss': critic_loss,
  }
