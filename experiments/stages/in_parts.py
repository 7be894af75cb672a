"""Many images through a function, some at a time."""

from collections.abc import Callable
from typing import Any

import numpy as np

AT_ONCE = 256  # Images.


def in_parts(apply: Callable[..., Any], *arrays: np.ndarray) -> np.ndarray:
  """What a function of rows makes of all rows.

  Args:
    apply: of arrays of `AT_ONCE` rows, a row by itself, to `[AT_ONCE, ...]`.
    *arrays: `[n, ...]`, on the host; n of 1 or more.

  Returns:
    `[n, ...]`.
  """
  results = []
  for first in range(0, len(arrays[0]), AT_ONCE):
    parts = [np.asarray(a[first : first + AT_ONCE]) for a in arrays]
    size = len(parts[0])
    # The last part is filled up, so that one program serves for all.
    filled = [
      np.pad(part, [(0, AT_ONCE - size)] + [(0, 0)] * (part.ndim - 1))
      for part in parts
    ]
    results.append(np.asarray(apply(*filled))[:size])
  return np.concatenate(results)
