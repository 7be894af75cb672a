"""Residual networks for small images (He et al. 2015, section 4.2)."""

import flax.linen as nn
import jax.numpy as jnp

from lasium_jax.nets.norm import BatchNorm
from lasium_jax.nets.residual import basic_branch, conv
from lasium_jax.types import Array


class ResNet(nn.Module):
  """A convolution, three stages of basic blocks, an average, a dense layer.

  Stage s has `width * 2^s` filters, and each but the first halves the image.
  Shortcuts have no parameters, as in the paper for these sizes (its option A):
  where a block halves, they take every second pixel and fill the new channels
  with zeros. So depth 20 and width 16 have the paper's 0.27 million parameters
  for 10 classes of 32x32x3.

  Attributes:
    classes: number of logits.
    depth: layers with weights, `6 n + 2` for stages of n blocks.
    width: filters of the first stage.
  """

  classes: int
  depth: int = 20
  width: int = 16

  def __call__(self, x: Array, train: bool) -> tuple[Array, Array]:
    """Returns logits `[n, classes]`, and features `[n, 4 * width]`."""
    *_, features, logits = self.layers(x, train)
    return logits, features

  @nn.compact
  def layers(self, x: Array, train: bool) -> tuple[Array, ...]:
    """The first layer, each stage, the features and the logits of images."""
    if self.depth < 8 or (self.depth - 2) % 6:
      raise ValueError(
        f'A ResNet of small images has 8, 14, 20, ... layers, not {self.depth}.'
      )
    x = BatchNorm(train, slope=0.0)(conv(self.width)(x))
    found = [x]
    for stage in range(3):
      for block in range((self.depth - 2) // 6):
        stride = 2 if stage and not block else 1
        x = _Block(self.width * 2**stage, stride)(x, train)
      found.append(x)
    features = x.mean(axis=(1, 2))
    return *found, features, nn.Dense(self.classes)(features)


class _Block(nn.Module):
  """Two convolutions, added to what they were given."""

  filters: int
  stride: int

  @nn.compact
  def __call__(self, x: Array, train: bool) -> Array:
    y = basic_branch(x, self.filters, self.stride, train)
    x = x[:, :: self.stride, :: self.stride]
    added = self.filters - x.shape[-1]
    low = added // 2
    x = jnp.pad(x, ((0, 0), (0, 0), (0, 0), (low, added - low)))
    return nn.relu(x + y)
