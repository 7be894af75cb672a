"""Layers whose weights are divided by their largest singular values.

See Miyato et al. 2018. The power method takes one step each time that a layer
is trained, from the vector in the collection `spectral`.
"""

import flax.linen as nn
import jax

from lasium_jax.ops.conv import conv
from lasium_jax.ops.spectral import largest_singular_value
from lasium_jax.types import Array

STATE = 'spectral'


def _divided(module: nn.Module, kernel: Array, train: bool) -> Array:
  """A kernel by its spectral norm; made inside the module that has it.

  Args:
    module: keeps the vector of the power method.
    kernel: `[..., O]`, as a matrix of O columns.
    train: whether the vector is kept.
  """

  def first() -> Array:
    return jax.random.normal(module.make_rng('params'), kernel.shape[-1:])

  kept = module.variable(STATE, 'u', first)
  matrix = kernel.reshape(-1, kernel.shape[-1])
  value, u = largest_singular_value(matrix, kept.value)
  if train and not module.is_initializing():
    kept.value = u
  return kernel / value


class SpectralConv(nn.Module):
  """A convolution that keeps the size of images.

  Attributes:
    features: output channels.
    window: its side, odd.
    kernel_init: makes the kernel.
  """

  features: int
  window: int
  kernel_init: nn.initializers.Initializer = nn.initializers.lecun_normal()

  @nn.compact
  def __call__(self, x: Array, train: bool) -> Array:
    shape = (self.window, self.window, x.shape[-1], self.features)
    kernel = self.param('kernel', self.kernel_init, shape)
    bias = self.param('bias', nn.initializers.zeros, (self.features,))
    pads = ((self.window // 2, self.window // 2),) * 2
    x = conv(x, _divided(self, kernel, train), (1, 1), pads)
    return x + bias.reshape(1, 1, 1, -1)


class SpectralTable(nn.Module):
  """A vector for each class.

  Attributes:
    classes: how many there are.
    features: of each vector.
  """

  classes: int
  features: int

  @nn.compact
  def __call__(self, train: bool) -> Array:
    """Returns `[classes, features]`."""
    shape = (self.classes, self.features)
    table = self.param('table', nn.initializers.xavier_uniform(), shape)
    return _divided(self, table, train)
