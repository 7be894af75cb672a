"""Generative models: a `Generator`, and a `Trainer` that fits it."""

from lasium_jax.generators.autoencoder import autoencoder
from lasium_jax.generators.dagan import dagan
from lasium_jax.generators.glo import glo
from lasium_jax.generators.interpolative import interpolative
from lasium_jax.generators.msgan import msgan
from lasium_jax.generators.statistician import statistician
from lasium_jax.generators.vae import vae

__all__ = [
  'autoencoder',
  'dagan',
  'glo',
  'interpolative',
  'msgan',
  'statistician',
  'vae',
]
