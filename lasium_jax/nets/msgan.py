"""Generator and discriminator of LASIUM's mode-seeking GAN."""

import functools

import flax.linen as nn

from lasium_jax.nets.layers import Conv, ConvTranspose
from lasium_jax.ops.conv_shifts import conv_by_shifts
from lasium_jax.types import Array

_leaky_relu = functools.partial(nn.leaky_relu, negative_slope=0.2)


class Generator(nn.Module):
  """Latents to images: a dense layer and two upsampling blocks (section 4.2).

  Attributes:
    shape: `(H, W, C)` of the image, H and W divisible by 4.
    filters: channels of the hidden layers.
  """

  shape: tuple[int, int, int]
  filters: int = 128

  @nn.compact
  def __call__(self, z: Array) -> Array:
    """Returns `[n, H, W, C]` in (0, 1)."""
    height, width, channels = self.shape
    x = nn.Dense(height // 4 * (width // 4) * self.filters)(z)
    x = _leaky_relu(x)
    x = x.reshape(-1, height // 4, width // 4, self.filters)
    for _ in range(2):
      x = ConvTranspose(self.filters, (4, 4), strides=2)(x)
      x = _leaky_relu(x)
    # Few output channels would starve the matrix unit.
    output = nn.Conv(channels, (7, 7), conv_general_dilated=conv_by_shifts)
    return nn.sigmoid(output(x))


class Discriminator(nn.Module):
  """Images to one logit each: real or generated."""

  filters: tuple[int, ...] = (64, 128, 128)

  @nn.compact
  def __call__(self, x: Array) -> Array:
    for filters in self.filters:
      x = _leaky_relu(Conv(filters, (3, 3), strides=2)(x))
    return nn.Dense(1)(x.max(axis=(1, 2)))[:, 0]
