"""Clusters of a run's images, described and shown."""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np

from experiments.run.run import Run
from experiments.stages.pictures import keep_sheet
from lasium_jax.ops.images import as_floats
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
  run: Run, stage: str, found: ClusterSet, number: int, step: int
) -> None:
  """Keeps a picture of some clusters of a round, one a row."""
  shown = np.linspace(0, int(found.clusters) - 1, _ROWS).round().astype(int)
  places = found.starts[shown][:, None] + jnp.arange(_COLUMNS)
  inside = jnp.arange(_COLUMNS) < found.counts[shown][:, None]
  rows = found.rows[jnp.where(inside, places, 0)]
  x = as_floats(found.images[rows]) * inside[..., None, None, None]
  keep_sheet(
    run,
    stage,
    f'clusters_{number:03}',
    x.reshape(-1, *x.shape[2:]),
    f'Clusters of round {number}',
    step=step,
    columns=_COLUMNS,
  )
