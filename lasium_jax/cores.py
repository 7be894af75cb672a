"""How many cores there are to work on."""

import os


def cpu_cores() -> int:
  """The number of cores that this process may use."""
  # Only some systems tell which cores a process may use.
  affinity = getattr(os, 'sched_getaffinity', None)
  return len(affinity(0)) if affinity else os.cpu_count() or 1
