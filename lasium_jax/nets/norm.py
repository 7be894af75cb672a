"""Batch normalization, with running averages and without."""

from typing import Any

import flax.linen as nn
import jax
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
    scale = self.param('scale', nn.initializers.ones, size)
    bias = self.param('bias', nn.initializers.zeros, size)
    return _normalized(self, x, scale, bias, slope=self.slope)


class ConditionalBatchNorm(nn.Module):
  """The same with a scale and a bias for each class (Dumoulin et al. 2017).

  Images of all classes are normalized together.

  Attributes:
    train: as `BatchNorm.train`.
    slope: as `BatchNorm.slope`.
  """

  train: bool
  slope: float = 1.0

  @nn.compact
  def __call__(self, x: Array, y: Array) -> Array:
    """Normalizes `x [n, H, W, C]`; `y [n, classes]` are shares of classes."""
    channels = x.shape[-1]
    size = (y.shape[-1], channels)
    scale = self.param('scale', _near_one, size)
    bias = self.param('bias', nn.initializers.zeros, size)
    ones, zeros = jnp.ones(channels), jnp.zeros(channels)
    x = _normalized(self, x, ones, zeros, slope=1.0)
    scale, bias = ((y @ table)[:, None, None] for table in (scale, bias))
    return nn.leaky_relu(x * scale + bias, self.slope)


def _near_one(
  key: Array, shape: tuple[int, ...], dtype: Any = jnp.float32
) -> Array:
  return 1 + 0.02 * jax.random.normal(key, shape, dtype)


def _normalized(
  module: BatchNorm | ConditionalBatchNorm,
  x: Array,
  scale: Array,
  bias: Array,
  *,
  slope: float,
) -> Array:
  """`normalize`, by the batch or by averages that are made in the module."""
  size = (x.shape[-1],)
  mean = module.variable(STATISTICS, 'mean', jnp.zeros, size)
  variance = module.variable(STATISTICS, 'var', jnp.ones, size)
  given = None if module.train else Moments(mean.value, variance.value)
  y, moments = normalize(x, scale, bias, slope=slope, moments=given)
  if module.train and not module.is_initializing():
    for average, moment in zip((mean, variance), moments, strict=True):
      average.value = MOMENTUM * average.value + (1 - MOMENTUM) * moment
  return y
