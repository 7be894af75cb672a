"""Batch normalization, with running averages and without."""

import flax.linen as nn
import jax.numpy as jnp

from lasium_jax.nets.averages import MOMENTUM
from lasium_jax.ops.normalize import Moments, normalize
from lasium_jax.types import Array

STATISTICS = 'batch_stats'


class BatchStatisticsNorm(nn.BatchNorm):
  """Normalizes by the moments of the batch at hand, or by moments given.

  Linen's `BatchNorm` whose running averages forget at once: what it leaves in
  the collection `batch_stats`, where that is mutable, are the moments of this
  batch; where it is not, its moments are used. No average is handed from step
  to step of MAML's inner loop. Images that `mask [n]` says are padding have no
  part in the moments.
  """

  momentum: float = 0.0
  epsilon: float = 1e-3
  use_scale: bool = False
  # The mean of squares less the squared mean would lose digits.
  use_fast_variance: bool = False

  def __call__(self, x: Array, mask: Array | None = None) -> Array:  # type: ignore[override]
    if mask is not None:
      mask = mask.reshape(-1, *(1,) * (x.ndim - 1))
    given = not self.is_mutable_collection(STATISTICS)
    return super().__call__(x, use_running_average=given, mask=mask)


class BatchNorm(nn.Module):
  """Linen's batch normalization with the activation behind it, as one.

  The variables have Linen's names: `scale` and `bias`, and running averages
  `mean` and `var` of momentum `MOMENTUM`.

  Attributes:
    train: whether to normalize by the moments of the batch, and to average
      them; else the averages are used.
    slope: of the leaky ReLU that follows: 0 for a ReLU, 1 for none.
  """

  train: bool
  slope: float = 1.0

  @nn.compact
  def __call__(self, x: Array) -> Array:
    size = (x.shape[-1],)
    zeros, ones = nn.initializers.zeros, nn.initializers.ones
    mean = self.variable(STATISTICS, 'mean', jnp.zeros, size)
    variance = self.variable(STATISTICS, 'var', jnp.ones, size)
    scale = self.param('scale', ones, size)
    bias = self.param('bias', zeros, size)
    given = None if self.train else Moments(mean.value, variance.value)
    y, moments = normalize(x, scale, bias, slope=self.slope, moments=given)
    if self.train and not self.is_initializing():
      for average, moment in zip((mean, variance), moments, strict=True):
        average.value = MOMENTUM * average.value + (1 - MOMENTUM) * moment
    return y
