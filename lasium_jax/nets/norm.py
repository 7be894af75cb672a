"""Batch normalization without state."""

import flax.linen as nn

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
