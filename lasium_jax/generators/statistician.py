"""The Neural Statistician (Edwards and Storkey 2017): sets of one class."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from lasium_jax.descent import descent
from lasium_jax.generators.elbo import kl_divergence
from lasium_jax.generators.sets import sets_of
from lasium_jax.nets import statistician as nets
from lasium_jax.settings import Count, NonNegative
from lasium_jax.types import (
  Array,
  Batch,
  Generator,
  Metrics,
  Params,
  Trainer,
)

NAME = 'The Neural Statistician'
Gaussian = tuple[Array, Array]  # Mean and log-variance.


def kl_between(q: Gaussian, p: Gaussian) -> Array:
  """KL(q || p) of each dimension, in nats: that of q in units of p."""
  (mean, log_variance), (center, log_scale) = q, p
  shift = (mean - center) * jnp.exp(-0.5 * log_scale)
  return kl_divergence(shift, log_variance - log_scale)


def annealed(epoch: Array) -> Array:
  """By how much the likelihood counts for more: `1 + 2^-epoch`."""
  return 1 + 0.5 ** epoch.astype(jnp.float32)


def statistician(
  shape: tuple[int, int, int],
  *,
  context_size: Count = 512,
  latent_size: Count = 16,
  width: Count = 64,
  set_size: Count = 5,
  learning_rate: NonNegative = 1e-3,
) -> tuple[Generator, Trainer]:
  """A variational autoencoder with a context c for each set of one class.

  It is trained with labels. Of a set D of s images, q(c|D) is from the mean of
  its images' statistics; each image has a latent z of its own, whose prior
  p(z|c) and posterior q(z|x, c) are told the context. A set's part of the
  evidence's lower bound, divided by s, is

    R - K,  R = mean_i log p(x_i|z_i, c),
            K = KL(q(c|D) || N(0, 1)) / s
                + mean_i KL(q(z|x_i, c) || p(z|c)),

  and the loss is `-(1 + a) R + K / (1 + a)`, where a is 1 in the first epoch
  and half as much in each one after. Gradients are clipped to +-0.5, one by
  one. All this, and the sizes, are as in the public code of Conor Durkan for
  Omniglot. Its flips and rotations of sets are left out: they change which
  character an image shows.

  Args:
    shape: `(H, W, C)` of the images.
    context_size: of c.
    latent_size: of z.
    width: channels of the largest layers; see `lasium_jax.nets.statistician`.
    set_size: s, of the sets of a batch. What it is used on may be any number
      of images.
    learning_rate: Adam's.

  Returns:
    The generator, whose latents are c and z after one another, and whose
    `sample_like` has c from q's mean and draws z from the prior; and its
    trainer, for batches as `lasium_jax.batches.sets_of_a_class` orders them.
    Its update raises ValueError if a batch has no labels.

  Example:
    >>> generator, trainer = lx.generators.statistician(
    ...   (8, 8, 1), context_size=4, latent_size=2, width=2
    ... )
    >>> data = lx.TrainingSet(jnp.zeros((2, 8, 8, 1), jnp.uint8))
    >>> params = trainer.params(trainer.init(jax.random.key(0), data))
    >>> seeds = jnp.zeros((5, 8, 8, 1))  # Of one class.
    >>> z = generator.sample_like(jax.random.key(1), params, seeds, 3)
    >>> z.shape, jax.jit(generator.decode)(params, z).shape
    ((3, 6), (3, 8, 8, 1))
  """
  net = nets.Statistician(
    nets.Encoder(width),
    nets.Statistic(context_size, 4 * width),
    nets.Latent(latent_size, 4 * width),
    nets.Latent(latent_size, 4 * width),
    nets.Decoder(shape, width),
  )
  optimizer = optax.chain(optax.clip(0.5), optax.adam(learning_rate))
  return _generator(net, context_size), _trainer(
    net, shape, set_size, optimizer
  )


def _generator(net: nets.Statistician, context_size: int) -> Generator:
  def sample_like(key: Array, params: Params, x: Array, n: int) -> Array:
    features: Any = net.apply(params, x, method=net.encode)
    summary: Any = net.apply(params, features[None], method=net.summarize)
    context = summary[0]
    prior: Any = net.apply(params, context, method=net.expect)
    mean, log_variance = (jnp.repeat(leaf, n, axis=0) for leaf in prior)
    z = _drawn(key, (mean, log_variance))
    return jnp.concatenate([jnp.repeat(context, n, axis=0), z], axis=-1)

  def decode(params: Params, z: Array) -> Array:
    context, own = jnp.split(z, [context_size], axis=-1)
    logits: Any = net.apply(params, own, context, method=net.decode)
    return jax.nn.sigmoid(logits)

  return Generator(decode, sample_like=sample_like)


def _trainer(
  net: nets.Statistician,
  shape: tuple[int, int, int],
  set_size: int,
  optimizer: optax.GradientTransformation,
) -> Trainer:
  def init(key: Array) -> Params:
    variables: Params = jax.jit(net.init)(key, jnp.zeros((1, *shape)))
    return variables

  def loss_fn(
    weights: Params, averages: Params, key: Array, batch: Batch
  ) -> tuple[Array, tuple[Params, Metrics]]:
    terms, averages = net.apply(
      {'params': weights, **averages},
      key,
      sets_of(NAME, batch, set_size),
      method=_terms,
      mutable=list(averages),
    )
    weight = annealed(batch.epoch)
    kl = terms['kl_context'] + terms['kl_latent']
    loss = weight * terms['reconstruction'] + kl / weight
    return loss, (averages, {'loss': loss, **terms})

  return descent(init, loss_fn, optimizer)


def _terms(net: nets.Statistician, key: Array, sets: Array) -> Metrics:
  """The parts of the bound an image, with their signs turned: in nats."""
  context_key, latent_key = jax.random.split(key)
  count, size = sets.shape[:2]
  x = sets.reshape(-1, *sets.shape[2:])
  features = net.encode(x, train=True)
  summary = net.summarize(features.reshape(count, size, -1), train=True)
  context = _drawn(context_key, summary)
  mean, log_variance = (
    jnp.repeat(leaf, size, axis=0) for leaf in net.expect(context, train=True)
  )
  context = jnp.repeat(context, size, axis=0)
  posterior = net.infer(features, context, train=True)
  logits = net.decode(_drawn(latent_key, posterior), context, train=True)
  pixels = optax.sigmoid_binary_cross_entropy(logits, x)
  kl = kl_between(posterior, (mean, log_variance))
  return {
    'reconstruction': pixels.sum(axis=(1, 2, 3)).mean(),
    'kl_context': kl_divergence(*summary).sum(-1).mean() / size,
    'kl_latent': kl.sum(-1).mean(),
  }


def _drawn(key: Array, gaussian: Gaussian) -> Array:
  mean, log_variance = gaussian
  noise = jax.random.normal(key, mean.shape)
  return mean + noise * jnp.exp(0.5 * log_variance)
