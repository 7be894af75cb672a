"""Generative latent optimization: a generator, and a code for each image."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from lasium_jax.generators.shapes import check_quarters
from lasium_jax.nets.infogan import Generator as Decoder
from lasium_jax.ops.pyramid import laplacian_loss
from lasium_jax.settings import Count, NonNegative, Whole
from lasium_jax.types import (
  Array,
  Batch,
  Generator,
  Metrics,
  Params,
  Trainer,
  TrainingSet,
)


class State(NamedTuple):
  """Training under way.

  Attributes:
    variables: the generator's weights.
    opt_state: Adam's, of the weights.
    codes: `[n, D]`, a latent for each image of the training set.
    codes_opt: Adam's, of each code by itself.
  """

  variables: Params
  opt_state: optax.OptState
  codes: Array
  codes_opt: optax.OptState


class Gaussian(NamedTuple):
  """A normal distribution, which may lie in a subspace.

  Attributes:
    mean: `[D]`.
    root: `[D, D]`, whose product with its transpose is the covariance.
  """

  mean: Array
  root: Array


def on_sphere(z: Array) -> Array:
  """Latents `[n, D]` divided by their Euclidean norms."""
  return z / jnp.linalg.norm(z, axis=-1, keepdims=True)


def fitted(codes: Array) -> Gaussian:
  """The Gaussian with the mean and the covariance of codes `[n, D]`.

  The covariance is singular where there are no more codes than dimensions, and
  its root is from eigenvectors: Cholesky's does not exist then.
  """
  mean = codes.mean(0)
  centered = codes - mean[None]
  covariance = centered.T @ centered / max(len(codes) - 1, 1)
  values, vectors = jnp.linalg.eigh(covariance)
  # Those that are zero come out a little below it.
  return Gaussian(mean, vectors * jnp.sqrt(jnp.maximum(values, 0.0))[None])


def glo(
  shape: tuple[int, int, int],
  *,
  latent_size: Count = 64,
  width: Count = 64,
  gamma: NonNegative = 1.0,
  levels: Whole = 3,
  learning_rate: NonNegative = 1e-3,
  codes_learning_rate: NonNegative = 1e-2,
  halve_every: Count = 50,
) -> tuple[Generator, Trainer]:
  """A generator that is trained together with the code of each image.

  See Bojanowski et al. 2018, and COLA, algorithm 1, of which this is the part
  without clusters. The loss of an image is `laplacian_loss` of it and what the
  generator makes of its code. Codes are put back on the unit sphere after each
  epoch, and the prior is a Gaussian fitted to them, whose draws are put there
  too.

  Each code has an Adam of its own, with its own count of steps: a step moves
  the codes of its batch, and does nothing to the others, nor to their moments.
  (One Adam of the whole table, as where it is a parameter like others, would
  go on moving all codes by old gradients, and read all of it at each step.)

  Args:
    shape: `(H, W, C)` of the images, H and W divisible by 4.
    latent_size: D.
    width: of the network; see `lasium_jax.nets.infogan`.
    gamma: weight of the pyramid in the loss.
    levels: of the pyramid.
    learning_rate: of the generator's Adam.
    codes_learning_rate: of the codes' Adams.
    halve_every: after so many epochs both rates are halved, again and again.

  Returns:
    The generator, and its trainer, whose batches must have distinct rows of
    the training set. A row that is not of it, such as a made-up image's, makes
    the loss NaN, so that nothing can train on it unnoticed.

  Raises:
    ValueError: if H or W is not divisible by 4.

  Example:
    >>> generator, trainer = lx.generators.glo((8, 8, 1), width=4, levels=2)
    >>> data = lx.TrainingSet(jnp.zeros((2, 8, 8, 1), jnp.uint8))
    >>> params = trainer.params(trainer.init(jax.random.key(0), data))
    >>> z = generator.sample(jax.random.key(1), params, 5)
    >>> z.shape, jax.jit(generator.decode)(params, z).shape
    ((5, 64), (5, 8, 8, 1))
  """
  check_quarters('GLO', shape)
  net = Decoder(shape, width, normalize=False, slope=0.2)
  # The rates follow the epoch, and are multiplied in by the update.
  adam = optax.scale_by_adam(b1=0.5, b2=0.999)

  def decode(params: Params, z: Array) -> Array:
    logits: Any = net.apply({'params': params['params']}, z)
    return jax.nn.sigmoid(logits)

  def init(key: Array, data: TrainingSet) -> State:
    weights_key, codes_key = jax.random.split(key)
    size = (len(data.images), latent_size)
    codes = on_sphere(jax.random.normal(codes_key, size))
    variables = jax.jit(net.init)(weights_key, codes[:1])
    opt_state = adam.init(variables)
    return State(variables, opt_state, codes, jax.vmap(adam.init)(codes))

  def loss_fn(variables: Params, codes: Array, x: Array) -> Array:
    images = decode(variables, codes)
    return laplacian_loss(images, x, gamma=gamma, levels=levels).mean()

  def update(key: Array, state: State, batch: Batch) -> tuple[State, Metrics]:
    del key
    decay = 0.5 ** (batch.epoch // halve_every)
    codes, codes_opt = _rows((state.codes, state.codes_opt), batch.rows)
    loss, gradients = jax.value_and_grad(loss_fn, argnums=(0, 1))(
      state.variables, codes, batch.x
    )
    steps, opt_state = adam.update(gradients[0], state.opt_state)
    variables = _descended(state.variables, steps, decay * learning_rate)
    steps, codes_opt = jax.vmap(adam.update)(gradients[1], codes_opt)
    codes = _descended(codes, steps, decay * codes_learning_rate)
    codes, codes_opt = _with_rows(
      (state.codes, state.codes_opt), batch.rows, (codes, codes_opt)
    )
    return State(variables, opt_state, codes, codes_opt), {'loss': loss}

  def end_epoch(key: Array, state: State, data: TrainingSet) -> State:
    del key, data
    return state._replace(codes=_projected(state.codes))

  def params(state: State) -> Params:
    return {**state.variables, 'prior': fitted(state.codes)._asdict()}

  def sample(key: Array, params: Params, n: int) -> Array:
    prior = Gaussian(**params['prior'])
    noise = jax.random.normal(key, (n, latent_size))
    return on_sphere(prior.mean[None] + noise @ prior.root.T)

  return Generator(decode, sample), Trainer(init, (update,), params, end_epoch)


_projected = jax.jit(on_sphere)


def _descended(tree: Any, steps: Any, rate: Array) -> Any:
  return jax.tree.map(lambda leaf, step: leaf - rate * step, tree, steps)


def _rows(table: Any, rows: Array) -> Any:
  """Rows of every leaf; NaN, or the least integer, where there is no such."""
  return jax.tree.map(
    lambda leaf: leaf.at[rows].get(mode='fill', wrap_negative_indices=False),
    table,
  )


def _with_rows(table: Any, rows: Array, values: Any) -> Any:
  """The table with some rows replaced, and nothing where there is no such."""
  return jax.tree.map(
    lambda leaf, value: leaf.at[rows].set(
      value, mode='drop', wrap_negative_indices=False
    ),
    table,
    values,
  )
