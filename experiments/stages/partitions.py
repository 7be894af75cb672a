"""Partitions of a run's images into clusters of what an encoder sees."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.run import loop, streams
from experiments.run.config import BadConfig
from experiments.run.loop import Stage
from experiments.run.run import Run
from experiments.stages.found_clusters import describe, keep_clusters
from lasium_jax.clustering import kmeans_clusters
from lasium_jax.settings import Count, Ways
from lasium_jax.tasks import cluster_set, partition_set
from lasium_jax.types import Array, ClusterSet

NAME = 'partitions'
UNITS = {'clusters': '', 'images': 'a cluster', 'covered': '%', 'purity': '%'}
_ABOUT = (
  'Every row has images of one cluster of a partition, found without labels. '
  'Curves show, for one partition after the other, the share of images that '
  'are in a cluster (covered) and, where the data happen to have labels, the '
  "share of these whose class is their cluster's most frequent one (purity); "
  'that is looked at, and nothing is chosen by it.'
)
_SHOWN = 3  # Partitions of which there are pictures.


class Embedded(NamedTuple):
  """Images, and what is known of them.

  Attributes:
    images: `[n, H, W, C]` uint8.
    features: `() -> [n, F]`, by which they are clustered; not called where all
      partitions are found already.
    classes: `[n]`, for purity alone; None without labels.
    least: the number of images that a task has of a cluster.
    ways: how many clusters a task has.
  """

  images: Array
  features: Callable[[], Array]
  classes: np.ndarray | None
  least: int
  ways: int


def find(
  run: Run, embedded: Embedded, *, number: Count = 100, clusters: Ways = 500
) -> ClusterSet:
  """Clusters all images again and again, each time with other weights.

  The dimensions of the first partition all count the same, as in CACTUs' code.

  Args:
    run: whose images they are; the partitions are kept in its workdir.
    embedded: the images and their features.
    number: of partitions (P). The paper's code has 100 for Omniglot, and 50 for
      photographs.
    clusters: of a partition (k).

  Returns:
    What `lasium_jax.tasks.cactus` reads.

  Raises:
    BadConfig: if a partition has too few clusters that are large enough.
  """
  root = streams.stream(run.seed, streams.PARTITIONS)

  def init() -> Array:
    return jnp.full((number, len(embedded.images)), -1, jnp.int32)

  def advance(
    state: Array, first: int, n: int
  ) -> tuple[Array, Mapping[str, Any]]:
    del n  # One at a time.
    key = jax.random.fold_in(root, first)
    labels = _partition(key, embedded, clusters, weighed=first > 0)
    found = cluster_set(embedded.images, labels, least=embedded.least)
    if first < _SHOWN:
      keep_clusters(run, NAME, found, 'partition', first + 1)
    means = describe([found], embedded.classes)
    described = {name: float(values[0]) for name, values in means.items()}
    return state.at[first].set(labels), described

  stage = Stage(
    NAME,
    number,
    1,
    init,
    advance,
    title='Partitions',
    units=UNITS,
    about=_ABOUT,
  )
  state = loop.run(stage, run.files, checkpoint_seconds=run.checkpoint_seconds)
  return partition_set(embedded.images, state, least=embedded.least)


def _partition(
  key: Array, embedded: Embedded, clusters: int, *, weighed: bool
) -> np.ndarray:
  """The cluster of each image, of those that a task can have."""
  try:
    labels = kmeans_clusters(
      key,
      embedded.features(),
      clusters=clusters,
      least=embedded.least,
      weighed=weighed,
    )
  except ValueError as error:
    raise BadConfig(f'config.partitions: {error}') from error
  number = int(labels.max()) + 1
  if number < embedded.ways:
    raise BadConfig(
      f'{number} of {clusters} clusters have at least {embedded.least} images, '
      'as many as a task needs of each, and config.tasks.ways is '
      f'{embedded.ways}: lower that, config.partitions.clusters or '
      'config.tasks.queries.'
    )
  return labels
