"""The nearest neighbors of each of many features, exactly."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from lasium_jax.types import Array

_MOST_DISTANCES = 2**24  # Held at once: 64 MiB, whatever the number of images.


class Neighbors(NamedTuple):
  """Of each feature those that are next to it, the nearest first.

  Attributes:
    rows: `[n, k]` int32, which they are; no feature is its own neighbor.
    distances: `[n, k]`, Euclidean.
  """

  rows: Array
  distances: Array


def nearest_neighbors(x: Array, k: int) -> Neighbors:
  """The k nearest others of each feature, from all pairs.

  Distances are matrix products, of a block of features and all of them, so that
  they need no room for n squared. Their rounding is that of float32: copies are
  a little apart, and which of them comes first is not said.

  Args:
    x: `[n, D]` features.
    k: how many neighbors each has; less than n. A shape, hence static.

  Returns:
    Their rows and distances.

  Raises:
    ValueError: if there are not more features than neighbors.

  Example:
    >>> x = jnp.array([[0.0], [1.0], [3.0], [7.0]])
    >>> lx.clustering.nearest_neighbors(x, k=2).rows.tolist()
    [[1, 2], [0, 2], [1, 0], [2, 1]]
  """
  n = len(x)
  if not 1 <= k < n:
    raise ValueError(
      f'{k} neighbors are asked for, and there are {n} images: k must be at '
      'least 1 and less than the number of images. Give more images, or ask '
      'for fewer neighbors.'
    )
  # Distances are the same, and lose fewer digits, about the features' mean.
  x = x - x.mean(0, keepdims=True)
  norms = jnp.square(x).sum(1)
  size = min(n, max(1, _MOST_DISTANCES // n))
  blocks = -(-n // size)
  # The last block is filled with the last feature, whose copies are cut off.
  rows = jnp.minimum(jnp.arange(blocks * size), n - 1).reshape(blocks, size)

  def compare(rows: Array) -> tuple[Array, Array]:
    products = jnp.matmul(x[rows], x.T, precision='highest')
    squares = norms[rows][:, None] + norms[None] - 2 * products
    squares = squares.at[jnp.arange(size), rows].set(jnp.inf)
    least, places = jax.lax.top_k(-squares, k)
    return places, jnp.sqrt(jnp.maximum(-least, 0))

  places, distances = jax.lax.map(compare, rows)
  return Neighbors(
    places.reshape(-1, k)[:n].astype(jnp.int32), distances.reshape(-1, k)[:n]
  )
