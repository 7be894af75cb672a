"""Clusters of a run's images, described and shown."""

from collections.abc import Sequence

import numpy as np

from experiments.run.run import Run
from experiments.stages.pictures import keep_sheet
from lasium_jax.types import ClusterSet

_ROWS, _COLUMNS = 12, 12  # Of a picture of clusters.


def describe(
  found: Sequence[ClusterSet], classes: np.ndarray | None
) -> dict[str, np.ndarray]:
  """How many clusters there are, how large, and how pure.

  Args:
    found: by each member.
    classes: `[n]` of the same images, for purity alone; None without labels.

  Returns:
    By name, of every member. `images` are those of a cluster on average,
    `covered` the share that is in one.
  """
  clusters = np.array([int(one.clusters) for one in found])
  members = np.array([int(one.counts.sum()) for one in found])
  described = {
    'clusters': clusters,
    'images': members / clusters,
    'covered': members / len(found[0].images),
  }
  if classes is not None:
    purities = [purity(one, classes) for one in found]
    described['purity'] = np.array(purities)
  return described


def purity(found: ClusterSet, classes: np.ndarray) -> float:
  """The share of clustered images that are of their cluster's main class."""
  counts = np.asarray(found.counts)[: int(found.clusters)]
  ends = np.cumsum(counts)
  members = np.split(classes[np.asarray(found.rows)[: ends[-1]]], ends[:-1])
  return float(sum(np.bincount(own).max() for own in members) / ends[-1])


def keep_clusters(
  run: Run,
  stage: str,
  found: ClusterSet,
  what: str,
  number: int,
  *,
  step: int | None = None,
) -> None:
  """Keeps a picture of some clusters of a round, say, one a row."""
  _, rows, starts, counts, clusters = map(np.asarray, found)
  shown = np.linspace(0, clusters - 1, min(_ROWS, int(clusters))).astype(int)
  images = np.asarray(found.images)
  sheet = np.zeros((len(shown), _COLUMNS, *images.shape[1:]), np.uint8)
  for row, start, count in zip(
    sheet, starts[shown], counts[shown], strict=True
  ):
    members = rows[start : start + min(count, _COLUMNS)]
    row[: len(members)] = images[members]
  keep_sheet(
    run,
    stage,
    f'clusters_{number:03}',
    sheet.reshape(-1, *images.shape[1:]) / 255,
    f'Clusters of {what} {number}',
    step=step,
    columns=_COLUMNS,
  )
