"""Clusters of what is densely linked, of no given number."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components


class Clusters(NamedTuple):
  """Groups of images.

  Attributes:
    labels: `[n]` int32, the cluster of each image, counted from 0, or -1 if it
      is in none.
    thresholds: `[clusters]`, the similarity from which on the images of each
      were linked, ascending.
  """

  labels: NDArray[np.int32]
  thresholds: NDArray[np.float64]


def density_clusters(
  similarity: sparse.csr_array,
  *,
  links: int = 3,
  least: int = 6,
  most: int = 30,
  thresholds: int = 30,
) -> Clusters:
  """DBSCAN on similarities, each cluster at a threshold of its own.

  Two images are linked if they are at least as similar as the threshold. One
  that has enough links is a core; cores that are linked, one by another, are a
  group, and an image that is no core belongs to the group of the most similar
  core that it is linked to (Ester et al. 1996 leave it to the order of the
  images). With higher thresholds groups fall apart into smaller ones, as in
  HDBSCAN's hierarchy (Campello et al. 2013): a cluster is a group at the lowest
  threshold at which it is not too large, if it is large enough. All thresholds
  are tried that divide the similarities into equal parts. That needs no labels,
  but `least` and `most` say what is known of the size of a class.

  Args:
    similarity: `[n, n]` symmetric, of the pairs that may be linked.
    links: how many a core has.
    least: the number of images of a cluster.
    most: likewise.
    thresholds: how many are tried.

  Returns:
    The clusters.

  Raises:
    ValueError: if settings cannot be, or no threshold leaves a cluster.

  Example:
    >>> from scipy import sparse
    >>> pairs = [[0, 1, 2, 3], [1, 2, 0, 4]]
    >>> half = sparse.csr_array(([0.9, 0.8, 0.9, 0.1], pairs), shape=(5, 5))
    >>> found = lx.clustering.density_clusters(
    ...   half + half.T, links=2, least=2, thresholds=3
    ... )
    >>> found.labels.tolist()
    [0, 0, 0, -1, -1]
  """
  _check(links, least, most, thresholds)
  if not similarity.nnz:
    raise ValueError(
      'No two images are similar: each is left out of the neighborhoods of its '
      'own neighbors. Let each image have more neighbors.'
    )
  tried = np.quantile(similarity.data, np.linspace(0, 1, thresholds + 2)[1:-1])
  pairs = similarity.tocoo()
  found: list[float] = []
  labels = np.full(similarity.shape[0], -1, np.int32)
  for threshold in map(float, np.unique(tried)):
    groups = _groups(pairs, threshold, links)
    # What is a cluster already does not fall apart.
    fitting = _of_size(np.where(labels < 0, groups, -1), least, most)
    labels = np.where(fitting < 0, labels, fitting + len(found))
    found += [threshold] * (int(fitting.max()) + 1)
  if not found:
    remaining = len(np.unique(groups[groups >= 0]))
    raise ValueError(
      f'At none of {thresholds} thresholds is there a cluster of {least} to '
      f'{most} images: at the highest there are {remaining} groups of images '
      f'with {links} links. If there are few, all have merged: let `most` be '
      'larger or neighbors fewer. Else all vanish: let `least` or `links` be '
      'smaller, or train the features for longer.'
    )
  return Clusters(labels, np.array(found))


def _check(links: int, least: int, most: int, thresholds: int) -> None:
  if min(links, least, thresholds) < 1 or most < least:
    raise ValueError(
      f'links are {links}, thresholds {thresholds}, and a cluster has {least} '
      f'to {most} images; all must be at least 1, and the sizes in this order.'
    )


def _groups(
  pairs: sparse.coo_array, threshold: float, links: int
) -> NDArray[np.int32]:
  """`[n]`, the group of each image, or -1."""
  linked = pairs.data >= threshold
  row, col, values = pairs.row[linked], pairs.col[linked], pairs.data[linked]
  n = pairs.shape[0]
  core = np.bincount(row, minlength=n) >= links
  inner = core[row] & core[col]
  graph = sparse.csr_array(
    (np.ones(inner.sum(), np.int8), (row[inner], col[inner])), shape=(n, n)
  )
  _, labels = connected_components(graph, directed=False)
  labels = np.where(core, labels, -1).astype(np.int32)
  border = core[row] & ~core[col]
  # The last one that is written counts: the most similar.
  order = np.argsort(values[border], kind='stable')
  labels[col[border][order]] = labels[row[border][order]]
  return labels


def _of_size(
  labels: NDArray[np.int32], least: int, most: int
) -> NDArray[np.int32]:
  """Labels of the groups of a fitting size alone, counted from 0."""
  if labels.max() < 0:
    return labels
  sizes = np.bincount(labels[labels >= 0], minlength=labels.max() + 1)
  fits = (sizes >= least) & (sizes <= most)
  places = np.where(fits, np.cumsum(fits) - 1, -1)
  return np.where(labels >= 0, places[labels], -1).astype(np.int32)
