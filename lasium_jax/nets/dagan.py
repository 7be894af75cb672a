"""Generator and critic of data augmentation GANs (Antoniou et al. 2017).

Their plan is that of the authors' code, without its skips across two layers.
"""

import functools
from collections.abc import Callable, Sequence

import flax.linen as nn
import jax.numpy as jnp

from lasium_jax.nets.layers import Conv
from lasium_jax.nets.norm import BatchNorm
from lasium_jax.ops.conv_shifts import conv_by_shifts
from lasium_jax.types import Array

_SLOPE = 0.2
# Noise becomes so many more channels of the decoder's first levels.
_NOISE_CHANNELS = (8, 4, 2)
_leaky_relu = functools.partial(nn.leaky_relu, negative_slope=_SLOPE)
# What a normalization follows needs no bias: it has one.
_conv = functools.partial(Conv, kernel_size=(3, 3), use_bias=False)

# Makes a normalization with the rectifier behind it.
Norm = Callable[[], Callable[[Array], Array]]


class LayerNorm(nn.Module):
  """Each image is normalized by itself, and rectified."""

  @nn.compact
  def __call__(self, x: Array) -> Array:
    return _leaky_relu(nn.LayerNorm(reduction_axes=(1, 2, 3))(x))


def _densely(x: Array, filters: int, layers: int, norm: Norm) -> Array:
  """Layers of which each sees x and what all before made of it.

  They are made inside the caller.

  Args:
    x: `[n, H, W, C]`.
    filters: channels that each layer adds.
    layers: how many.
    norm: behind each.

  Returns:
    `[n, H, W, C + layers * filters]`.
  """
  for _ in range(layers):
    x = jnp.concatenate([x, norm()(_conv(filters)(x))], axis=-1)
  return x


class Encoder(nn.Module):
  """Levels of half the size each, rounded up.

  Attributes:
    filters: channels of each level.
    layers: densely connected ones before each level but the first.
    dropout: share of a level's values that are dropped in training, but for
      the first.
    norm: behind each layer.
  """

  filters: Sequence[int]
  layers: int
  dropout: float
  norm: Norm

  @nn.compact
  def __call__(self, x: Array, train: bool = False) -> list[Array]:
    """Returns what each level makes of `x [n, H, W, C]`."""
    levels: list[Array] = []
    for filters in self.filters:
      if levels:
        x = _densely(x, filters, self.layers, self.norm)
      x = self.norm()(_conv(filters, strides=2)(x))
      if levels:
        x = nn.Dropout(self.dropout)(x, deterministic=not train)
      levels.append(x)
    return levels


class Generator(nn.Module):
  """A U-shaped network from a seed and noise to another image of its class.

  Attributes:
    shape: `(H, W, C)` of the images.
    filters: channels of each level.
    layers: densely connected ones of a level.
    dropout: as in `Encoder`.
  """

  shape: tuple[int, int, int]
  filters: Sequence[int] = (64, 64, 128, 128)
  layers: int = 3
  dropout: float = 0.5

  @nn.compact
  def __call__(self, seeds: Array, noise: Array, train: bool = False) -> Array:
    """Returns logits like `seeds [n, H, W, C]`, for `noise [n, D]`."""
    norm = functools.partial(BatchNorm, train, _SLOPE)
    encoder = Encoder(self.filters, self.layers, self.dropout, norm)
    *skips, x = encoder(seeds, train)
    for i, filters in enumerate(reversed(self.filters)):
      if i < len(_NOISE_CHANNELS):
        x = _with_noise(x, noise, _NOISE_CHANNELS[i])
      x = _densely(x, filters, self.layers, norm)
      skip = skips.pop() if skips else None
      height, width = self.shape[:2] if skip is None else skip.shape[1:3]
      x = x.repeat(2, axis=1).repeat(2, axis=2)[:, :height, :width]
      x = norm()(_conv(filters)(x))
      if skip is not None:
        x = jnp.concatenate([x, skip], axis=-1)
    for _ in range(2):
      x = norm()(_conv(self.filters[0])(x))
    # Few output channels would starve the matrix unit.
    output = nn.Conv(self.shape[2], (3, 3), conv_general_dilated=conv_by_shifts)
    return output(x)


def _with_noise(x: Array, noise: Array, channels: int) -> Array:
  """More channels, that are linear in the noise; made inside the caller."""
  height, width = x.shape[1:3]
  more = nn.Dense(height * width * channels)(noise)
  more = more.reshape(-1, height, width, channels)
  return jnp.concatenate([x, more], axis=-1)


class Critic(nn.Module):
  """Scores of images beside their seeds, each pair by itself.

  Attributes:
    filters: channels of each level.
    layers: densely connected ones of a level.
    dropout: as in `Encoder`.
  """

  filters: Sequence[int] = (64, 64, 128, 128)
  layers: int = 5
  dropout: float = 0.5

  @nn.compact
  def __call__(self, seeds: Array, x: Array, train: bool = False) -> Array:
    """Returns `[n]` for `seeds [n, H, W, C]` and images `x` likewise."""
    encoder = Encoder(self.filters, self.layers, self.dropout, LayerNorm)
    last = encoder(jnp.concatenate([seeds, x], axis=-1), train)[-1]
    pooled = nn.Dense(8 * self.filters[-1])(last.mean(axis=(1, 2)))
    flat = last.reshape(len(last), -1)
    both = jnp.concatenate([_leaky_relu(pooled), flat], axis=-1)
    return nn.Dense(1)(both)[:, 0]
