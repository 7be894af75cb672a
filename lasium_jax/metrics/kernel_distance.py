"""The kernel distance of two sets of features (Bińkowski et al. 2018)."""

import jax
import numpy as np
from numpy.typing import ArrayLike

from lasium_jax.metrics.samples import Features, as_samples
from lasium_jax.types import Array


def kernel_distance(
  key: Array,
  first: ArrayLike,
  second: ArrayLike,
  *,
  subsets: int = 100,
  subset_size: int = 1_000,
) -> tuple[float, float]:
  """The squared maximum mean discrepancy, over random subsets of both sets.

  The kernel is `k(x, y) = (x.y / F + 1)^3`. The estimate is unbiased, so that
  it may be negative, and sets of different sizes can be compared. In the
  features of the Inception network it is the KID.

  Args:
    key: a PRNG key, of the subsets.
    first: `[n, F]`, 2 rows or more.
    second: `[m, F]`, likewise.
    subsets: how many.
    subset_size: rows of each, all of the smaller set if it has fewer.

  Returns:
    The mean over subsets, and their standard deviation.

  Raises:
    ValueError: if the features are not such, or not finite, or no subset of
      two rows is asked for.

  Example:
    >>> x = jax.random.normal(jax.random.key(0), (60, 4))
    >>> near, _ = lx.metrics.kernel_distance(jax.random.key(1), x[:30], x[30:])
    >>> far, _ = lx.metrics.kernel_distance(jax.random.key(1), x, x + 1)
    >>> abs(near) < far
    True
  """
  samples = as_samples(first, second, 2)
  if subsets < 1 or subset_size < 2:
    raise ValueError(
      f'{subsets} subsets of {subset_size} rows were asked for; there must be '
      'one or more, of two or more rows.'
    )
  size = min(subset_size, *map(len, samples))
  # On the host, as all of it is; a program would be compiled for each size.
  rng = np.random.default_rng(np.asarray(jax.random.key_data(key)))
  values = [
    squared_discrepancy(
      *(x[rng.choice(len(x), size, replace=False)] for x in samples)
    )
    for _ in range(subsets)
  ]
  return float(np.mean(values)), float(np.std(values))


def squared_discrepancy(x: Features, y: Features) -> float:
  """The unbiased estimate from features `[n, F]` and `[m, F]`.

  See Gretton et al. 2012, equation 3: means of k over pairs of different rows
  of x, and of y, less twice the mean over all pairs of both.
  """

  def kernel(a: Features, b: Features) -> Features:
    values: Features = (a @ b.T / a.shape[1] + 1) ** 3
    return values

  def within(a: Features) -> float:
    values = kernel(a, a)
    return float((values.sum() - values.trace()) / (len(a) * (len(a) - 1)))

  return within(x) + within(y) - 2 * float(kernel(x, y).mean())
