"""How different the images of one class are."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasium_jax.metrics.samples import as_samples


def diversity(features: ArrayLike, labels: ArrayLike) -> NDArray[np.float64]:
  """The standard deviation of a feature within each class.

  Averaged over features, and divided by one less than the images of the class
  under the root. The mean over classes is the diversity of Boutin et al. 2022
  (section 3.1), whose features are of a network that learned without labels.

  Args:
    features: `[n, F]`.
    labels: `[n]` ints, two of each class that there is or more.

  Returns:
    `[classes]`, in the order of their labels.

  Raises:
    ValueError: if the features are not such, or a class has one image alone.

  Example:
    >>> features = [[0.0, 5.0], [2.0, 5.0], [1.0, 1.0], [1.0, 1.0]]
    >>> [f'{x:.3f}' for x in lx.metrics.diversity(features, [0, 0, 1, 1])]
    ['0.707', '0.000']
  """
  x, _ = as_samples(features, features, 2)
  classes, counts = np.unique(np.asarray(labels), return_counts=True)
  if counts.min() < 2:
    raise ValueError(
      f'Class {classes[counts.argmin()]} has one image alone, which has no '
      'diversity: make two or more of each class.'
    )
  spreads = [x[labels == c].std(0, ddof=1).mean() for c in classes]
  return np.array(spreads)
