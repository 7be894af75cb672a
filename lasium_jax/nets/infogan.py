"""Encoder and generator in the manner of InfoGAN, for small images.

See Chen et al. 2016, appendix C.1, and their code. Interpolative autoencoders
have both; COLA and GLO have the generator without normalization, with leaky
rectifiers, as in the code of GLANN (Hoshen, Li and Malik 2019). A classifier
has the encoder's layers but for the last.
"""

import functools

import flax.linen as nn

from lasium_jax.nets.layers import Conv, ConvTranspose
from lasium_jax.nets.norm import BatchNorm
from lasium_jax.ops.conv_shifts import conv_transpose_by_shifts
from lasium_jax.types import Array

# The slope of InfoGAN's code; interpolative autoencoders' paper names none.
SLOPE = 0.01
# Xavier's with twice the variance, as in GLANN's code; COLA names none.
_xavier = nn.initializers.variance_scaling(2.0, 'fan_avg', 'normal')


def sizes_of(height: int, width: int) -> list[tuple[int, int]]:
  """Heights and widths from an image to what the dense layers see of it.

  Each strided convolution halves both. Sides divisible by 4 are halved twice,
  as InfoGAN's 28 to 7; others three times, rounded up, as 50 to 25, 13 and 7,
  which leaves the dense layers half of the parameters that 13 would.

  Args:
    height: of the image.
    width: of the image.

  Returns:
    `(H, W)` of the image, and of what each convolution makes.
  """
  sizes = [(height, width)]
  for _ in range(3 if height % 4 or width % 4 else 2):
    height, width = -(-height // 2), -(-width // 2)
    sizes.append((height, width))
  return sizes


class Encoder(nn.Module):
  """Two or three strided convolutions and two dense layers; see `sizes_of`.

  Attributes:
    latent_size: D.
    width: channels of the first layer; each further convolution has twice as
      many as the one before, and the dense one 16 times as many as the first.
    normalize: whether batch normalization follows each hidden layer but the
      first.
    slope: of its rectifiers, below zero.
  """

  latent_size: int
  width: int = 64
  normalize: bool = True
  slope: float = SLOPE

  def __call__(self, x: Array, train: bool = False) -> Array:
    """Returns latents `[n, D]` of images `x [n, H, W, C]`."""
    return self.layers(x, train)[-1]

  @nn.compact
  def layers(self, x: Array, train: bool = False) -> tuple[Array, ...]:
    """The hidden activations of images, in order, and last their latents."""
    # What a normalization follows needs no bias: it has one.
    bias = not self.normalize
    conv = functools.partial(Conv, kernel_size=(4, 4), strides=2)
    hidden = [nn.leaky_relu(conv(self.width)(x), self.slope)]
    for i in range(1, len(sizes_of(*x.shape[1:3])) - 1):
      further = conv(2**i * self.width, use_bias=bias)(hidden[-1])
      hidden.append(self._rectify(further, train))
    flat = hidden[-1].reshape(len(x), -1)
    dense = nn.Dense(16 * self.width, use_bias=bias)(flat)
    hidden.append(self._rectify(dense, train))
    return *hidden, nn.Dense(self.latent_size)(hidden[-1])

  def _rectify(self, x: Array, train: bool) -> Array:
    if self.normalize:
      return BatchNorm(train, self.slope)(x)
    return nn.leaky_relu(x, self.slope)


class Classifier(nn.Module):
  """The encoder with logits in place of latents.

  Attributes:
    classes: number of logits.
    width: as `Encoder.width`.
  """

  classes: int
  width: int = 64

  def setup(self) -> None:
    self.encoder = Encoder(self.classes, self.width)
    nn.share_scope(self, self.encoder)  # Its variables have the same names.

  def __call__(self, x: Array, train: bool) -> tuple[Array, Array]:
    """Returns logits `[n, classes]`, and features `[n, 16 * width]`."""
    *_, features, logits = self.encoder.layers(x, train)
    return logits, features


class Generator(nn.Module):
  """Two dense layers, and as many transposed convolutions as `sizes_of` says.

  Rows and columns beyond the image, where sides were rounded up, are cut off.
  Without
  normalization, for 32x32x3 and latents of 74, it has the 8.6 million
  parameters of COLA's table 4.

  Attributes:
    shape: `(H, W, C)` of the image.
    width: channels of the last hidden layer; each one before has twice as many,
      but the first 16 times.
    normalize: whether batch normalization follows each hidden layer.
    slope: of its rectifiers, below zero.
  """

  shape: tuple[int, int, int]
  width: int = 64
  normalize: bool = True
  slope: float = 0.0

  @nn.compact
  def __call__(self, z: Array, train: bool = False) -> Array:
    """Returns logits `[n, H, W, C]` of latents `z [n, D]`."""
    *larger, (height, width) = sizes_of(*self.shape[:2])
    channels = self.width * 2 ** (len(larger) - 1)
    dense = functools.partial(nn.Dense, use_bias=False, kernel_init=_xavier)
    transposed = functools.partial(
      ConvTranspose, kernel_size=(4, 4), strides=2, kernel_init=_xavier
    )
    x = self._rectify(dense(16 * self.width)(z), train)
    x = self._rectify(dense(height * width * channels)(x), train)
    x = x.reshape(-1, height, width, channels)
    for height, width in larger[:0:-1]:
      channels //= 2
      x = self._rectify(transposed(channels)(x)[:, :height, :width], train)
    # Few output channels would starve the matrix unit.
    output = transposed(self.shape[2], lowering=conv_transpose_by_shifts)
    return output(x)[:, : self.shape[0], : self.shape[1]]

  def _rectify(self, x: Array, train: bool) -> Array:
    if self.normalize:
      return BatchNorm(train, self.slope)(x)
    return nn.leaky_relu(x, self.slope)
