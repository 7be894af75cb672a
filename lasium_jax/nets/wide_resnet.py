"""Wide residual networks (Zagoruyko & Komodakis 2016)."""

import functools

import flax.linen as nn

from lasium_jax.nets import residual
from lasium_jax.nets.norm import BatchNorm
from lasium_jax.types import Array

# The initial weights of the authors' code.
conv = functools.partial(
  residual.conv,
  kernel_init=nn.initializers.variance_scaling(2.0, 'fan_out', 'normal'),
)


class WideResNet(nn.Module):
  """A convolution, three stages of wide blocks, an average, a dense layer.

  Stage s has `16 * width * 2^s` filters, and each but the first halves the
  image. Blocks normalize before they convolve, and have no dropout. So
  WRN-16-8 has 10.96 million parameters for 10 classes, and WRN-28-10 36.48.

  Attributes:
    classes: number of logits.
    depth: convolutions, `6 n + 4` for stages of n blocks.
    width: the factor by which a stage is wider than that of a thin network.
  """

  classes: int
  depth: int = 16
  width: int = 8

  @nn.compact
  def __call__(self, x: Array, train: bool) -> tuple[Array, Array]:
    """Returns logits `[n, classes]`, and features `[n, 64 * width]`."""
    if self.depth < 10 or (self.depth - 4) % 6:
      raise ValueError(
        f'A wide ResNet has 10, 16, 22, 28, ... layers, not {self.depth}.'
      )
    x = conv(16)(x)
    for stage in range(3):
      for block in range((self.depth - 4) // 6):
        stride = 2 if stage and not block else 1
        x = _Block(16 * self.width * 2**stage, stride)(x, train)
    features = BatchNorm(train, slope=0.0)(x).mean(axis=(1, 2))
    return nn.Dense(self.classes)(features), features


class _Block(nn.Module):
  """Two normalized convolutions, added to what they were given.

  Where the shape changes, the shortcut is a 1x1 convolution of the normalized
  input, as in the authors' code.
  """

  filters: int
  stride: int

  @nn.compact
  def __call__(self, x: Array, train: bool) -> Array:
    normal = BatchNorm(train, slope=0.0)(x)
    y = conv(self.filters, self.stride)(normal)
    y = conv(self.filters)(BatchNorm(train, slope=0.0)(y))
    if x.shape != y.shape:
      x = conv(self.filters, self.stride, window=1)(normal)
    return x + y
