"""The network of contrastive learning: features, and a small head on them."""

import flax.linen as nn

from lasium_jax.nets.layers import Conv
from lasium_jax.nets.norm import BatchNorm
from lasium_jax.types import Array


class ContrastiveNet(nn.Module):
  """Four strided convolutions, a dense layer of features, and a head.

  Each convolution halves the image. The head is a perceptron of one hidden
  layer, which is thrown away after training (Chen et al. 2020, section 4.2).

  Attributes:
    features: F.
    projections: outputs of the head, on which it is trained.
    width: channels of every convolution.
  """

  features: int = 256
  projections: int = 64
  width: int = 64

  @nn.compact
  def __call__(self, x: Array, train: bool) -> tuple[Array, Array]:
    """Returns projections `[n, projections]`, and features `[n, F]`."""
    features = nn.Dense(self.features)(halvings(x, self.width, train))
    hidden = nn.relu(nn.Dense(self.features)(nn.relu(features)))
    return nn.Dense(self.projections)(hidden), features


class Trunk(nn.Module):
  """The convolutions alone, for heads of any kind.

  Attributes:
    width: channels of every convolution.
  """

  width: int = 64

  @nn.compact
  def __call__(self, x: Array, train: bool) -> Array:
    """Returns features `[n, ceil(H / 16) * ceil(W / 16) * width]`."""
    return halvings(x, self.width, train)


def halvings(x: Array, width: int, train: bool) -> Array:
  """Four strided convolutions, made inside a network; flattened.

  Args:
    x: `[n, H, W, C]`.
    width: channels of every convolution.
    train: whether normalization is by the moments of the batch.

  Returns:
    `[n, ceil(H / 16) * ceil(W / 16) * width]`.
  """
  for _ in range(4):
    # What a normalization follows needs no bias: it has one.
    x = Conv(width, (3, 3), strides=2, use_bias=False)(x)
    x = BatchNorm(train, slope=0.0)(x)
  return x.reshape(len(x), -1)
