"""From images back to codes, for generators without an encoder.

See Interpolative Autoencoders, Figures 1 and 2: a network that inverts the
generator, then a search for the code from where that begins (Bau et al. 2019).
"""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from lasium_jax.descent import adam, descent
from lasium_jax.generators.objectives import DISTANCES, Norm
from lasium_jax.generators.shapes import check_networks
from lasium_jax.nets.autoencoder import ENCODERS, Name
from lasium_jax.settings import Count, NonNegative, Whole
from lasium_jax.types import (
  Array,
  Batch,
  Generator,
  Metrics,
  Params,
  State,
  Trainer,
)


def inversion(
  generator: Generator,
  params: Params,
  shape: tuple[int, int, int],
  *,
  network: Name = 'infogan',
  width: Count = 64,
  learning_rate: NonNegative = 1e-4,
  decay_steps: Whole = 0,
) -> tuple[Generator, Trainer]:
  """An encoder for a generator that is there already.

  It learns from what the generator makes of latents z of its prior: the squared
  difference of `E(G(z))` and z, averaged over dimensions. The generator stays
  as it is. Of a batch no more is used than how many images it has.

  Args:
    generator: with a prior.
    params: the generator's. A copy of them is in the trainer's state. Where
      nothing is trained, their shapes are enough.
    shape: `(H, W, C)` of its images.
    network: as in `lasium_jax.generators.autoencoder`, of the encoder.
    width: likewise.
    learning_rate: Adam's.
    decay_steps: as in `lasium_jax.generators.autoencoder`.

  Returns:
    The generator with `encode`, whose parameters are `generator` and `encoder`,
    in a dict; and the trainer that makes them.

  Raises:
    ValueError: if the generator has no prior, or the network has no layers for
      such a shape.

  Example:
    >>> plain, trainer = lx.generators.msgan((8, 8, 1), filters=4)
    >>> data = lx.TrainingSet(jnp.zeros((2, 8, 8, 1), jnp.uint8))
    >>> params = trainer.params(trainer.init(jax.random.key(0), data))
    >>> generator, trainer = lx.generators.inversion(
    ...   plain, params, (8, 8, 1), width=4
    ... )
    >>> params = trainer.params(trainer.init(jax.random.key(1), data))
    >>> jax.jit(generator.encode)(params, jnp.zeros((2, 8, 8, 1))).shape
    (2, 128)
  """
  if generator.sample is None:
    raise ValueError(
      'This generator has no prior, so that there are no latents whose images '
      'an encoder could learn to invert.'
    )
  draw = generator.sample
  check_networks('The inversion', network, shape)
  z = jax.eval_shape(
    lambda key, params: draw(key, params, 1), jax.random.key(0), params
  )
  net = ENCODERS[network](z.shape[1], width)

  def init(key: Array) -> Params:
    variables: Any = jax.jit(net.init)(key, jnp.zeros((1, *shape)))
    # The state is donated, and the generator may be in use elsewhere.
    return {**variables, 'generator': jax.tree.map(jnp.copy, params)}

  def loss_fn(
    weights: Params, others: Params, key: Array, batch: Batch
  ) -> tuple[Array, tuple[Params, Metrics]]:
    frozen = others['generator']
    z = draw(key, frozen, len(batch.x))
    codes, averages = net.apply(
      {'params': weights, 'batch_stats': others['batch_stats']},
      generator.decode(frozen, z),
      train=True,
      mutable=['batch_stats'],
    )
    loss = jnp.square(codes - z).mean()
    return loss, ({**others, **averages}, {'loss': loss})

  def encode(params: Params, x: Array) -> Array:
    codes: Any = net.apply(params['encoder'], x)
    return codes

  optimizer = adam(learning_rate=learning_rate, decay_steps=decay_steps)
  trainer = descent(init, loss_fn, optimizer)

  def split(state: State) -> Params:
    encoder = dict(trainer.params(state))
    return {'generator': encoder.pop('generator'), 'encoder': encoder}

  inverted = _of_part(generator, 'generator')._replace(encode=encode)
  return inverted, trainer._replace(params=split)


def _of_part(generator: Generator, name: str) -> Generator:
  """A generator whose parameters are a part of others, by name."""
  decode, sample = generator.decode, generator.sample
  sample_class, sample_like = generator.sample_class, generator.sample_like
  return Generator(
    lambda params, z: decode(params[name], z),
    sample and (lambda key, params, n: sample(key, params[name], n)),
    sample_class=sample_class
    and (lambda key, params, y: sample_class(key, params[name], y)),
    sample_like=sample_like
    and (lambda key, params, x, n: sample_like(key, params[name], x, n)),
  )


def find_codes(
  generator: Generator,
  params: Params,
  images: Array,
  start: Array,
  *,
  steps: Count,
  learning_rate: NonNegative = 0.1,
  norm: Norm = 'l1',
) -> Array:
  """Searches for the codes of images, by gradients of the error of pixels.

  Each image's code is found by itself, by an Adam of its own whose rate falls
  to 0 along a cosine. What is found is how well the generator can represent an
  image at all, as far as one search tells.

  Args:
    generator: any.
    params: the generator's.
    images: `[n, H, W, C]` in [0, 1].
    start: `[n, D]`, where the search begins: what an encoder says of the images
      (`inversion`), or draws from the prior.
    steps: of the search.
    learning_rate: at its beginning.
    norm: of the error, 'l1' or 'l2'.

  Returns:
    `[n, D]`.

  Example:
    >>> generator = lx.Generator(decode=lambda params, z: z[:, None, None])
    >>> x, z = jnp.full((2, 1, 1, 1), 0.25), jnp.zeros((2, 1))
    >>> codes = lx.generators.find_codes(generator, (), x, z, steps=100)
    >>> [f'{code:.2f}' for code in codes[:, 0]]
    ['0.25', '0.25']
  """
  optimizer = adam(learning_rate=learning_rate, decay_steps=steps)

  def loss_fn(z: Array) -> Array:
    errors = DISTANCES[norm](generator.decode(params, z) - images)
    # A sum over images, so that none has a part in another's gradient.
    return errors.mean((1, 2, 3)).sum()

  def step(
    search: tuple[Array, optax.OptState], _: None
  ) -> tuple[tuple[Array, optax.OptState], None]:
    z, opt_state = search
    changes, opt_state = optimizer.update(jax.grad(loss_fn)(z), opt_state)
    return (optax.apply_updates(z, changes), opt_state), None

  (codes, _), _ = jax.lax.scan(
    step, (start, optimizer.init(start)), length=steps
  )
  return codes
