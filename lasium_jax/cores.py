"""How many cores there are to work on."""

import os


def cpu_cores() -> int:
  """Those that this process may use."""
  # Not every system says which are ours.
  affinity = getattr(os, 'sched_getaffinity', None)
  return len(affinity(0)) if affinity else os.cpu_count() or 1
