"""Autoencoders that learn to make what some objective compares."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, Protocol

import jax
import jax.numpy as jnp

from lasium_jax.descent import adam, descent
from lasium_jax.generators.shapes import check_networks
from lasium_jax.nets.autoencoder import DECODERS, ENCODERS, Autoencoder, Name
from lasium_jax.types import (
  Array,
  Batch,
  Generator,
  Metrics,
  Params,
  Trainer,
)

Norm = Literal['l1', 'l2']
Pass = Callable[[Array], Array]  # Through one half of the networks.
DISTANCES = {'l1': jnp.abs, 'l2': jnp.square}


class Comparison(NamedTuple):
  """Images that were made, and those that they are to be.

  Attributes:
    made: `[n, H, W, C]` in [0, 1].
    images: likewise.
  """

  made: Array
  images: Array


class Objective(Protocol):
  """What an autoencoder learns to make."""

  def __call__(
    self, key: Array, encode: Pass, decode: Pass, x: Array, /
  ) -> Mapping[str, Comparison]:
    """Makes the images of one step.

    Args:
      key: a PRNG key.
      encode: images `[n, H, W, C]` to latents `[n, D]`, normalized by the
        moments of these `n`. It is called once, and so is `decode`, because
        the running averages count one batch a step.
      decode: latents `[n, D]` to images.
      x: `[b, H, W, C]` in [0, 1].

    Returns:
      Comparisons by name. The loss is the sum of their distances, each of which
      is averaged over images and pixels.
    """


def trained_by(
  objective: Objective,
  shape: tuple[int, int, int],
  *,
  latent_size: int,
  network: Name,
  width: int,
  norm: Norm,
  perceptual: float,
  learning_rate: float,
  decay_steps: int,
) -> tuple[Generator, Trainer]:
  """An autoencoder that learns to make what some objective compares.

  Args:
    objective: what is made, and what it is compared with.
    shape: as in `lasium_jax.generators.autoencoder`, and so are the others.
    latent_size: likewise.
    network: likewise.
    width: likewise.
    norm: likewise.
    perceptual: likewise.
    learning_rate: likewise.
    decay_steps: likewise.

  Returns:
    As `autoencoder`. The metrics of a step are the `loss`, the distance of each
    of the objective's comparisons, and where it has a weight the `perceptual`
    one of all.

  Raises:
    ValueError: as `autoencoder`.
  """
  net = networks(
    'The autoencoder',
    shape,
    network=network,
    latent_size=latent_size,
    width=width,
  )

  def loss_fn(
    weights: Params, averages: Params, key: Array, batch: Batch
  ) -> tuple[Array, tuple[Params, Metrics]]:
    variables = {'params': weights, **averages}
    compared, averages = in_training(
      net,
      variables,
      lambda encode, decode: objective(key, encode, decode, batch.x),
    )
    metrics = {
      name: DISTANCES[norm](pair.made - pair.images).mean()
      for name, pair in compared.items()
    }
    loss = jnp.stack([*metrics.values()]).sum()
    if perceptual:
      losses = [
        autoperceptual_loss(net, variables, pair, norm)
        for pair in compared.values()
      ]
      metrics['perceptual'] = jnp.stack(losses).sum()
      loss += perceptual * metrics['perceptual']
    return loss, (averages, {'loss': loss, **metrics})

  optimizer = adam(learning_rate=learning_rate, decay_steps=decay_steps)
  init = functools.partial(first_variables, net, shape)
  return generator_of(net), descent(init, loss_fn, optimizer)


def autoperceptual_loss(
  net: Autoencoder, variables: Params, pair: Comparison, norm: Norm
) -> Array:
  """How far apart an encoder's hidden activations of images are.

  See Interpolative Autoencoders, section 5.2: the encoder is that of training
  itself, frozen as it is at this step. Which of its layers are compared, and
  how, is not said. Here it is every hidden layer, after its rectifier, by the
  norm of the pixels, averaged over all values of a layer, then over layers; and
  one batch of all images of the pair gives the moments of normalization.

  Args:
    net: the autoencoder.
    variables: its own. No gradient goes to them through the encoder, but only
      through the images that were made.
    pair: what is compared.
    norm: as in `autoencoder`.

  Returns:
    A scalar.
  """
  frozen = jax.lax.stop_gradient(variables)
  # The averages that come back are dropped: a step counts once.
  layers, _ = net.apply(
    frozen,
    jnp.concatenate(pair),
    train=True,
    method=net.perceive,
    mutable=_averages_of(frozen),
  )
  distances = [
    DISTANCES[norm](jnp.subtract(*jnp.split(layer, 2))).mean()
    for layer in layers
  ]
  return jnp.stack(distances).mean()


def networks(
  name: str,
  shape: tuple[int, int, int],
  *,
  network: Name,
  latent_size: int,
  width: int,
) -> Autoencoder:
  """The networks of an autoencoder.

  Args:
    name: of what has them, for the message.
    shape: as in `lasium_jax.generators.autoencoder`, and so are the others.
    network: likewise.
    latent_size: likewise.
    width: likewise.

  Returns:
    Both.

  Raises:
    ValueError: as `autoencoder`.
  """
  check_networks(name, network, shape)
  return Autoencoder(
    ENCODERS[network](latent_size, width), DECODERS[network](shape, width)
  )


def first_variables(
  net: Autoencoder, shape: tuple[int, int, int], key: Array
) -> Params:
  """What an autoencoder of images `(H, W, C)` begins with."""
  variables: Params = jax.jit(net.init)(key, jnp.zeros((1, *shape)))
  return variables


def in_training(
  net: Autoencoder, variables: Params, use: Callable[[Pass, Pass], Any]
) -> tuple[Any, Params]:
  """Encodes and decodes by the moments of the batch at hand.

  Args:
    net: the autoencoder.
    variables: its own.
    use: `(encode, decode) -> anything`, which calls each of them once.

  Returns:
    What `use` returns, and the running averages after it.
  """

  def passes(net: Autoencoder) -> Any:
    return use(
      lambda x: net.encode(x, train=True),
      lambda z: jax.nn.sigmoid(net.decode(z, train=True)),
    )

  used, averages = net.apply(
    variables, method=passes, mutable=_averages_of(variables)
  )
  return used, averages


def _averages_of(variables: Params) -> list[str]:
  """The collections that are no weights."""
  return [name for name in variables if name != 'params']


def generator_of(net: Autoencoder) -> Generator:
  """An autoencoder as a generator without a prior."""

  def encode(params: Params, x: Array) -> Array:
    z: Any = net.apply(params, x, method=net.encode)
    return z

  def decode(params: Params, z: Array) -> Array:
    logits: Any = net.apply(params, z, method=net.decode)
    return jax.nn.sigmoid(logits)

  return Generator(decode, encode=encode)
