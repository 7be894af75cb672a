"""What variational autoencoders share (Kingma and Welling 2013)."""

from collections.abc import Callable
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import optax

from lasium_jax.descent import descent
from lasium_jax.types import (
  Array,
  Batch,
  Generator,
  Metrics,
  Params,
  Trainer,
)


class Networks(Protocol):
  """A Linen module of an encoder and a decoder with running averages."""

  def init(self, key: Array, x: Array) -> Params:
    """Makes both networks' variables."""

  def apply(self, variables: Params, *args: Any, **options: Any) -> Any:
    """Calls one of the methods below."""

  def encode(self, x: Array, train: bool = False) -> tuple[Array, Array]:
    """Mean and log-variance of q(z|x), each `[n, D]`."""

  def decode(self, z: Array, train: bool = False) -> Array:
    """Logits `[n, H, W, C]`."""


def kl_divergence(mean: Array, log_variance: Array) -> Array:
  """KL(N(mean, exp(log_variance)) || N(0, 1)) of each dimension, in nats."""
  return 0.5 * (jnp.exp(log_variance) + mean**2 - 1 - log_variance)


def bernoulli_vae(
  net: Networks,
  shape: tuple[int, int, int],
  *,
  latent_size: int,
  weighted: Callable[[Array], Array],
  optimizer: optax.GradientTransformation,
) -> tuple[Generator, Trainer]:
  """A variational autoencoder with a Bernoulli likelihood, of any networks.

  Args:
    net: both networks.
    shape: `(H, W, C)` of the images.
    latent_size: D.
    weighted: from the KL divergences of latent dimensions `[b, D]` to the term
      of each image's loss `[b]`.
    optimizer: of all weights.

  Returns:
    As `lasium_jax.generators.vae`.
  """

  def init(key: Array) -> Params:
    return jax.jit(net.init)(key, jnp.zeros((1, *shape)))

  def loss_fn(
    weights: Params, averages: Params, key: Array, batch: Batch
  ) -> tuple[Array, tuple[Params, Metrics]]:
    x, averages = batch.x, averages['batch_stats']
    variables = {'params': weights, 'batch_stats': averages}
    (mean, log_variance), update = net.apply(
      variables, x, train=True, method=net.encode, mutable=['batch_stats']
    )
    z = _draw(key, mean, log_variance)
    averages = {**averages, **update['batch_stats']}
    logits, update = net.apply(
      {'params': weights, 'batch_stats': averages},
      z,
      train=True,
      method=net.decode,
      mutable=['batch_stats'],
    )
    pixels = optax.sigmoid_binary_cross_entropy(logits, x)
    reconstruction = pixels.sum(axis=(1, 2, 3)).mean()
    kl = kl_divergence(mean, log_variance)
    metrics = {
      'loss': reconstruction + weighted(kl).mean(),
      'reconstruction': reconstruction,
      'kl': kl.sum(-1).mean(),
    }
    averages = {**averages, **update['batch_stats']}
    return metrics['loss'], ({'batch_stats': averages}, metrics)

  return _generator(net, latent_size), descent(init, loss_fn, optimizer)


def _generator(net: Networks, latent_size: int) -> Generator:
  def sample(key: Array, params: Params, n: int) -> Array:
    del params
    return jax.random.normal(key, (n, latent_size))

  def posterior(params: Params, x: Array) -> tuple[Array, Array]:
    moments: Any = net.apply(params, x, method=net.encode)
    return moments[0], moments[1]

  def encode(params: Params, x: Array) -> Array:
    return posterior(params, x)[0]

  def sample_like(key: Array, params: Params, x: Array, n: int) -> Array:
    row_key, noise_key = jax.random.split(key)
    rows = jax.random.randint(row_key, (n,), 0, len(x))
    mean, log_variance = (leaf[rows] for leaf in posterior(params, x))
    return _draw(noise_key, mean, log_variance)

  def decode(params: Params, z: Array) -> Array:
    logits: Any = net.apply(params, z, method=net.decode)
    return jax.nn.sigmoid(logits)

  return Generator(decode, sample, encode, sample_like=sample_like)


def _draw(key: Array, mean: Array, log_variance: Array) -> Array:
  noise = jax.random.normal(key, mean.shape)
  return mean + noise * jnp.exp(0.5 * log_variance)
