"""Encoder and decoder of LASIUM's variational autoencoders."""

import math
from collections.abc import Sequence

import flax.linen as nn
import jax.numpy as jnp

from lasium_jax.nets.layers import Conv, ConvTranspose, batch_norm
from lasium_jax.ops.conv_shifts import conv_by_shifts
from lasium_jax.types import Array


class Encoder(nn.Module):
  """Blocks of strided convolution, then the mean and log-variance of q(z|x).

  Attributes:
    latent_size: D.
    filters: channels of each block.
    strides: of each block; an Omniglot image becomes 7x7 by (2, 2, 1, 1).
      Sides that do not divide are rounded up.
  """

  latent_size: int
  filters: Sequence[int]
  strides: Sequence[int]

  @nn.compact
  def __call__(self, x: Array, train: bool = False) -> tuple[Array, Array]:
    for filters, stride in zip(self.filters, self.strides, strict=True):
      x = Conv(filters, (3, 3), strides=stride)(x)
      x = nn.relu(batch_norm(train)(x))
    x = x.reshape(len(x), -1)
    moments = nn.Dense(2 * self.latent_size)(x)
    mean, log_variance = jnp.split(moments, 2, axis=-1)
    return mean, log_variance


class Decoder(nn.Module):
  """A dense layer, blocks of transposed convolution, an output convolution.

  Attributes:
    shape: `(H, W, C)` of the image.
    filters: channels of each block.
    strides: of each block. The dense layer's output is the image's size
      divided by all of them, rounded up; what a block makes too much is cut
      off.
  """

  shape: tuple[int, int, int]
  filters: Sequence[int]
  strides: Sequence[int]

  @nn.compact
  def __call__(self, z: Array, train: bool = False) -> Array:
    """Returns logits `[n, H, W, C]`."""
    height, width = self._size_before(0)
    x = nn.Dense(height * width * self.filters[0])(z)
    x = nn.relu(x).reshape(-1, height, width, self.filters[0])
    for i, (filters, stride) in enumerate(
      zip(self.filters, self.strides, strict=True)
    ):
      # At stride 1 a transposed convolution is a convolution.
      block = ConvTranspose if stride > 1 else Conv
      height, width = self._size_before(i + 1)
      x = block(filters, (3, 3), strides=stride)(x)[:, :height, :width]
      x = nn.relu(batch_norm(train)(x))
    # Few output channels would starve the matrix unit.
    output = nn.Conv(self.shape[2], (3, 3), conv_general_dilated=conv_by_shifts)
    return output(x)

  def _size_before(self, block: int) -> tuple[int, int]:
    """Height and width of what block number `block` gets."""
    factor = math.prod(self.strides[block:])
    return -(-self.shape[0] // factor), -(-self.shape[1] // factor)


class VAE(nn.Module):
  """Encoder and decoder under one set of variables."""

  encoder: Encoder
  decoder: Decoder

  def encode(self, x: Array, train: bool = False) -> tuple[Array, Array]:
    return self.encoder(x, train)

  def decode(self, z: Array, train: bool = False) -> Array:
    return self.decoder(z, train)

  def __call__(self, x: Array) -> Array:
    mean, _ = self.encode(x)
    return self.decode(mean)
