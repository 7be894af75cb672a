"""The network of 16 layers of Simonyan and Zisserman (2015), for losses."""

import flax.linen as nn
import jax.numpy as jnp

from lasium_jax.nets.layers import Conv
from lasium_jax.ops.pool import max_pool_2x2
from lasium_jax.types import Array

# Channels of each block's convolutions, and which of them is compared.
_BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512))
_COMPARED = (1, 1, 1, 2)


class Vgg16(nn.Module):
  """The layers by which GLANN's code compares images.

  These are conv1_2, conv2_2, conv3_2 and conv4_3, or the first of them. All
  but the last are rectified: the code rectifies in place. Convolutions are
  named by their places among torchvision's layers, by which weights are found.

  Attributes:
    depth: how many of these layers there are, 1 to 4.
  """

  depth: int = 4

  @nn.compact
  def __call__(self, x: Array) -> tuple[Array, ...]:
    """Returns activations of `x [n, H, W, C]`, of 1 or 3 channels."""
    x = jnp.broadcast_to(x, (*x.shape[:3], 3))
    layers: list[Array] = []
    place = 0
    for block, compared in zip(_BLOCKS[: self.depth], _COMPARED, strict=False):
      if layers:
        x, place = max_pool_2x2(x), place + 1
      for i, channels in enumerate(block):
        x = Conv(channels, (3, 3), name=f'features.{place}')(x)
        if i == compared and len(layers) + 1 == self.depth:
          return (*layers, x)
        x, place = nn.relu(x), place + 2
        if i == compared:
          layers.append(x)
    raise ValueError(f'VGG-16 has 1 to 4 layers to compare, not {self.depth}.')
