"""How much the neighborhoods of two images are the same.

See Zhong et al., "Re-ranking Person Re-identification with k-reciprocal
Encoding", CVPR 2017, sections 3.2 to 3.4. Theirs are arrays of n by n; these
are sparse, of as many values as there are neighbors.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from lasium_jax.clustering.neighbors import Neighbors

_PAIRS = 2**15  # Of images that are compared at once.


def reciprocal_similarity(
  x: ArrayLike, neighbors: Neighbors, *, expansion: int = 6
) -> sparse.csr_array:
  """The Jaccard similarity of k-reciprocal neighborhoods.

  The neighborhood of an image has those that are among its k nearest and have
  it among theirs, and the closer neighborhoods, by half of k, of those of them
  that share more than two thirds of theirs with it (equation 5, which says no
  less; that exactly two thirds are too few follows UFLST's released code). Its
  members weigh `exp(-d / median)`, where the median is that of the distances of
  all neighbors, and the weights of an image sum to one; they are then averaged
  over the image and its nearest (section 3.4). The similarity of two images is
  what their weights have in common over what they have together (equation 10).

  It is computed of neighbors alone: of all other pairs it is left out.

  Args:
    x: `[n, D]` features.
    neighbors: of each its k nearest, where k is 2 or more.
    expansion: over how many images weights are averaged, the image itself among
      them; at most k + 1. 6 in the paper, with a k of 20.

  Returns:
    `[n, n]`, symmetric, in (0, 1], without its diagonal.

  Raises:
    ValueError: if there are too few neighbors, or values are not finite.

  Example:
    >>> x = jnp.array([[0.0], [0.1], [0.2], [7.0], [7.1], [7.2]])
    >>> neighbors = lx.clustering.nearest_neighbors(x, k=2)
    >>> found = lx.clustering.reciprocal_similarity(x, neighbors, expansion=3)
    >>> found.toarray().round(3)[0].tolist()
    [0.0, 1.0, 1.0, 0.0, 0.0, 0.0]
  """
  features = np.asarray(x, np.float32)
  rows, distances = np.asarray(neighbors.rows), np.asarray(neighbors.distances)
  k = rows.shape[1]
  if k < 2 or not 1 <= expansion <= k + 1:
    raise ValueError(
      f'There are {k} neighbors of each image, and weights are averaged over '
      f'{expansion} images: let there be 2 neighbors or more, and expansion be '
      'from 1 to their number and one.'
    )
  if not (np.isfinite(features).all() and np.isfinite(distances).all()):
    raise ValueError(
      'Features or distances have values that are not finite: see whether the '
      'network that made them was trained with too high a learning rate.'
    )
  median = float(np.median(distances)) or 1.0  # All are copies of one.
  weights = _weights(features, _neighborhoods(rows), median)
  nearest = _links(rows[:, : expansion - 1])
  weights = sparse.csr_array(nearest @ weights) / expansion
  return _shared(weights, sparse.triu(_either(_links(rows)), k=1).tocoo())


def _links(rows: NDArray[np.int32]) -> sparse.csr_array:
  """`[n, n]` of ones: from each image to itself and to its neighbors."""
  n, k = rows.shape
  columns = np.concatenate([np.arange(n)[:, None], rows], 1).ravel()
  starts = np.arange(n + 1) * (k + 1)
  return sparse.csr_array(
    (np.ones(len(columns), np.float32), columns, starts), shape=(n, n)
  )


def _mutual(links: sparse.csr_array) -> sparse.csr_array:
  return sparse.csr_array(links.multiply(links.T))


def _either(links: sparse.csr_array) -> sparse.csr_array:
  return sparse.csr_array(links.maximum(links.T))


def _neighborhoods(rows: NDArray[np.int32]) -> sparse.csr_array:
  """`[n, n]`, what is not zero are each image's members: equation 5."""
  near = _mutual(_links(rows))
  closer = _mutual(_links(rows[:, : rows.shape[1] // 2]))
  common = sparse.coo_array((near @ closer.T).multiply(near))
  enough = common.data > closer.sum(1)[common.col] * 2 / 3
  taken = sparse.csr_array(
    (common.data[enough], (common.row[enough], common.col[enough])),
    shape=near.shape,
  )
  return sparse.csr_array(near + taken @ closer)


def _weights(
  x: NDArray[np.float32], members: sparse.csr_array, median: float
) -> sparse.csr_array:
  """`[n, n]`, how much each member of a neighborhood weighs: equation 7."""
  pairs = members.tocoo()
  distances = np.concatenate(
    [
      np.linalg.norm(x[pairs.row[start:end]] - x[pairs.col[start:end]], axis=1)
      for start, end in _blocks(len(pairs.row))
    ]
  )
  values = np.exp(-distances / median)
  sums = np.bincount(pairs.row, values, minlength=len(x))
  return sparse.csr_array(
    (values / sums[pairs.row], (pairs.row, pairs.col)), shape=pairs.shape
  )


def _shared(
  weights: sparse.csr_array, pairs: sparse.coo_array
) -> sparse.csr_array:
  """The similarity of each pair, both ways round: equation 10."""
  common = np.concatenate(
    [
      weights[pairs.row[start:end]]
      .minimum(weights[pairs.col[start:end]])
      .sum(1)
      for start, end in _blocks(len(pairs.row))
    ]
  )
  some = common > 0
  values = common[some] / (2 - common[some])
  half = sparse.csr_array(
    (values, (pairs.row[some], pairs.col[some])), shape=weights.shape
  )
  return sparse.csr_array(half + half.T)


def _blocks(count: int) -> list[tuple[int, int]]:
  return [(start, start + _PAIRS) for start in range(0, max(count, 1), _PAIRS)]
