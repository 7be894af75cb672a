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
# Those of sides that 4 divides.
QUARTERS = {'glo', 'msgan', 'cola'}


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


def made(name, shape):
  """A generator, and what it makes of a key: all in one program."""
  generator, trainer = MODELS[name](shape)

  def run(key):
    params = trainer.params(trainer.init(key, two_classes(shape)))
    z = latents(generator, key, params, shape, 5)
    images = generator.decode(params, z)
    alone = generator.decode(params, z[:1])
    codes = None
    if generator.encode is not None:
      codes = generator.encode(params, jnp.zeros((2, *shape)))
    return z, images, alone, codes

  return generator, run


def check_shapes(name, shape, generator, made):
  z, images, alone, codes = made
  size = 3 + math.prod(shape) * (name == 'dagan')  # A seed is in its latents.
  assert z.shape == (5, size) and images.shape == (5, *shape)
  assert alone.shape == (1, *shape)
  if generator.encode is not None:
    assert codes.shape == (2, 3)


@pytest.mark.parametrize('name', MODELS)
def test_shapes_and_ranges(key, name):
  """And one image does not see another.

  A generator decodes by running averages, not by the batch at hand.
  """
  generator, run = made(name, BARS)
  found = jax.jit(run)(key)
  check_shapes(name, BARS, generator, found)
  _, images, alone, _ = found
  assert (images >= 0).all() and (images <= 1).all()
  np.testing.assert_allclose(alone, images[:1], atol=1e-6)


@pytest.mark.parametrize('name', MODELS)
def test_shapes_of_large_images(key, name):
  """Traced only, for it is the compiling that takes long."""
  # The sides of some are divisible by 8.
  shape = (40, 48, 3) if name in RESIDUAL else (84, 84, 3)
  generator, run = made(name, shape)
  check_shapes(name, shape, generator, jax.eval_shape(run, key))


@pytest.mark.parametrize('name', sorted({*MODELS} - RESIDUAL - QUARTERS))
@pytest.mark.parametrize('shape', [(50, 50, 1), (27, 30, 2)])
def test_shapes_of_sides_that_nothing_divides(key, name, shape):
  generator, run = made(name, shape)
  check_shapes(name, shape, generator, jax.eval_shape(run, key))


@pytest.mark.parametrize('name', sorted(QUARTERS))
def test_others_refuse_them(name):
  with pytest.raises(ValueError, match=r'divisible by 4, not \(50, 50, 1\)'):
    MODELS[name]((50, 50, 1))
