"""Tasks whose classes are clusters of unlabeled images (CACTUs, UFLST)."""

import jax
import jax.numpy as jnp
import numpy as np

from lasium_jax.ops.sampling import distinct
from lasium_jax.ops.turns import quarter_turns
from lasium_jax.settings import Count, Ways
from lasium_jax.tasks.examples import some_of_each, split_task
from lasium_jax.types import Array, Augment, ClusterSet, ImageSet, Task, TaskFn


def clustered(
  *,
  ways: Ways,
  shots: Count,
  queries: Count,
  augment: Augment | None = None,
  augment_support: bool = False,
  turned: bool = False,
) -> TaskFn:
  """Distinct clusters, and distinct images of each, uniformly at random.

  Args:
    ways: N, at most the number of clusters; where there are fewer, all images
      are NaN, so that they cannot be used unnoticed.
    shots: K.
    queries: Q; every cluster must have `K + Q` images. The images of one that
      has fewer are NaN, likewise.
    augment: `(key, x [n, H, W, C]) -> x`, applied to the query images.
    augment_support: whether the support images are augmented too.
    turned: whether all images of a drawn cluster are turned by the same random
      number of quarter turns. A turned character is another one, so that there
      are four times as many classes to learn from.

  Returns:
    A task function of a `ClusterSet`.

  Example:
    >>> images = jnp.zeros((12, 8, 8, 1), jnp.uint8)
    >>> labels = jnp.array([0, 1, -1, 2] * 3)
    >>> source = lx.tasks.cluster_set(images, labels, least=3)
    >>> task_fn = lx.tasks.clustered(ways=2, shots=1, queries=2)
    >>> task = jax.jit(task_fn)(jax.random.key(0), source)
    >>> task.query.x.shape, task.query.y.tolist()
    ((4, 8, 8, 1), [0, 0, 1, 1])
  """

  def task(key: Array, source: ClusterSet) -> Task:
    cluster_key, image_key, turn_key, augment_key = jax.random.split(key, 4)
    clusters = distinct(cluster_key, source.clusters, ways)
    x = some_of_each(
      image_key,
      ImageSet(source.images, source.starts, source.counts),
      clusters,
      shots + queries,
      rows=source.rows,
    )
    x = jnp.where(source.clusters >= ways, x, jnp.nan)
    if turned:
      x = quarter_turns(jax.random.randint(turn_key, (ways,), 0, 4), x)
    return split_task(
      augment_key, x, shots, augment, augment_support=augment_support
    )

  return task


def cluster_set(
  images: Array, labels: Array | np.ndarray, *, least: int
) -> ClusterSet:
  """Images with the clusters that they are in.

  Its shapes are those of the number of images and of `least` alone, so that
  what is compiled for one clustering serves the next. It is called outside
  `jax.jit`.

  Args:
    images: `[n, H, W, C]` uint8.
    labels: `[n]` int32, the cluster of each, or -1 if it is in none.
    least: the number of images of the smallest cluster.

  Returns:
    What `clustered` reads.

  Raises:
    ValueError: if a cluster has fewer images than `least`, or there is none.
  """
  labels = jnp.asarray(labels, jnp.int32)
  clusters = int(labels.max()) + 1
  if not clusters:
    raise ValueError(
      'No image is in a cluster; at least one cluster is needed.'
    )
  room = len(labels) // least
  counts = jnp.bincount(labels[labels >= 0], length=clusters)
  if int(counts.min()) < least:
    raise ValueError(
      f'A cluster has {int(counts.min())} images, and each must have at least '
      f'{least}.'
    )
  # Images of no cluster are last, where no cluster's rows are.
  rows = jnp.argsort(jnp.where(labels < 0, clusters, labels), stable=True)
  counts = jnp.pad(counts, (0, room - clusters)).astype(jnp.int32)
  return ClusterSet(
    images,
    rows.astype(jnp.int32),
    jnp.cumsum(counts) - counts,
    counts,
    jnp.int32(clusters),
  )
