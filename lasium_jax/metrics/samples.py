"""What all comparisons of two sets of features begin with."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Features = NDArray[np.float64]


def as_samples(
  first: ArrayLike, second: ArrayLike, least: int
) -> tuple[Features, Features]:
  """Two sets of features as float64 on the host.

  The measures are small differences of large sums, of which float32 would leave
  two or three digits, and JAX has float64 for a whole process or not at all.

  Args:
    first: `[n, F]`.
    second: `[m, F]`.
    least: how many rows each must have.

  Returns:
    Both.

  Raises:
    ValueError: if they are not such, too few, or have values that are not
      finite.
  """
  samples = np.asarray(first, np.float64), np.asarray(second, np.float64)
  shapes = ' and '.join(str(sample.shape) for sample in samples)
  if any(sample.ndim != 2 for sample in samples) or (
    samples[0].shape[1] != samples[1].shape[1]
  ):
    raise ValueError(
      f'Features are {shapes}; they must be [n, F] and [m, F], of one F.'
    )
  if min(map(len, samples)) < least:
    raise ValueError(
      f'Features are {shapes}: at least {least} rows of each are needed.'
    )
  if not all(np.isfinite(sample).all() for sample in samples):
    raise ValueError('Features have values that are not finite.')
  return samples
