"""Generative models: a `Generator`, and a `Trainer` that fits it."""

from lasium_jax.generators.acai import acai
from lasium_jax.generators.autoencoder import autoencoder
from lasium_jax.generators.cgan_pd import cgan_pd
from lasium_jax.generators.cola import cola
from lasium_jax.generators.dagan import dagan
from lasium_jax.generators.gaussians import fitted_mixture
from lasium_jax.generators.glo import glo, with_mixture
from lasium_jax.generators.interpolative import interpolative
from lasium_jax.generators.inversion import find_codes, inversion
from lasium_jax.generators.msgan import msgan
from lasium_jax.generators.statistician import statistician
from lasium_jax.generators.vae import vae
from lasium_jax.generators.variational import variational
from lasium_jax.generators.wgan_gp import wgan_gp

__all__ = [
  'acai',
  'autoencoder',
  'cgan_pd',
  'cola',
  'dagan',
  'find_codes',
  'fitted_mixture',
  'glo',
  'interpolative',
  'inversion',
  'msgan',
  'statistician',
  'vae',
  'variational',
  'wgan_gp',
  'with_mixture',
]
