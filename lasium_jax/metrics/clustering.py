"""How far a clustering agrees with classes that it was not told."""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasium_jax.ops.assignment import assign


class Agreement(NamedTuple):
  """Measures that do not depend on how clusters are numbered.

  Attributes:
    accuracy: the share of images whose cluster is matched to their class, if
      each cluster is matched to a class of its own as well as can be.
    nmi: the mutual information, divided by the mean of both entropies; 0 if
      clusters say nothing of classes, 1 if they are the same.
    ari: the Rand index, adjusted for chance (Hubert and Arabie 1985); 0 is
      expected of clusters drawn at random, 1 if they are the same.
  """

  accuracy: float
  nmi: float
  ari: float


def agreement(clusters: ArrayLike, classes: ArrayLike) -> Agreement:
  """Clusters beside classes.

  There may be more of the one than of the other: what is matched to none counts
  as wrong.

  Args:
    clusters: `[n]` whole numbers, which need not follow each other; n of 1 or
      more.
    classes: likewise.

  Returns:
    The three measures.

  Raises:
    ValueError: if they are not such, or not of one length.

  Example:
    >>> clusters = jnp.array([1, 1, 0, 0, 0, 2])
    >>> found = lx.metrics.agreement(clusters, [0, 0, 1, 1, 2, 2])
    >>> f'{found.accuracy:.3f} {found.nmi:.3f} {found.ari:.3f}'
    '0.833 0.740 0.444'
  """
  table = _contingency(np.asarray(clusters), np.asarray(classes))
  return Agreement(_accuracy(table), _nmi(table), _ari(table))


def matched_classes(clusters: ArrayLike, classes: ArrayLike) -> NDArray[Any]:
  """The class that each cluster is matched to in `agreement`'s accuracy.

  Args:
    clusters: `[n]` whole numbers; n of 1 or more.
    classes: likewise; where there are more clusters, 0 or more.

  Returns:
    `[K]`, of each cluster in ascending order one of the classes, none twice;
    -1 of clusters that are left over, where there are more of them.

  Raises:
    ValueError: if they are not such.

  Example:
    >>> lx.metrics.matched_classes([1, 1, 0, 0, 0], [7, 7, 3, 3, 7])
    array([3, 7])
  """
  table = _contingency(np.asarray(clusters), np.asarray(classes))
  names, matched = np.unique(np.asarray(classes)), _matched(table)
  if len(table) > len(names) and names[0] < 0:
    raise ValueError(
      f'{len(table)} clusters cannot each be matched to one of {len(names)} '
      f'classes, and -1, which says so, may be a class: one is {names[0]}.'
    )
  return np.where(
    matched < len(names), names[np.minimum(matched, len(names) - 1)], -1
  )


def _contingency(
  clusters: NDArray[Any], classes: NDArray[Any]
) -> NDArray[np.int64]:
  """`[clusters, classes]`, how many images each pair of them has."""
  kinds = {clusters.dtype.kind, classes.dtype.kind}
  if clusters.ndim != 1 or clusters.shape != classes.shape or kinds - set('iu'):
    raise ValueError(
      f'Clusters are {clusters.dtype} {list(clusters.shape)} and classes '
      f'{classes.dtype} {list(classes.shape)}; both must be whole numbers [n].'
    )
  if not len(clusters):
    raise ValueError('Clusters and classes are of no images; one is needed.')
  rows, columns = (
    np.unique(labels, return_inverse=True)[1] for labels in (clusters, classes)
  )
  table = np.zeros((rows.max() + 1, columns.max() + 1), np.int64)
  np.add.at(table, (rows, columns), 1)
  return table


_assigned = jax.jit(assign)


def _accuracy(table: NDArray[np.int64]) -> float:
  matched = _matched(table)
  rows = np.flatnonzero(matched < table.shape[1])
  return float(table[rows, matched[rows]].sum() / table.sum())


def _matched(table: NDArray[np.int64]) -> NDArray[np.int64]:
  """The column of each row; one that the table lacks where none is left."""
  side = max(table.shape)
  square = np.zeros((side, side), np.float32)
  square[: table.shape[0], : table.shape[1]] = table
  return np.asarray(_assigned(jnp.asarray(-square)))[: len(table)]


def _nmi(table: NDArray[np.int64]) -> float:
  joint = table / table.sum()
  rows, columns = joint.sum(1), joint.sum(0)
  entropies = _entropy(rows) + _entropy(columns)
  if not entropies:  # There is one cluster, and one class.
    return 1.0
  # Rounding alone can make it negative.
  information = max(entropies - _entropy(joint.ravel()), 0.0)
  return 2 * information / entropies


def _entropy(shares: NDArray[np.float64]) -> float:
  """In nats."""
  some = shares[shares > 0]
  return float(-(some * np.log(some)).sum())


def _ari(table: NDArray[np.int64]) -> float:
  """From pairs of images, as whole numbers, which have no rounding."""
  both, same_cluster, same_class = (
    sum(math.comb(int(count), 2) for count in counts)
    for counts in (table.ravel(), table.sum(1), table.sum(0))
  )
  pairs = math.comb(int(table.sum()), 2)
  chance = same_cluster * same_class
  most = (same_cluster + same_class) * pairs
  if most == 2 * chance:  # All images are in one, or each in its own, in both.
    return 1.0
  return 2 * (both * pairs - chance) / (most - 2 * chance)
