"""The variational autoencoder of LASIUM (Kingma and Welling; section 4.2)."""

import functools
from collections.abc import Sequence
from typing import Literal

import jax.numpy as jnp
import optax

from lasium_jax.generators.elbo import bernoulli_vae
from lasium_jax.nets.vae import VAE, Decoder, Encoder
from lasium_jax.settings import Count, NonNegative, Whole
from lasium_jax.types import Generator, Trainer

KLWeighting = Literal['sum', 'mean']


def default_filters(height: int) -> tuple[int, ...]:
  """The paper's blocks: four of 64 for Omniglot's 28x28 images.

  For 84x84 it has one block more and more channels, without saying how many.
  """
  return (64,) * 4 if height <= 32 else (128,) * 5


def vae(
  shape: tuple[int, int, int],
  *,
  latent_size: Count = 20,
  filters: Sequence[Count] | None = None,
  halvings: Whole = 2,
  kl_weighting: KLWeighting = 'sum',
  learning_rate: NonNegative = 1e-3,
) -> tuple[Generator, Trainer]:
  """A convolutional VAE with a Bernoulli likelihood.

  The loss of an image is the binary cross-entropy summed over pixels plus
  the KL term, which is summed over latent dimensions ('sum', the paper's
  ELBO) or averaged over them ('mean', as in the released code, which makes it
  `latent_size` times weaker).

  Args:
    shape: `(H, W, C)` of the images.
    latent_size: D.
    filters: channels of each block; the decoder mirrors them. None is
      `default_filters` of the image's height.
    halvings: how many of the encoder's first blocks halve the image (sides
      are rounded up), and of the decoder's double it. More make large images
      affordable: most of the work is in blocks at full size.
    kl_weighting: 'sum' or 'mean'.
    learning_rate: Adam's.

  Returns:
    The generator, whose `encode` gives the posterior mean and whose
    `sample_like` draws from the posterior; and its trainer.

  Raises:
    ValueError: if there are fewer blocks than halvings, or no blocks.

  Example:
    >>> generator, trainer = lx.generators.vae((8, 8, 1), filters=(4, 4))
    >>> data = lx.TrainingSet(jnp.zeros((2, 8, 8, 1), jnp.uint8))
    >>> params = trainer.params(trainer.init(jax.random.key(0), data))
    >>> z = generator.sample(jax.random.key(1), params, 5)
    >>> z.shape, jax.jit(generator.decode)(params, z).shape
    ((5, 20), (5, 8, 8, 1))
  """
  filters = tuple(default_filters(shape[0]) if filters is None else filters)
  if not 0 <= halvings <= len(filters) or not filters:
    raise ValueError(
      f'The VAE cannot halve an image {halvings} times with the blocks '
      f'{filters}: it needs as many blocks or more.'
    )
  strides = (2,) * halvings + (1,) * (len(filters) - halvings)
  net = VAE(
    Encoder(latent_size, filters, strides),
    Decoder(shape, tuple(reversed(filters)), strides),
  )
  reduce_kl = {'sum': jnp.sum, 'mean': jnp.mean}[kl_weighting]
  return bernoulli_vae(
    net,
    shape,
    latent_size=latent_size,
    weighted=functools.partial(reduce_kl, axis=-1),
    optimizer=optax.adam(learning_rate),
  )
