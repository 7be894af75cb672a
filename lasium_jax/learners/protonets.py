"""Prototypical networks (Snell et al. 2017)."""

from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp

from lasium_jax.learners.padding import real
from lasium_jax.types import Array, Examples, Learner, Network, Params


class Prototypes(NamedTuple):
  """Class means in feature space.

  Attributes:
    params: the network's.
    means: `[N, F]`.
    statistics: the normalization's moments of the support images, or None.
  """

  params: Params
  means: Array
  statistics: Any = None


def protonets(
  network: Network,
  *,
  ways: int,
  distance: Literal['mean', 'sum'] = 'mean',
  inductive: bool = False,
  padded: bool = False,
) -> Learner:
  """Classifies by the nearest mean of each class's support features.

  The logits are negative squared Euclidean distances, averaged over feature
  dimensions ('mean', as in the released code) or summed ('sum', as in Snell
  et al., equation 2).

  Args:
    network: images to features `[n, F]`.
    ways: N.
    distance: 'mean' or 'sum'.
    inductive: as in `maml`.
    padded: as in `maml`; and a class without a support example is infinitely
      far from everything, so that there may be fewer than `ways`.

  Returns:
    A learner.
  """
  reduce = {'mean': jnp.mean, 'sum': jnp.sum}[distance]

  def adapt(key: Array, params: Params, support: Examples) -> Prototypes:
    del key
    mask = real(support, padded)
    features, statistics = network.apply(params, support.x, mask=mask)
    members = jax.nn.one_hot(support.y, ways, axis=0)  # [N, n], 0 for padding.
    counts = members.sum(axis=1, keepdims=True)
    if padded:
      totals = members @ features
      means = jnp.where(counts > 0, totals / jnp.maximum(counts, 1), jnp.inf)
    else:
      means = members @ features / counts
    return Prototypes(params, means, statistics if inductive else None)

  def predict(
    adapted: Prototypes, x: Array, mask: Array | None = None
  ) -> Array:
    features, _ = network.apply(adapted.params, x, adapted.statistics, mask)
    differences = features[:, None] - adapted.means[None]
    return -reduce(differences**2, axis=-1)

  return Learner(network.init, adapt, predict)
