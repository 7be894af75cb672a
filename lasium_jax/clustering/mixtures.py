"""Clusters of features by a mixture of Gaussians."""

import warnings

import jax
import numpy as np
from numpy.typing import NDArray

from lasium_jax.clustering.partitions import checked
from lasium_jax.settings import Count, NonNegative
from lasium_jax.types import Array


def mixture_clusters(
  key: Array,
  features: Array,
  *,
  clusters: int,
  steps: Count = 100,
  ridge: NonNegative = 1e-6,
) -> NDArray[np.int32]:
  """The likeliest Gaussian of each image, of a mixture that EM has fitted.

  Each Gaussian has a weight and a full covariance of its own, and EM begins
  with the clusters of k-means. Where a cluster has fewer images than features
  have dimensions its Gaussian is narrow about the plane through them, so that
  hardly any image changes its cluster, and the outcome is that of k-means.

  Args:
    key: of the first centers of k-means.
    features: `[n, F]`.
    clusters: how many Gaussians there are.
    steps: of EM, at most; it ends where the likelihood rises no more.
    ridge: what is added to the variance of each dimension.

  Returns:
    `[n]` int32, the cluster of each image, from 0 to `clusters - 1`. A Gaussian
    that is the likeliest of no image has none.

  Raises:
    ImportError: if scikit-learn is missing.
    ValueError: if features are fewer than clusters or not finite, or a Gaussian
      has no volume, as where images are equal and there is no ridge.

  Example:
    >>> features = jnp.array([[0.0], [0.1], [0.2], [5.0], [5.1], [5.2]])
    >>> labels = lx.clustering.mixture_clusters(
    ...   jax.random.key(0), features, clusters=2
    ... )
    >>> [int((labels == label).sum()) for label in labels[[0, 5]]]
    [3, 3]
  """
  points = checked(features, clusters).astype(np.float64)
  try:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture
    from threadpoolctl import threadpool_limits
  except ImportError as error:
    raise ImportError(
      "Mixtures need scikit-learn: pip install 'lasium_jax[experiments]'"
    ) from error
  mixture = GaussianMixture(
    clusters,
    max_iter=steps,
    reg_covar=ridge,
    random_state=int(jax.random.bits(key)),
  )
  # As for k-means: sums of several threads are not the same again.
  with threadpool_limits(1), warnings.catch_warnings():
    warnings.simplefilter('ignore', ConvergenceWarning)
    found: NDArray[np.int64] = mixture.fit_predict(points)
  return found.astype(np.int32)
