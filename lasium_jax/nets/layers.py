"""Layers for large batches with shared weights, lowered by `ops.conv`."""

import functools
from collections.abc import Callable, Sequence

import flax.linen as nn

from lasium_jax.ops.conv import conv
from lasium_jax.ops.conv_transpose import conv_transpose_by_phases
from lasium_jax.types import Array

Conv = functools.partial(nn.Conv, conv_general_dilated=conv)


class ConvTranspose(nn.Module):
  """SAME transposed convolution, computed one output phase at a time.

  XLA's gradient of the ordinary lowering is many times slower on CPU.

  Attributes:
    features: output channels.
    kernel_size: of the window, which is square.
    strides: the factor by which height and width grow.
    kernel_init: makes the kernel.
    lowering: `(x, kernel, strides) -> y`; `ops.conv_shifts` has the one for
      very few output channels.
  """

  features: int
  kernel_size: Sequence[int]
  strides: int
  kernel_init: nn.initializers.Initializer = nn.initializers.lecun_normal()
  lowering: Callable[[Array, Array, int], Array] = conv_transpose_by_phases

  @nn.compact
  def __call__(self, x: Array) -> Array:
    shape = (*self.kernel_size, x.shape[-1], self.features)
    kernel = self.param('kernel', self.kernel_init, shape)
    bias = self.param('bias', nn.initializers.zeros, (self.features,))
    x = self.lowering(x, kernel, self.strides)
    return x + bias.reshape(1, 1, 1, -1)
