"""Residual generators and a projection discriminator, for small images.

They are those of mimicry (Lee and Town 2020) for 32x32, after Miyato and Koyama
2018. COLA has its generators without a discriminator.
"""

import flax.linen as nn
import jax

from lasium_jax.nets.layers import Conv
from lasium_jax.nets.norm import BatchNorm, ConditionalBatchNorm
from lasium_jax.nets.spectral import SpectralConv, SpectralTable
from lasium_jax.ops.bilinear import doubled
from lasium_jax.ops.conv_shifts import conv_by_shifts
from lasium_jax.ops.pool import average_pool_2x2
from lasium_jax.types import Array

# Xavier's uniform ones, in a block's branch with twice the variance.
_xavier = nn.initializers.xavier_uniform()
_branch = nn.initializers.variance_scaling(2.0, 'fan_avg', 'uniform')


class Generator(nn.Module):
  """A dense layer, three residual blocks that double, and a convolution.

  For 32x32x3 and latents of 74 it has 4.056 million parameters, and with ten
  classes 4.083 million: COLA's table 4.

  Attributes:
    shape: `(H, W, C)` of the image, H and W divisible by 8.
    width: channels of every block.
  """

  shape: tuple[int, int, int]
  width: int = 256

  @nn.compact
  def __call__(
    self, z: Array, y: Array | None = None, train: bool = False
  ) -> Array:
    """Returns logits `[n, H, W, C]`.

    Args:
      z: `[n, D]`.
      y: `[n, classes]`, the share that each class has of an image, by which
        blocks normalize; or None, where there are no classes.
      train: whether normalization is by the moments of the batch.
    """
    height, width = self.shape[0] // 8, self.shape[1] // 8
    dense = nn.Dense(height * width * self.width, kernel_init=_xavier)
    x = dense(z).reshape(-1, height, width, self.width)
    for _ in range(3):
      x = _Doubling(self.width)(x, y, train)
    x = BatchNorm(train, slope=0.0)(x)
    # Few output channels would starve the matrix unit.
    output = nn.Conv(
      self.shape[2],
      (3, 3),
      kernel_init=_xavier,
      conv_general_dilated=conv_by_shifts,
    )
    return output(x)


class ClusterGenerator(nn.Module):
  """The conditional generator of latents that tell a cluster themselves.

  It is the one of the largest of a latent's first numbers. No gradient is of
  that choice.

  Attributes:
    shape: as `Generator.shape`.
    clusters: K, how many numbers of a latent these are.
    width: as `Generator.width`.
  """

  shape: tuple[int, int, int]
  clusters: int
  width: int = 256

  @nn.compact
  def __call__(self, z: Array, train: bool = False) -> Array:
    """Returns logits `[n, H, W, C]` of latents `z [n, D]`."""
    y = jax.nn.one_hot(z[:, : self.clusters].argmax(-1), self.clusters)
    return Generator(self.shape, self.width)(z, y, train)


class _Doubling(nn.Module):
  """Two normalized convolutions between which nothing is kept small."""

  filters: int

  @nn.compact
  def __call__(self, x: Array, y: Array | None, train: bool) -> Array:
    def rectified(x: Array) -> Array:
      if y is None:
        return BatchNorm(train, slope=0.0)(x)
      return ConditionalBatchNorm(train, slope=0.0)(x, y)

    branch = Conv(self.filters, (3, 3), kernel_init=_branch)(
      doubled(rectified(x))
    )
    branch = Conv(self.filters, (3, 3), kernel_init=_branch)(rectified(branch))
    # The shortcut is doubled after its convolution of single pixels, which is
    # the same as before it and a quarter of the work.
    shortcut = Conv(self.filters, (1, 1), kernel_init=_xavier)(x)
    return branch + doubled(shortcut)


class Critic(nn.Module):
  """Four residual blocks, and a score in which the class has a part.

  Of the summed features h of an image it is `w . h + b + v_y . h`. All weights
  are divided by their spectral norms.

  Attributes:
    classes: how many there are.
    width: channels of every block.
  """

  classes: int
  width: int = 128

  @nn.compact
  def __call__(self, x: Array, y: Array, train: bool = False) -> Array:
    """Returns scores `[n]`, higher for what seems real.

    Args:
      x: `[n, H, W, C]` in [0, 1], H and W divisible by 4.
      y: `[n, classes]`, the share that each class has of an image.
      train: whether spectral norms are kept for the next step.
    """
    x = _First(self.width)(2 * x - 1, train)
    for halves in (True, False, False):
      x = _Block(self.width, halves)(x, train)
    features = nn.relu(x).sum((1, 2))
    score = SpectralConv(1, 1, kernel_init=_xavier)
    unconditional = score(features[:, None, None], train)[:, 0, 0, 0]
    table = SpectralTable(self.classes, self.width)(train)
    return unconditional + ((y @ table) * features).sum(-1)


class _First(nn.Module):
  """Halves the image; nothing is rectified before it."""

  filters: int

  @nn.compact
  def __call__(self, x: Array, train: bool) -> Array:
    branch = SpectralConv(self.filters, 3, kernel_init=_branch)(x, train)
    branch = SpectralConv(self.filters, 3, kernel_init=_branch)(
      nn.relu(branch), train
    )
    shortcut = SpectralConv(self.filters, 1, kernel_init=_xavier)(
      average_pool_2x2(x), train
    )
    return average_pool_2x2(branch) + shortcut


class _Block(nn.Module):
  """Two convolutions, added to what they were given."""

  filters: int
  halves: bool

  @nn.compact
  def __call__(self, x: Array, train: bool) -> Array:
    branch = x
    for _ in range(2):
      branch = SpectralConv(self.filters, 3, kernel_init=_branch)(
        nn.relu(branch), train
      )
    if not self.halves:
      return branch + x
    shortcut = SpectralConv(self.filters, 1, kernel_init=_xavier)(x, train)
    return average_pool_2x2(branch + shortcut)
