"""The plain autoencoder beside interpolative ones."""

from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import optax

from lasium_jax.nets.averages import debiased
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
  TrainingSet,
)

Norm = Literal['l1', 'l2']
DISTANCES = {'l1': jnp.abs, 'l2': jnp.square}


class State(NamedTuple):
  """Training under way.

  Attributes:
    variables: weights, and running averages of the normalization's moments.
    opt_state: Adam's.
    steps: int32 scalar, how many were taken.
  """

  variables: Params
  opt_state: optax.OptState
  steps: Array


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
  if shape[0] % 4 or shape[1] % 4:
    raise ValueError(
      f'The autoencoder needs sides divisible by 4, not {shape}.'
    )
  net = Autoencoder(Encoder(latent_size, width), Decoder(shape, width))
  optimizer, distance = optax.adam(learning_rate), DISTANCES[norm]

  def init(key: Array, data: TrainingSet) -> State:
    del data
    variables = jax.jit(net.init)(key, jnp.zeros((1, *shape)))
    opt_state = optimizer.init(variables['params'])
    return State(variables, opt_state, jnp.int32(0))

  def loss_fn(
    weights: Params, averages: Params, batch: Batch
  ) -> tuple[Array, Params]:
    variables = {'params': weights, 'batch_stats': averages}
    logits, update = net.apply(
      variables, batch.x, train=True, mutable=['batch_stats']
    )
    loss = distance(jax.nn.sigmoid(logits) - batch.x).mean()
    return loss, update['batch_stats']

  def update(key: Array, state: State, batch: Batch) -> tuple[State, Metrics]:
    del key
    weights = state.variables['params']
    (loss, averages), gradient = jax.value_and_grad(loss_fn, has_aux=True)(
      weights, state.variables['batch_stats'], batch
    )
    changes, opt_state = optimizer.update(gradient, state.opt_state, weights)
    weights = optax.apply_updates(weights, changes)
    variables = {'params': weights, 'batch_stats': averages}
    return State(variables, opt_state, state.steps + 1), {'loss': loss}

  def params(state: State) -> Params:
    averages = debiased(state.variables['batch_stats'], state.steps)
    return {**state.variables, 'batch_stats': averages}

  def encode(params: Params, x: Array) -> Array:
    z: Any = net.apply(params, x, method=net.encode)
    return z

  def decode(params: Params, z: Array) -> Array:
    logits: Any = net.apply(params, z, method=net.decode)
    return jax.nn.sigmoid(logits)

  return (
    Generator(decode, encode=encode),
    Trainer(init, (update,), params),
  )
