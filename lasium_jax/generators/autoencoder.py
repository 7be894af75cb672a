"""The plain autoencoder beside interpolative ones."""

from collections.abc import Callable
from typing import Any, Literal, Protocol

import jax
import jax.numpy as jnp
import optax

from lasium_jax.descent import descent
from lasium_jax.generators.shapes import check_quarters
from lasium_jax.nets.infogan import Autoencoder, Encoder
from lasium_jax.nets.infogan import Generator as Decoder
from lasium_jax.settings import Count, NonNegative
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


class Objective(Protocol):
  """What an autoencoder minimizes."""

  def __call__(
    self, key: Array, encode: Pass, decode: Pass, x: Array, /
  ) -> tuple[Array, Metrics]:
    """The loss of one step.

    Args:
      key: a PRNG key.
      encode: images `[n, H, W, C]` to latents `[n, D]`, normalized by the
        moments of these `n`. It is called once, and so is `decode`, because
        the running averages count one batch a step.
      decode: latents `[n, D]` to images.
      x: `[b, H, W, C]` in [0, 1].

    Returns:
      The loss, and metrics beside it.
    """


def autoencoder(
  shape: tuple[int, int, int],
  *,
  latent_size: Count = 64,
  width: Count = 64,
  norm: Norm = 'l1',
  learning_rate: NonNegative = 1e-3,
) -> tuple[Generator, Trainer]:
  """An autoencoder of InfoGAN's networks, trained to reconstruct.

  See Interpolative Autoencoders, the model AE of table 2. The paper names
  neither the norm nor the optimizer.

  Args:
    shape: `(H, W, C)` of the images, H and W divisible by 4.
    latent_size: D.
    width: of both networks; see `lasium_jax.nets.infogan`.
    norm: what is averaged over pixels: absolute differences ('l1') or squared
      ones ('l2').
    learning_rate: Adam's.

  Returns:
    The generator, which has no prior, and its trainer.

  Raises:
    ValueError: if H or W is not divisible by 4.

  Example:
    >>> generator, trainer = lx.generators.autoencoder((8, 8, 1), width=4)
    >>> data = lx.TrainingSet(jnp.zeros((2, 8, 8, 1), jnp.uint8))
    >>> params = trainer.params(trainer.init(jax.random.key(0), data))
    >>> z = jax.jit(generator.encode)(params, jnp.zeros((5, 8, 8, 1)))
    >>> z.shape, jax.jit(generator.decode)(params, z).shape
    ((5, 64), (5, 8, 8, 1))
  """
  distance = DISTANCES[norm]

  def reconstruction(
    key: Array, encode: Pass, decode: Pass, x: Array
  ) -> tuple[Array, Metrics]:
    del key
    return distance(decode(encode(x)) - x).mean(), {}

  return trained_by(
    reconstruction,
    shape,
    latent_size=latent_size,
    width=width,
    learning_rate=learning_rate,
  )


def trained_by(
  objective: Objective,
  shape: tuple[int, int, int],
  *,
  latent_size: int,
  width: int,
  learning_rate: float,
) -> tuple[Generator, Trainer]:
  """An autoencoder of InfoGAN's networks that minimizes some objective.

  Args:
    objective: what is minimized.
    shape: as in `autoencoder`, and so are the others.
    latent_size: likewise.
    width: likewise.
    learning_rate: likewise.

  Returns:
    As `autoencoder`. The metrics of a step are the `loss` and those of the
    objective.

  Raises:
    ValueError: as `autoencoder`.
  """
  check_quarters('The autoencoder', shape)
  net = Autoencoder(Encoder(latent_size, width), Decoder(shape, width))
  trainer = _trainer(net, objective, shape, optax.adam(learning_rate))
  return _generator(net), trainer


def _generator(net: Autoencoder) -> Generator:
  def encode(params: Params, x: Array) -> Array:
    z: Any = net.apply(params, x, method=net.encode)
    return z

  def decode(params: Params, z: Array) -> Array:
    logits: Any = net.apply(params, z, method=net.decode)
    return jax.nn.sigmoid(logits)

  return Generator(decode, encode=encode)


def _trainer(
  net: Autoencoder,
  objective: Objective,
  shape: tuple[int, int, int],
  optimizer: optax.GradientTransformation,
) -> Trainer:
  def init(key: Array) -> Params:
    variables: Params = jax.jit(net.init)(key, jnp.zeros((1, *shape)))
    return variables

  def loss_fn(
    weights: Params, averages: Params, key: Array, batch: Batch
  ) -> tuple[Array, tuple[Params, Metrics]]:
    def in_training(net: Autoencoder) -> tuple[Array, Metrics]:
      return objective(
        key,
        lambda x: net.encode(x, train=True),
        lambda z: jax.nn.sigmoid(net.decode(z, train=True)),
        batch.x,
      )

    (loss, metrics), averages = net.apply(
      {'params': weights, **averages},
      method=in_training,
      mutable=list(averages),
    )
    return loss, (averages, {'loss': loss, **metrics})

  return descent(init, loss_fn, optimizer)
