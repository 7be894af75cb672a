"""The residual network of 18 layers (He et al. 2015), for small images."""

import flax.linen as nn

from lasium_jax.nets.norm import BatchNorm
from lasium_jax.nets.residual import basic_branch, conv
from lasium_jax.ops.conv import pad
from lasium_jax.ops.pool import max_pool_2x2
from lasium_jax.types import Array


class ResNet18(nn.Module):
  """The trunk and a dense layer.

  It is torchvision's network but for its first convolution and pooling, so of
  11.17 million parameters for 10 classes of 32x32x3.

  Attributes:
    classes: number of logits.
    width: filters of the first stage.
  """

  classes: int
  width: int = 64

  @nn.compact
  def __call__(self, x: Array, train: bool) -> tuple[Array, Array]:
    """Returns logits `[n, classes]`, and features `[n, 8 * width]`."""
    features = Trunk(self.width)(x, train)
    dense = nn.Dense(self.classes, kernel_init=nn.initializers.normal(0.01))
    return dense(features), features


class Trunk(nn.Module):
  """All but the last layer, for heads of any kind.

  A 3x3 convolution and 2x2 pooling come first, as where COLA clusters images
  of 32x32 (its step I, by the code of MMDC). Stage s of four has `width * 2^s`
  filters and two blocks; each but the first halves the image.

  Attributes:
    width: filters of the first stage.
  """

  width: int = 64

  @nn.compact
  def __call__(self, x: Array, train: bool) -> Array:
    """Returns features `[n, 8 * width]`."""
    x = BatchNorm(train, slope=0.0)(conv(self.width)(x))
    # ReLU leaves nothing below zero, so the padding is no pixel's maximum.
    x = max_pool_2x2(pad(x, ((1, 1), (1, 1))))
    for stage in range(4):
      for block in range(2):
        stride = 2 if stage and not block else 1
        x = _Block(self.width * 2**stage, stride)(x, train)
    return x.mean(axis=(1, 2))


class _Block(nn.Module):
  """Two convolutions, added to what they were given, or to its projection."""

  filters: int
  stride: int

  @nn.compact
  def __call__(self, x: Array, train: bool) -> Array:
    y = basic_branch(x, self.filters, self.stride, train)
    if x.shape != y.shape:
      x = BatchNorm(train)(conv(self.filters, self.stride, window=1)(x))
    return nn.relu(x + y)
