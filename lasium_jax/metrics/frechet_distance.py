"""The Fréchet distance of two sets of features, each taken for a Gaussian.

See Heusel et al. 2017, equation 6. In the features of the Inception network it
is the FID; in others the number is of another size, and needs another name.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lasium_jax.metrics.samples import Features, as_samples


class Gaussian(NamedTuple):
  """What is known of a set of features where they themselves are not.

  Attributes:
    mean: `[F]` float64.
    covariance: `[F, F]` float64, divided by one less than the number of rows.
  """

  mean: Features
  covariance: Features


def frechet_distance(first: ArrayLike, second: ArrayLike) -> float:
  """The squared Fréchet distance between Gaussians fitted to two sets.

    |m1 - m2|^2 + Tr(S1) + Tr(S2) - 2 Tr((S1 S2)^(1/2))

  with means m and covariances S. With centered features X1 and X2, the last
  trace is the sum of the singular values of `X1 X2^T / sqrt((n1 - 1)(n2 - 1))`,
  which holds for few rows too, whose covariances are singular. X1 and X2 are
  replaced by the triangles of their QR decompositions, which leaves these
  values as they are and at most `F x F` of the product.

  The value is biased upward, the more the fewer rows there are, so that only
  values of equal numbers of rows can be compared.

  Args:
    first: `[n1, F]`, 2 rows or more.
    second: `[n2, F]`, likewise.

  Returns:
    The distance, 0 or more.

  Raises:
    ValueError: if the features are not such, or not finite.

  Example:
    >>> x = jnp.array([[0.0, 0.0], [0.0, 2.0], [4.0, 0.0], [4.0, 2.0]])
    >>> f'{lx.metrics.frechet_distance(x, x + 3):.4f}'
    '18.0000'
  """
  samples = as_samples(first, second, 2)
  means = [x.mean(0) for x in samples]
  roots = [
    _triangle((x - mean) / np.sqrt(len(x) - 1))
    for x, mean in zip(samples, means, strict=True)
  ]
  variances = sum(np.square(root).sum() for root in roots)
  product = np.linalg.svdvals(roots[0] @ roots[1].T)
  return _distance(means[0] - means[1], variances, product.sum())


def gaussian_of(features: ArrayLike) -> Gaussian:
  """The mean and the covariance of features `[n, F]`, 2 rows or more."""
  x, _ = as_samples(features, features, 2)
  return Gaussian(x.mean(0), np.cov(x, rowvar=False).reshape(x.shape[1], -1))


def gaussian_distance(first: Gaussian, second: Gaussian) -> float:
  """As `frechet_distance`, from means and covariances alone.

  The trace of the root is the sum of the roots of the eigenvalues of
  `R1 S2 R1`, where R1 is the symmetric root of S1; they are those of S1 S2. A
  matrix's root by `scipy.linalg.sqrtm` is not used, because it fails for
  singular covariances.

  Args:
    first: of one set.
    second: of another.

  Returns:
    The distance, 0 or more; its error is about 1e-8 of the variances.
  """
  values, vectors = np.linalg.eigh(first.covariance)
  root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
  product = np.linalg.eigvalsh(root @ second.covariance @ root)
  variances = np.trace(first.covariance) + np.trace(second.covariance)
  shift = np.asarray(first.mean) - np.asarray(second.mean)
  return _distance(shift, variances, np.sqrt(product.clip(0)).sum())


def _triangle(x: Features) -> Features:
  """R of `x = Q R`; numpy's own annotation has the pair for every mode."""
  root: Any = np.linalg.qr(x, mode='r')
  return root


def _distance(shift: Features, variances: float, root: float) -> float:
  # Rounding alone can make it negative.
  return max(float(shift @ shift + variances - 2 * root), 0.0)
