"""As many clusters as are asked for, anew for each weighing (CACTUs)."""

import warnings

import jax
import numpy as np
from numpy.typing import NDArray

from lasium_jax.types import Array


def kmeans_clusters(
  key: Array,
  features: Array,
  *,
  clusters: int,
  least: int = 1,
  weighed: bool = False,
) -> NDArray[np.int32]:
  """k-means of features, all of whose dimensions may be weighed at random.

  Hsu et al. (2019, section 2.2) cluster an embedding many times, each time with
  other weights of its dimensions, so that classes differ from one partition to
  the next. Their code draws the weights from U(0, 1), begins by k-means++, and
  leaves out clusters that are too small for a task.

  Args:
    key: of the weights and the first centers.
    features: `[n, F]`.
    clusters: k.
    least: images of a cluster, 1 or more; smaller ones are left out.
    weighed: whether dimensions are weighed; otherwise all count the same.

  Returns:
    `[n]` int32, the cluster of each image, counted from 0, or -1 if its cluster
    was left out.

  Raises:
    ImportError: if scikit-learn is missing.
    ValueError: if features are fewer than clusters or not finite, or no cluster
      is large enough.

  Example:
    >>> features = jnp.array([[0.0], [0.1], [5.0], [5.1], [9.0]])
    >>> labels = lx.clustering.kmeans_clusters(
    ...   jax.random.key(0), features, clusters=3, least=2
    ... )
    >>> [int((labels == i).sum()) for i in (-1, 0, 1)]
    [1, 2, 2]
  """
  weigh_key, center_key = jax.random.split(key)
  points = checked(features, clusters)
  if weighed:
    weights = jax.random.uniform(weigh_key, points.shape[1:])
    points = points * np.asarray(weights)
  found = _kmeans(points, clusters, int(jax.random.bits(center_key)))
  counts = np.bincount(found, minlength=clusters)
  kept = counts >= least
  if not kept.any():
    raise ValueError(
      f'None of {clusters} clusters has {least} images, the largest '
      f'{counts.max()}: ask for fewer clusters, or add images.'
    )
  numbers = np.where(kept, np.cumsum(kept) - 1, -1)
  return numbers[found].astype(np.int32)


def checked(features: Array, clusters: int) -> NDArray[np.float32]:
  """Features on the host.

  Raises:
    ValueError: if they are fewer than clusters, or not finite.
  """
  if len(features) < clusters:
    raise ValueError(
      f'{clusters} clusters were asked for, of {len(features)} images: ask for '
      'fewer, or add images.'
    )
  points = np.asarray(features, np.float32)
  if not np.isfinite(points).all():
    raise ValueError('Some features are not finite: what made them diverged.')
  return points


def _kmeans(
  points: NDArray[np.float32], clusters: int, seed: int
) -> NDArray[np.int32]:
  try:
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits
  except ImportError as error:
    raise ImportError(
      "k-means needs scikit-learn: pip install 'lasium_jax[experiments]'"
    ) from error
  means = KMeans(clusters, n_init=1, random_state=seed)
  # Threads add up their parts of a mean in the order in which they end, so that
  # three or more would not find the same clusters again.
  one_thread = threadpool_limits(1, user_api='openmp')
  with one_thread, warnings.catch_warnings():
    # Of equal points: then some clusters are empty, and left out.
    warnings.simplefilter('ignore', ConvergenceWarning)
    labels: NDArray[np.int32] = means.fit_predict(points)
  return labels
