"""Generative models: a `Generator`, and a `Trainer` that fits it."""

from lasium_jax.generators.autoencoder import autoencoder
from lasium_jax.generators.glo import glo
from lasium_jax.generators.interpolative import interpolative
from lasium_jax.generators.msgan import msgan
from lasium_jax.generators.vae import vae

__all__ = ['autoencoder', 'glo', 'interpolative', 'msgan', 'vae']
