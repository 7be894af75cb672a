"""Prototypical networks (Snell et al. 2017)."""

from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp

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

  Returns:
    A learner.
  """
  reduce = {'mean': jnp.mean, 'sum': jnp.sum}[distance]

  def adapt(key: Array, params: Params, support: Examples) -> Prototypes:
    del key
    features, statistics = network.apply(params, support.x)
    members = jax.nn.one_hot(support.y, ways, axis=0)  # [N, n]
    means = members @ features / members.sum(axis=1, keepdims=True)
    return Prototypes(params, means, statistics if inductive else None)

  def predict(adapted: Prototypes, x: Array) -> Array:
    features, _ = network.apply(adapted.params, x, adapted.statistics)
    differences = features[:, None] - adapted.means[None]
    return -reduce(differences**2, axis=-1)

  return Learner(network.init, adapt, predict)
