"""Encoder and decoder under one set of variables, and the pairs there are."""

from collections.abc import Callable
from typing import Literal

import flax.linen as nn
import jax.numpy as jnp

from lasium_jax.nets import convolutional, infogan
from lasium_jax.types import Array

Name = Literal['infogan', 'convolutional']
Encoder = infogan.Encoder | convolutional.Encoder
Decoder = infogan.Generator | convolutional.Decoder
# From the latent size and the width; from the image's shape and the width.
ENCODERS: dict[Name, Callable[[int, int], Encoder]] = {
  'infogan': infogan.Encoder,
  'convolutional': convolutional.Encoder,
}
DECODERS: dict[Name, Callable[[tuple[int, int, int], int], Decoder]] = {
  'infogan': infogan.Generator,
  'convolutional': convolutional.Decoder,
}


class Autoencoder(nn.Module):
  """Encoder and decoder under one set of variables."""

  encoder: Encoder
  decoder: Decoder

  def encode(self, x: Array, train: bool = False) -> Array:
    return self.encoder(x, train)

  def decode(self, z: Array, train: bool = False) -> Array:
    return self.decoder(z, train)

  def perceive(self, x: Array, train: bool = False) -> tuple[Array, ...]:
    """The encoder's hidden activations of images, in order."""
    return self.encoder.layers(x, train)[:-1]

  def __call__(self, x: Array, train: bool = False) -> Array:
    return self.decode(self.encode(x, train), train)


class VariationalAutoencoder(nn.Module):
  """Such a pair, where the encoder has two outputs a latent dimension."""

  encoder: Encoder
  decoder: Decoder

  def encode(self, x: Array, train: bool = False) -> tuple[Array, Array]:
    """Mean and log-variance of q(z|x)."""
    mean, log_variance = jnp.split(self.encoder(x, train), 2, axis=-1)
    return mean, log_variance

  def decode(self, z: Array, train: bool = False) -> Array:
    return self.decoder(z, train)

  def __call__(self, x: Array) -> Array:
    mean, _ = self.encode(x)
    return self.decode(mean)
