"""Nearest neighbors: what the images say without any learning."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from lasium_jax.ops.labels import likeliest
from lasium_jax.settings import Count
from lasium_jax.types import Array, Examples, Learner, Params

Embed = Callable[[Params, Array], Array]


class Neighbors(NamedTuple):
  """The support of one task in feature space.

  Attributes:
    params: of the embedding.
    features: `[n, F]`.
    labels: `[n]` int32.
  """

  params: Params
  features: Array
  labels: Array


def pixels(params: Params, x: Array) -> Array:
  """The images as vectors: `[n, H * W * C]`."""
  del params
  return x.reshape(len(x), -1)


def nearest_neighbors(
  *, ways: int, neighbors: Count = 1, embed: Embed = pixels
) -> Learner:
  """Classifies by the support images at the least Euclidean distance.

  With one neighbor the logit of a class is minus the mean squared difference
  to its nearest support image. With more it is the number of votes that the
  class has among them; of classes with equal votes that one wins whose
  nearest neighbor is nearer. A soft label counts as its likeliest class.

  Args:
    ways: N, the number of classes.
    neighbors: how many vote, all of the support if it has fewer.
    embed: `(params, x [n, H, W, C]) -> features [n, F]`, such as the `encode`
      of a generator; the pixels if not given.

  Returns:
    A learner. Nothing is learned: `init` gives no parameters, and those that
    `adapt` gets are the embedding's. No query sees another.

  Raises:
    ValueError: if there are no neighbors.

  Example:
    >>> learner = lx.learners.nearest_neighbors(ways=2)
    >>> support = lx.Examples(jnp.eye(2).reshape(2, 1, 2, 1), jnp.arange(2))
    >>> adapted = learner.adapt(jax.random.key(0), (), support)
    >>> learner.predict(adapted, support.x).argmax(-1).tolist()
    [0, 1]
  """
  if neighbors < 1:
    raise ValueError(f'{neighbors} neighbors cannot vote; ask for 1 or more.')

  def init(key: Array, x: Array) -> Params:
    del key, x
    return ()

  def adapt(key: Array, params: Params, support: Examples) -> Neighbors:
    del key
    labels = likeliest(support.y)
    return Neighbors(params, embed(params, support.x), labels)

  def predict(adapted: Neighbors, x: Array, mask: Array | None = None) -> Array:
    del mask  # No query has a part in another's prediction.
    differences = embed(adapted.params, x)[:, None] - adapted.features[None]
    distances = jnp.square(differences).mean(-1)
    members = jax.nn.one_hot(adapted.labels, ways, dtype=bool)  # [n, N]
    if neighbors == 1:
      by_class = jnp.where(members[None], distances[..., None], jnp.inf)
      return -by_class.min(axis=1)
    order = distances.argsort(axis=-1)[:, :neighbors]
    return _votes(members[order])

  return Learner(init, adapt, predict)


def _votes(votes: Array) -> Array:
  """Votes `[n, k, N]`, the nearest neighbor's first, to logits `[n, N]`.

  A class's count, less a part of one that grows with its first vote's rank.
  """
  count = votes.sum(axis=1)
  rank = votes.argmax(axis=1) / votes.shape[1]
  return jnp.where(count > 0, count - rank, -1.0)
