"""What residual networks have in common."""

import flax.linen as nn

from lasium_jax.nets.layers import Conv
from lasium_jax.nets.norm import BatchNorm
from lasium_jax.types import Array

HE_NORMAL = nn.initializers.he_normal()


def conv(
  filters: int,
  stride: int = 1,
  window: int = 3,
  kernel_init: nn.initializers.Initializer = HE_NORMAL,
) -> nn.Conv:
  """A convolution with an odd window, whose bias a normalization has."""
  return Conv(
    filters,
    (window, window),
    strides=stride,
    # The papers pad this way: a stride of 2 meets the pixels that shortcuts
    # take.
    padding=((window // 2, window // 2),) * 2,
    use_bias=False,
    kernel_init=kernel_init,
  )


def basic_branch(x: Array, filters: int, stride: int, train: bool) -> Array:
  """What a basic block adds to its shortcut, made inside that block.

  Args:
    x: `[n, H, W, C]`.
    filters: of both convolutions.
    stride: of the first.
    train: whether normalization is by the moments of the batch.

  Returns:
    `[n, ceil(H / stride), ceil(W / stride), filters]`.
  """
  x = BatchNorm(train, slope=0.0)(conv(filters, stride)(x))
  return BatchNorm(train)(conv(filters)(x))
