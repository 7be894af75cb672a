"""The networks of the Neural Statistician (Edwards and Storkey 2017).

They are those of its experiments with Omniglot, in the public code of Conor
Durkan. Each Gaussian is its mean and its log-variance.
"""

import functools

import flax.linen as nn
import jax.numpy as jnp

from lasium_jax.nets.layers import Conv, ConvTranspose
from lasium_jax.nets.norm import BatchNorm
from lasium_jax.types import Array

_xavier = nn.initializers.variance_scaling(1.0, 'fan_avg', 'normal')
_dense = functools.partial(nn.Dense, kernel_init=_xavier)
# What a normalization follows needs no bias: it has one.
_bare = functools.partial(_dense, use_bias=False)
_conv = functools.partial(
  Conv, kernel_size=(3, 3), use_bias=False, kernel_init=_xavier
)


def _activated(x: Array, train: bool) -> Array:
  """Normalized, and rectified exponentially; made inside the caller."""
  return nn.elu(BatchNorm(train)(x))


def _gaussian(x: Array, size: int, train: bool) -> tuple[Array, Array]:
  """Mean and log-variance `[..., size]`, normalized as if of one channel."""
  moments = _dense(2 * size)(x)
  moments = BatchNorm(train)(moments[..., None])[..., 0]
  mean, log_variance = jnp.split(moments, 2, axis=-1)
  return mean, log_variance


class Encoder(nn.Module):
  """What all others see of an image: three stages, each of half the size.

  Attributes:
    width: channels of the first stage; the others have twice and four times
      as many.
  """

  width: int = 64

  @nn.compact
  def __call__(self, x: Array, train: bool = False) -> Array:
    """Returns features `[n, F]` of images `x [n, H, W, C]`."""
    for channels in (self.width, 2 * self.width, 4 * self.width):
      for stride in (1, 1, 2):
        x = _activated(_conv(channels, strides=stride)(x), train)
    return x.reshape(len(x), -1)


class Statistic(nn.Module):
  """q(c|D): what the images of a set have in common.

  Attributes:
    context_size: of c.
    hidden: size of the hidden layers.
  """

  context_size: int
  hidden: int

  @nn.compact
  def __call__(
    self, features: Array, train: bool = False
  ) -> tuple[Array, Array]:
    """Returns the Gaussian of `c [m, c]` of sets `features [m, s, F]`."""
    x = _activated(_bare(self.hidden)(features), train).mean(axis=1)
    for _ in range(2):
      x = _activated(_bare(self.hidden)(x), train)
    return _gaussian(x, self.context_size, train)


class Latent(nn.Module):
  """The Gaussian of an image's own latent, by what is known of the image.

  q(z|x, c) is told features and context, and p(z|c) the context alone.

  Attributes:
    latent_size: of z.
    hidden: size of the hidden layers.
  """

  latent_size: int
  hidden: int

  @nn.compact
  def __call__(self, *known: Array, train: bool = False) -> tuple[Array, Array]:
    """Returns the Gaussian of `z [n, z]` of arrays `[n, ...]`."""
    shortcut = _sum_of(known, self.hidden)
    x = shortcut
    for _ in range(2):
      x = _activated(_bare(self.hidden)(x), train)
    x = BatchNorm(train)(_bare(self.hidden)(x))
    return _gaussian(nn.elu(shortcut + x), self.latent_size, train)


class Decoder(nn.Module):
  """p(x|z, c): three stages, each of twice the size, cropped to the image.

  Attributes:
    shape: `(H, W, C)` of the image.
    width: channels of the last stage; those before have twice and four times
      as many.
  """

  shape: tuple[int, int, int]
  width: int = 64

  @nn.compact
  def __call__(self, z: Array, context: Array, train: bool = False) -> Array:
    """Returns logits `[n, H, W, C]` of `z [n, z]` and `context [n, c]`."""
    height, width = (-(-side // 8) for side in self.shape[:2])
    x = _sum_of((z, context), 4 * self.width)
    x = nn.elu(_dense(height * width * 4 * self.width)(x))
    x = x.reshape(-1, height, width, 4 * self.width)
    paddings = ([1, 1], [1, 1], self._last_padding())
    for factor, padding in zip((4, 2, 1), paddings, strict=True):
      channels = factor * self.width
      x = _activated(_conv(channels)(x), train)
      x = _activated(_conv(channels, padding=padding)(x), train)
      x = ConvTranspose(channels, (2, 2), strides=2, kernel_init=_xavier)(x)
      x = _activated(x, train)
    return _dense(self.shape[2])(x[:, : self.shape[0], : self.shape[1]])

  def _last_padding(self) -> list[int]:
    """Of the last stage: none along a side whose eighth was rounded up by half.

    A side of 28 has 4, 8 and 16 pixels, and 14 after a convolution without
    padding, which takes 4 of the 32 that are made.
    """
    return [int(-side % 8 < 4) for side in self.shape[:2]]


def _sum_of(known: tuple[Array, ...], size: int) -> Array:
  """Rectified sum of a dense layer of each; made inside the caller."""
  layers = [_dense(size)(x) for x in known]
  return nn.elu(sum(layers, start=jnp.zeros((), layers[0].dtype)))


class Statistician(nn.Module):
  """All networks under one set of variables."""

  encoder: Encoder
  statistic: Statistic
  posterior: Latent
  prior: Latent
  decoder: Decoder

  def encode(self, x: Array, train: bool = False) -> Array:
    return self.encoder(x, train)

  def summarize(
    self, features: Array, train: bool = False
  ) -> tuple[Array, Array]:
    return self.statistic(features, train)

  def infer(
    self, features: Array, context: Array, train: bool = False
  ) -> tuple[Array, Array]:
    return self.posterior(features, context, train=train)

  def expect(self, context: Array, train: bool = False) -> tuple[Array, Array]:
    return self.prior(context, train=train)

  def decode(self, z: Array, context: Array, train: bool = False) -> Array:
    return self.decoder(z, context, train)

  def __call__(self, x: Array) -> Array:
    features = self.encode(x)
    context, _ = self.summarize(features[None])
    self.expect(context)
    z, _ = self.infer(features[:1], context)
    return self.decode(z, context)
