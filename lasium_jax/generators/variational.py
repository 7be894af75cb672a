"""The variational autoencoder beside interpolative ones."""

from lasium_jax.descent import adam
from lasium_jax.generators.elbo import bernoulli_vae
from lasium_jax.generators.shapes import check_networks
from lasium_jax.nets.autoencoder import (
  DECODERS,
  ENCODERS,
  Name,
  VariationalAutoencoder,
)
from lasium_jax.settings import Count, NonNegative, Whole
from lasium_jax.types import Generator, Trainer


def variational(
  shape: tuple[int, int, int],
  *,
  latent_size: Count = 64,
  network: Name = 'infogan',
  width: Count = 64,
  beta: NonNegative = 1.0,
  learning_rate: NonNegative = 1e-3,
  decay_steps: Whole = 0,
) -> tuple[Generator, Trainer]:
  """A variational autoencoder of the networks of `autoencoder`.

  See Interpolative Autoencoders, the model VAE of tables 1 and 2. The paper
  names neither the likelihood, which is Bernoulli's here, nor the weight of
  the KL divergence. The loss is that of `vae`, with the KL term summed over
  latent dimensions; the encoder's last layer has twice as many outputs as
  that of `autoencoder`.

  Args:
    shape: `(H, W, C)` of the images.
    latent_size: D.
    network: as in `autoencoder`.
    width: likewise.
    beta: weight of the KL divergence; 1 makes the loss a bound of the
      evidence.
    learning_rate: Adam's.
    decay_steps: as in `autoencoder`.

  Returns:
    As `vae`.

  Raises:
    ValueError: if the network has no layers for such a shape.

  Example:
    >>> generator, trainer = lx.generators.variational((8, 8, 1), width=4)
    >>> data = lx.TrainingSet(jnp.zeros((2, 8, 8, 1), jnp.uint8))
    >>> params = trainer.params(trainer.init(jax.random.key(0), data))
    >>> z = generator.sample(jax.random.key(1), params, 5)
    >>> z.shape, jax.jit(generator.decode)(params, z).shape
    ((5, 64), (5, 8, 8, 1))
  """
  check_networks('The variational autoencoder', network, shape)
  net = VariationalAutoencoder(
    ENCODERS[network](2 * latent_size, width), DECODERS[network](shape, width)
  )
  return bernoulli_vae(
    net,
    shape,
    latent_size=latent_size,
    weighted=lambda kl: beta * kl.sum(-1),
    optimizer=adam(learning_rate=learning_rate, decay_steps=decay_steps),
  )
