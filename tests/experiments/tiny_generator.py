"""Generators that compile in no time, and pictures for them."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image

from lasium_jax import models
from lasium_jax.generators import inversion
from lasium_jax.models.build import make_generator
from lasium_jax.types import TrainingSet

SIDE = 8
ARCHITECTURES = {
  'interpolative': {'latent_size': 3, 'width': 2},
  'vae': {'latent_size': 3, 'filters': [2, 2]},
  'msgan': {'latent_size': 2, 'filters': 2},
  'wgan_gp': {'latent_size': 2, 'width': 2},
}


@functools.cache
def make_model(name='interpolative', channels=1, invert=True):
  """A generator with the weights that training begins with."""
  architecture = {'name': name, **ARCHITECTURES[name]}
  shape = (SIDE, SIDE, channels)
  _, trainer = make_generator(architecture, shape)
  data = TrainingSet(jnp.zeros((2, *shape), jnp.uint8))
  params = trainer.params(trainer.init(jax.random.key(0), data))
  image = {'height': SIDE, 'width': SIDE}
  card = {
    'kind': 'generator',
    'architecture': architecture,
    'image': {**image, 'channels': channels, 'invert': invert},
    'training': {'run': 'tests'},
    'accuracy': [],
  }
  return models.Model(card, jax.device_get(params))


@functools.cache
def make_inverted():
  """A GAN and an encoder to invert it, before the training of either."""
  card, params = make_model('msgan')
  shape = models.image_shape(card)
  plain = models.generator(card)
  _, trainer = inversion(plain, params, shape, width=2)
  data = TrainingSet(jnp.zeros((2, *shape), jnp.uint8))
  params = trainer.params(trainer.init(jax.random.key(1), data))
  architecture = card['architecture'] | {'inversion': {'width': 2}}
  card = card | {'architecture': architecture}
  return models.Model(card, jax.device_get(params))


def pixels(seed, side=SIDE, channels=1):
  """A random picture, `[H, W]` if it is gray."""
  shape = (side, side) if channels == 1 else (side, side, channels)
  return np.random.default_rng(seed).integers(256, size=shape, dtype=np.uint8)


def draw(folder, count, **options):
  """Writes pictures into a folder."""
  folder.mkdir(parents=True, exist_ok=True)
  for seed in range(count):
    Image.fromarray(pixels(seed, **options)).save(folder / f'{seed}.png')
  return folder


def seen_by_the_model(images, invert=True):
  """Bytes that look as they do, to what the model takes."""
  x = np.asarray(images, np.float32).reshape(-1, SIDE, SIDE, 1) / 255
  return 1 - x if invert else x
