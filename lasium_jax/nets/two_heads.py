"""A network of two heads: where an image lies, and how it is turned."""

import flax.linen as nn

from lasium_jax.types import Array

TURNS = 4  # By a quarter each.
_initial = nn.initializers.normal(0.01)  # As in the code of MMDC.


class TwoHeads(nn.Module):
  """Two dense layers on one trunk, for COLA's step I (algorithm 2).

  With the trunk of ResNet-18 it is the paper's network.

  Attributes:
    trunk: a Linen module `(x, train) -> features [n, F]`, such as
      `lasium_jax.nets.resnet18.Trunk` for photographs, or
      `lasium_jax.nets.contrastive.Trunk` for characters.
    clusters: K, the dimensions of the points.
  """

  trunk: nn.Module
  clusters: int

  @nn.compact
  def __call__(self, x: Array, train: bool) -> tuple[Array, Array, Array]:
    """Returns points `[n, K]`, logits of turns `[n, 4]`, and features."""
    features = self.trunk(x, train)
    points = nn.Dense(self.clusters, kernel_init=_initial)(features)
    turns = nn.Dense(TURNS, kernel_init=_initial)(features)
    return points, turns, features
