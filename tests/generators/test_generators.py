"""What every generator does."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from batch_of import BARS, training_set

from lasium_jax.generators import (
  acai,
  autoencoder,
  glo,
  interpolative,
  msgan,
  vae,
  variational,
  wgan_gp,
)

MODELS = {
  'vae': lambda shape: vae(shape, latent_size=3, filters=(8, 8)),
  'variational': lambda shape: variational(shape, latent_size=3, width=4),
  'msgan': lambda shape: msgan(shape, latent_size=3, filters=8),
  'autoencoder': lambda shape: autoencoder(shape, latent_size=3, width=2),
  'interpolative': lambda shape: interpolative(shape, latent_size=3, width=2),
  'glo': lambda shape: glo(shape, latent_size=3, width=2, levels=2),
  'acai': lambda shape: acai(shape, latent_size=3, width=2),
  'wgan_gp': lambda shape: wgan_gp(shape, latent_size=3, width=2),
}


def latents(generator, key, params, n):
  """From the prior, or any, where there is none."""
  if generator.sample is None:
    return jax.random.normal(key, (n, 3))
  return generator.sample(key, params, n)


@pytest.mark.parametrize('name', MODELS)
@pytest.mark.parametrize('shape', [BARS, (84, 84, 3)])
def test_shapes_and_ranges(key, name, shape):
  generator, trainer = MODELS[name](shape)
  x = jnp.zeros((2, *shape))
  params = trainer.params(trainer.init(key, training_set(shape)))
  z = latents(generator, key, params, 5)
  images = generator.decode(params, z)
  assert z.shape == (5, 3) and images.shape == (5, *shape)
  assert (images >= 0).all() and (images <= 1).all()
  if generator.encode is not None:
    assert generator.encode(params, x).shape == (2, 3)


@pytest.mark.parametrize('name', MODELS)
def test_one_image_does_not_see_another(key, name):
  """A generator decodes by running averages, not by the batch at hand."""
  generator, trainer = MODELS[name](BARS)
  params = trainer.params(trainer.init(key, training_set(BARS)))
  z = latents(generator, key, params, 4)
  alone = generator.decode(params, z[:1])
  np.testing.assert_allclose(alone, generator.decode(params, z)[:1], atol=1e-6)
