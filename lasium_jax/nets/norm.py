"""Batch normalization without state."""

from typing import Any

import flax.linen as nn
import jax.numpy as jnp

from lasium_jax.types import Array

STATISTICS = 'statistics'


class BatchStatisticsNorm(nn.Module):
  """Normalizes by the moments of the batch at hand, or by moments given.

  Linen's `BatchNorm` would thread mutable averages through MAML's inner loop.
  Here the moments come from the batch, unless the collection `statistics`
  brings those of another batch; they are stored there when it is mutable.
  Images that `mask [n]` says are padding have no part in the moments.
  """

  epsilon: float = 1e-3
  use_scale: bool = False

  @nn.compact
  def __call__(self, x: Array, mask: Array | None = None) -> Array:
    if self.has_variable(STATISTICS, 'moments'):
      mean, variance = self.get_variable(STATISTICS, 'moments')
    else:
      axes = tuple(range(x.ndim - 1))
      where = mask
      if mask is not None:
        where = mask.reshape(-1, *(1,) * (x.ndim - 1))
      mean = x.mean(axes, keepdims=True, where=where)
      variance = jnp.square(x - mean).mean(axes, keepdims=True, where=where)
      if self.is_mutable_collection(STATISTICS):
        self.put_variable(STATISTICS, 'moments', (mean, variance))
    factor: Any = 1 / jnp.sqrt(variance + self.epsilon)
    channels = x.shape[-1:]
    if self.use_scale:
      scale = self.param('scale', nn.initializers.ones, channels)
      factor *= scale.reshape(mean.shape)
    bias = self.param('bias', nn.initializers.zeros, channels)
    return (x - mean) * factor + bias.reshape(mean.shape)
