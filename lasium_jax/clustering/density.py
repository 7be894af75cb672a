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
  largest: list[int] = []
  labels = np.full(similarity.shape[0], -1, np.int32)
  for threshold in map(float, np.unique(tried)):
    groups, core = _groups(pairs, threshold, links)
    largest.append(int(_sizes(groups).max(initial=0)))
    # What is a cluster already does not fall apart.
    settled = np.isin(groups, groups[core & (labels >= 0)])
    free = np.where(settled | (labels >= 0), -1, groups)
    fitting = _of_size(free, least, most)
    labels = np.where(fitting < 0, labels, fitting + len(found))
    found += [threshold] * (int(fitting.max()) + 1)
  if not found:
    raise ValueError(
      f'At none of {len(largest)} thresholds is there a cluster of {least} to '
      f'{most} images. {_why_none(largest, links, least, most)}'
    )
  return Clusters(labels, np.array(found))


def _why_none(largest: list[int], links: int, least: int, most: int) -> str:
  """What to change, by the largest group at each threshold, ascending."""
  if max(largest) < least:
    return (
      f'All vanish: the largest group of images with {links} links has '
      f'{max(largest)}. Let `least` or `links` be smaller, give each image '
      'more neighbors, or train the features for longer.'
    )
  if largest[-1] > most:
    return (
      f'All have merged: {largest[-1]} images are one group even at the '
      'highest threshold. Let `most` be larger, or neighbors fewer.'
    )
  return (
    f'Groups of more than {most} images, {max(largest)} at the most, fall '
    f'apart into ones of fewer than {least} from one threshold to the next: '
    'try more `thresholds`, or let `most` be larger or `least` smaller.'
  )


def _check(links: int, least: int, most: int, thresholds: int) -> None:
  if min(links, least, thresholds) < 1 or most < least:
    raise ValueError(
      f'links are {links}, thresholds {thresholds}, and a cluster has {least} '
      f'to {most} images; all must be at least 1, and the sizes in this order.'
    )


def _groups(
  pairs: sparse.coo_array, threshold: float, links: int
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
  """`[n]`, the group of each image, or -1, and whether it is a core."""
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
  return labels, core


def _sizes(labels: NDArray[np.int32]) -> NDArray[np.intp]:
  """`[groups]`, the number of images of each."""
  return np.bincount(labels[labels >= 0])


def _of_size(
  labels: NDArray[np.int32], least: int, most: int
) -> NDArray[np.int32]:
  """Labels of the groups of a fitting size alone, counted from 0."""
  if labels.max() < 0:
    return labels
  sizes = _sizes(labels)
  fits = (sizes >= least) & (sizes <= most)
  places = np.where(fits, np.cumsum(fits) - 1, -1)
  return np.where(labels >= 0, places[labels], -1).astype(np.int32)
