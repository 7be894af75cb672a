"""What every generator does."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from batch_of import BARS, training_set

from lasium_jax.generators import (
  acai,
  autoencoder,
  cgan_pd,
  cola,
  dagan,
  glo,
  interpolative,
  msgan,
  statistician,
  vae,
  variational,
  wgan_gp,
)

CLUSTERS = {'clusters': 2, 'latent_size': 1}
MODELS = {
  'vae': lambda shape: vae(shape, latent_size=3, filters=(8, 8)),
  'variational': lambda shape: variational(shape, latent_size=3, width=4),
  'msgan': lambda shape: msgan(shape, latent_size=3, filters=8),
  'autoencoder': lambda shape: autoencoder(shape, latent_size=3, width=2),
  'interpolative': lambda shape: interpolative(shape, latent_size=3, width=2),
  'glo': lambda shape: glo(shape, latent_size=3, width=2, levels=2),
  'acai': lambda shape: acai(shape, latent_size=3, width=2),
  'wgan_gp': lambda shape: wgan_gp(shape, latent_size=3, width=2),
  'statistician': lambda shape: statistician(
    shape, context_size=2, latent_size=1, width=2
  ),
  'dagan': lambda shape: dagan(
    shape, noise_size=3, filters=(2, 4), layers=1, critic_layers=1
  ),
  'cola': lambda shape: cola(shape, **CLUSTERS, width=2, levels=2),
  'cola_residual': lambda shape: cola(
    shape, **CLUSTERS, network='residual', width=1, levels=2
  ),
  'cola_conditional': lambda shape: cola(
    shape, **CLUSTERS, network='conditional', width=1, levels=2
  ),
  'cgan_pd': lambda shape: cgan_pd(shape, classes=2, latent_size=1, width=1),
}
RESIDUAL = {'cola_residual', 'cola_conditional', 'cgan_pd'}


def two_classes(shape):
  return training_set(shape, 4, np.array([0, 1, 0, 1]))


def latents(generator, key, params, shape, n):
  """From the prior, or like some images, or any."""
  if generator.sample is not None:
    return generator.sample(key, params, n)
  if generator.sample_like is not None:
    x = jax.random.uniform(key, (2, *shape))
    return generator.sample_like(key, params, x, n)
  return jax.random.normal(key, (n, 3))


@pytest.mark.parametrize('name', MODELS)
@pytest.mark.parametrize('shape', [BARS, (84, 84, 3)])
def test_shapes_and_ranges(key, name, shape):
  if name in RESIDUAL and shape != BARS:
    shape = (40, 48, 3)  # Their sides are divisible by 8.
  generator, trainer = MODELS[name](shape)
  x = jnp.zeros((2, *shape))
  params = trainer.params(trainer.init(key, two_classes(shape)))
  z = latents(generator, key, params, shape, 5)
  images = generator.decode(params, z)
  size = 3 + math.prod(shape) * (name == 'dagan')  # A seed is in its latents.
  assert z.shape == (5, size) and images.shape == (5, *shape)
  assert (images >= 0).all() and (images <= 1).all()
  if generator.encode is not None:
    assert generator.encode(params, x).shape == (2, 3)


@pytest.mark.parametrize('name', MODELS)
def test_one_image_does_not_see_another(key, name):
  """A generator decodes by running averages, not by the batch at hand."""
  generator, trainer = MODELS[name](BARS)
  params = trainer.params(trainer.init(key, two_classes(BARS)))
  z = latents(generator, key, params, BARS, 4)
  alone = generator.decode(params, z[:1])
  np.testing.assert_allclose(alone, generator.decode(params, z)[:1], atol=1e-6)
