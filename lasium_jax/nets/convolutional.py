"""Fully convolutional encoder and decoder, for squares of 2^m pixels a side.

Interpolative Autoencoders (sections 5.2 and 5.3) has six layers for 128x128 and
five for 32x32, without saying which. Here convolutions of 4x4 with stride 2
make an image 4x4, and one over all of that, without padding, makes its code.
For 128x128 these are six. Images of 32x32 and less have one of 3x3 with stride
1 before them, so that there are five for 32x32. The decoder mirrors them.
"""

import flax.linen as nn

from lasium_jax.nets.infogan import SLOPE
from lasium_jax.nets.layers import Conv, ConvTranspose
from lasium_jax.nets.norm import BatchNorm
from lasium_jax.ops.conv_shifts import conv_by_shifts, conv_transpose_by_shifts
from lasium_jax.types import Array

# Up to this side the first layer is at full size.
_LARGEST_UNSTRIDED = 32
_SMALLEST = 4  # The side of what the last convolution sees.


def channels_of(side: int, width: int) -> tuple[int, ...]:
  """Channels of the encoder's hidden layers, doubled up to eight times.

  Args:
    side: of the image, a power of two from 16.
    width: channels of the first.

  Returns:
    One number for each layer; from 128x128 by a width of 64 it is (64, 128,
    256, 512, 512).
  """
  halvings = (side // _SMALLEST).bit_length() - 1
  count = halvings + (side <= _LARGEST_UNSTRIDED)
  return tuple(width * min(2**i, 8) for i in range(count))


class Encoder(nn.Module):
  """Convolutions down to one pixel.

  Attributes:
    latent_size: D.
    width: channels of the first layer; see `channels_of`.
  """

  latent_size: int
  width: int = 64

  def __call__(self, x: Array, train: bool = False) -> Array:
    """Returns latents `[n, D]` of images `x [n, H, H, C]`."""
    return self.layers(x, train)[-1]

  @nn.compact
  def layers(self, x: Array, train: bool = False) -> tuple[Array, ...]:
    """The hidden activations of images, in order, and last their latents."""
    first, *others = channels_of(x.shape[1], self.width)
    if x.shape[1] <= _LARGEST_UNSTRIDED:
      x = Conv(first, (3, 3))(x)
    else:
      x = Conv(first, (4, 4), strides=2)(x)
    hidden = [nn.leaky_relu(x, SLOPE)]
    for channels in others:
      # What a normalization follows needs no bias: it has one.
      x = Conv(channels, (4, 4), strides=2, use_bias=False)(hidden[-1])
      hidden.append(BatchNorm(train, SLOPE)(x))
    # A convolution over all pixels is a dense layer.
    codes = nn.Dense(self.latent_size)(hidden[-1].reshape(len(x), -1))
    return *hidden, codes


class Decoder(nn.Module):
  """Transposed convolutions from one pixel.

  Attributes:
    shape: `(H, H, C)` of the image, H a power of two from 16.
    width: channels of the last hidden layer; see `channels_of`.
  """

  shape: tuple[int, int, int]
  width: int = 64

  @nn.compact
  def __call__(self, z: Array, train: bool = False) -> Array:
    """Returns logits `[n, H, H, C]` of latents `z [n, D]`."""
    side, _, outputs = self.shape
    first, *others = reversed(channels_of(side, self.width))
    # From one pixel a transposed convolution is a dense layer.
    x = nn.Dense(_SMALLEST**2 * first, use_bias=False)(z)
    x = BatchNorm(train, slope=0.0)(x.reshape(-1, _SMALLEST, _SMALLEST, first))
    for channels in others:
      x = ConvTranspose(channels, (4, 4), strides=2)(x)
      x = BatchNorm(train, slope=0.0)(x)
    # Few output channels would starve the matrix unit.
    if side <= _LARGEST_UNSTRIDED:
      last = nn.Conv(outputs, (3, 3), conv_general_dilated=conv_by_shifts)
      return last(x)
    return ConvTranspose(
      outputs, (4, 4), strides=2, lowering=conv_transpose_by_shifts
    )(x)
