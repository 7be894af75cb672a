"""CACTUs' tasks: clusters of one of many partitions of unlabeled images."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from lasium_jax.settings import Count, Ways
from lasium_jax.tasks.clustered import cluster_set, clustered
from lasium_jax.types import Array, Augment, ClusterSet, Task, TaskFn


def cactus(
  *,
  ways: Ways,
  shots: Count,
  queries: Count,
  augment: Augment | None = None,
) -> TaskFn:
  """A random partition, distinct clusters of it, and distinct images of each.

  All are drawn uniformly, clusters whatever their size (Hsu et al. 2019,
  Algorithm 1).

  Args:
    ways: N, at most the number of clusters of any partition. The tasks of one
      that has fewer are NaN, as those of `clustered`.
    shots: K.
    queries: Q; every cluster must have `K + Q` images.
    augment: `(key, x [n, H, W, C]) -> x`, applied to the query images. The
      paper has none.

  Returns:
    A task function of what `partition_set` returns.

  Example:
    >>> images = jnp.zeros((12, 8, 8, 1), jnp.uint8)
    >>> partitions = [[0, 1, 2] * 4, [0] * 6 + [1] * 6]
    >>> source = lx.tasks.partition_set(images, partitions, least=4)
    >>> task_fn = lx.tasks.cactus(ways=2, shots=1, queries=3)
    >>> task = jax.jit(task_fn)(jax.random.key(0), source)
    >>> task.query.x.shape, task.query.y.tolist()
    ((6, 8, 8, 1), [0, 0, 0, 1, 1, 1])
  """
  of_clusters = clustered(
    ways=ways, shots=shots, queries=queries, augment=augment
  )

  def task(key: Array, source: ClusterSet) -> Task:
    partition_key, task_key = jax.random.split(key)
    images, *partitions = source
    drawn = jax.random.randint(partition_key, (), 0, len(source.clusters))
    one = ClusterSet(images, *(leaf[drawn] for leaf in partitions))
    return of_clusters(task_key, one)

  return task


def partition_set(
  images: Array, partitions: Sequence[Array] | Array, *, least: int
) -> ClusterSet:
  """Images with several partitions into clusters.

  Args:
    images: `[n, H, W, C]` uint8.
    partitions: `[P, n]` int32, in each the cluster of each image, counted from
      0, or -1 if it is in none.
    least: the number of images of the smallest cluster.

  Returns:
    What `cactus` reads: a `ClusterSet` whose leaves but the images have a
    leading axis `[P]`.

  Raises:
    ValueError: if a cluster has fewer images than `least`, a partition has
      none, or there is no partition.
  """
  if not len(partitions):
    raise ValueError('There is no partition; at least one is needed.')
  images = jnp.asarray(images)
  found = [
    cluster_set(images, jnp.asarray(labels), least=least)
    for labels in partitions
  ]
  _, *leaves = zip(*found, strict=True)
  return ClusterSet(images, *map(jnp.stack, leaves))
