"""Layers for large batches with shared weights, lowered by `ops.conv`."""

import functools
from collections.abc import Sequence

import flax.linen as nn

from lasium_jax.nets.averages import MOMENTUM
from lasium_jax.ops.conv import conv
from lasium_jax.ops.conv_transpose import conv_transpose_by_phases
from lasium_jax.types import Array

Conv = functools.partial(nn.Conv, conv_general_dilated=conv)


def batch_norm(train: bool) -> nn.BatchNorm:
  """Normalization by the batch's moments, or else by running averages."""
  return nn.BatchNorm(use_running_average=not train, momentum=MOMENTUM)


class ConvTranspose(nn.Module):
  """SAME transposed convolution, computed one output phase at a time.

  XLA's gradient of the ordinary lowering is many times slower on CPU.
  """

  features: int
  kernel_size: Sequence[int]
  strides: int

  @nn.compact
  def __call__(self, x: Array) -> Array:
    shape = (*self.kernel_size, x.shape[-1], self.features)
    kernel = self.param('kernel', nn.initializers.lecun_normal(), shape)
    bias = self.param('bias', nn.initializers.zeros, (self.features,))
    x = conv_transpose_by_phases(x, kernel, self.strides)
    return x + bias.reshape(1, 1, 1, -1)
