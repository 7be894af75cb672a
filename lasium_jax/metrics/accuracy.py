"""Accuracy over tasks, with its uncertainty."""

import numpy as np
from numpy.typing import ArrayLike


def mean_and_ci95(accuracies: ArrayLike) -> tuple[float, float]:
  """Mean over tasks, and the half-width of its 95 % confidence interval.

  The half-width is 1.96 standard errors, as few-shot papers report it.

  Args:
    accuracies: `[num_tasks]` of one learner, two tasks or more. Those of
      several members are to be passed one by one: pooled, the interval would
      be that of no member, and too narrow for what members share.

  Returns:
    The mean and the half-width, in the unit of the input.

  Raises:
    ValueError: on fewer than two tasks, which have no spread, or on more than
      one axis.

  Example:
    >>> mean, ci95 = lx.metrics.mean_and_ci95([0.5, 0.7, 0.6, 0.6])
    >>> f'{mean:.2f} +- {ci95:.2f}'
    '0.60 +- 0.08'
  """
  values = np.asarray(accuracies, np.float64)
  if values.ndim > 1:
    raise ValueError(
      f'mean_and_ci95 is of one learner, and got accuracies {values.shape}: '
      'pass the row of each member by itself.'
    )
  if values.size < 2:
    raise ValueError('A confidence interval needs two tasks or more.')
  error = values.std(ddof=1) / np.sqrt(values.size)
  return float(values.mean()), float(1.96 * error)
