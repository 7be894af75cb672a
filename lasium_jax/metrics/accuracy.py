"""Accuracy over tasks, with its uncertainty."""

import numpy as np
from numpy.typing import ArrayLike


def mean_and_ci95(accuracies: ArrayLike) -> tuple[float, float]:
  """Mean over tasks, and the half-width of its 95 % confidence interval.

  The half-width is 1.96 standard errors, as few-shot papers report it.

  Args:
    accuracies: `[num_tasks]`, two tasks or more.

  Returns:
    The mean and the half-width, in the unit of the input.

  Raises:
    ValueError: on fewer than two tasks, which have no spread.
  """
  values = np.asarray(accuracies, np.float64)
  if values.size < 2:
    raise ValueError('A confidence interval needs two tasks or more.')
  error = values.std(ddof=1) / np.sqrt(values.size)
  return float(values.mean()), float(1.96 * error)
