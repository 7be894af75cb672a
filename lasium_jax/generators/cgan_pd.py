"""The GAN with a projection discriminator (Miyato and Koyama 2018)."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from lasium_jax.generators.adversarial import Game, adversarial
from lasium_jax.generators.shapes import check_eighths
from lasium_jax.nets import residual_gan as nets
from lasium_jax.nets.spectral import STATE
from lasium_jax.ops.labels import is_hard
from lasium_jax.settings import Count, NonNegative, Ways, Whole
from lasium_jax.types import (
  Array,
  Batch,
  Generator,
  Metrics,
  Params,
  Trainer,
)

Labeled = tuple[Array, Array]  # Images, and shares of classes `[n, classes]`.


def cgan_pd(
  shape: tuple[int, int, int],
  *,
  classes: Ways = 10,
  latent_size: Count = 128,
  width: Count = 64,
  critic_steps: Count = 5,
  learning_rate: NonNegative = 2e-4,
  decay_steps: Whole = 100_000,
) -> tuple[Generator, Trainer]:
  """A GAN of images of given classes: COLA's baseline.

  The critic f sees an image and its class y, and the generator G normalizes by
  the class. The critic minimizes `mean max(0, 1 - f(x, y)) + mean max(0, 1 +
  f(G(z, c), c))`, and the generator `-mean f(G(z, c), c)`, with noise z and
  uniform classes c. The images of a batch are shared among the critic's steps;
  the generator's step follows, with as many new latents as one of them has
  images.

  Networks and values are those of mimicry (Lee and Town 2020) for 32x32, where
  a step of the critic has 64 images, so that a batch of 320 is five. There each
  part of the images has its own moments, and weights take a step of the power
  method for real and for made ones, and for the generator; here made images of
  all steps are normalized together, and there is one step of the method for
  each of the critic. Pixels are by a sigmoid in [0, 1], not by tanh.

  Args:
    shape: `(H, W, C)` of the images, H and W divisible by 8.
    classes: how many there are.
    latent_size: of the noise, standard Gaussian.
    width: a fourth of the channels of the generator, and half of those of the
      critic.
    critic_steps: of the critic for each of the generator.
    learning_rate: of both Adams, whose betas are 0 and 0.9.
    decay_steps: after so many steps of the generator both rates have fallen to
      0, on a line; 0 leaves them as they are.

  Returns:
    The generator, whose latents are noise and a one-hot class after one
    another; and its trainer, whose batches must have hard labels. An image with
    a label of none of the classes makes the loss NaN, so that nothing can train
    on it unnoticed.

  Raises:
    ValueError: if H or W is not divisible by 8.

  Example:
    >>> generator, trainer = lx.generators.cgan_pd(
    ...   (8, 8, 1), classes=3, latent_size=4, width=2
    ... )
    >>> data = lx.TrainingSet(jnp.zeros((2, 8, 8, 1), jnp.uint8))
    >>> params = trainer.params(trainer.init(jax.random.key(0), data))
    >>> z = generator.sample_class(jax.random.key(1), params, jnp.array([2, 0]))
    >>> z.shape, jax.jit(generator.decode)(params, z).shape
    ((2, 7), (2, 8, 8, 1))
  """
  check_eighths('The conditional GAN', shape)
  net = nets.Generator(shape, 4 * width)
  critic_net = nets.Critic(classes, 2 * width)

  def init(key: Array) -> tuple[Params, Params]:
    key, critic_key = jax.random.split(key)
    y = jnp.zeros((1, classes))
    variables = jax.jit(net.init)(key, jnp.zeros((1, latent_size)), y)
    critic = jax.jit(critic_net.init)(critic_key, jnp.zeros((1, *shape)), y)
    return variables, critic

  def sample_class(key: Array, params: Params, y: Array) -> Array:
    del params
    noise = jax.random.normal(key, (len(y), latent_size))
    return jnp.concatenate([noise, _one_hot(y, classes)], axis=1)

  def sample(key: Array, params: Params, n: int) -> Array:
    key, class_key = jax.random.split(key)
    y = jax.random.randint(class_key, (n,), 0, classes)
    return sample_class(key, params, y)

  def decode(params: Params, z: Array) -> Array:
    logits: Any = net.apply(params, *jnp.split(z, [latent_size], axis=1))
    return jax.nn.sigmoid(logits)

  def make(key: Array, variables: Params, n: int) -> tuple[Labeled, Params]:
    noise, y = jnp.split(sample(key, None, n), [latent_size], axis=1)
    logits, averages = net.apply(
      variables, noise, y, train=True, mutable=['batch_stats']
    )
    return (jax.nn.sigmoid(logits), y), {**variables, **averages}

  game = Game(
    init,
    lambda batch: (batch.x, _labels(batch, classes)),
    make,
    _critic_loss(critic_net),
    lambda critic, made: -_judge(critic_net, critic, made).mean(),
    _adam(learning_rate, decay_steps),
    _adam(learning_rate, decay_steps * critic_steps),
  )
  generator = Generator(decode, sample, sample_class=sample_class)
  return generator, adversarial(game, critic_steps)


def _adam(
  learning_rate: float, decay_steps: int
) -> optax.GradientTransformation:
  """Adam with mimicry's betas, whose rate falls on a line if it falls."""
  rate: Any = learning_rate
  if decay_steps:
    rate = optax.linear_schedule(learning_rate, 0.0, decay_steps)
  return optax.adam(rate, b1=0.0, b2=0.9)


def _critic_loss(net: nets.Critic) -> Any:
  """The hinge loss, as a `lasium_jax.generators.adversarial.CriticLoss`."""

  def loss_fn(
    critic: Params, key: Array, real: Labeled, made: Labeled
  ) -> tuple[Array, tuple[Params, Metrics]]:
    del key
    # No image sees another, so that both can pass at once.
    both = jax.tree.map(lambda *leaves: jnp.concatenate(leaves), real, made)
    scores, after = net.apply(critic, *both, train=True, mutable=[STATE])
    of_real, of_made = jnp.split(scores, 2)
    loss = (jax.nn.relu(1 - of_real) + jax.nn.relu(1 + of_made)).mean()
    distance = (of_real - of_made).mean()
    return loss, (
      {**critic, **after},
      {'critic_loss': loss, 'distance': distance},
    )

  return loss_fn


def _judge(net: nets.Critic, critic: Params, shown: Labeled) -> Array:
  scores: Array = net.apply(critic, *shown)  # type: ignore[assignment]
  return scores


def _one_hot(y: Array, classes: int) -> Array:
  """Labels `[n]` as `[n, classes]`, NaN where there is no such class."""
  known = ((y >= 0) & (y < classes))[:, None]
  return jnp.where(known, jax.nn.one_hot(y, classes), jnp.nan)


def _labels(batch: Batch, classes: int) -> Array:
  """The labels of a batch as `[b, classes]`.

  Raises:
    ValueError: if it has none, or soft ones.
  """
  if batch.y is None or not is_hard(batch.y):
    raise ValueError(
      'The conditional GAN is trained with a label for each image, and this '
      f'batch has {"none" if batch.y is None else "soft ones"}: give the '
      'training set its labels.'
    )
  return _one_hot(batch.y, classes)
