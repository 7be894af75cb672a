"""Runs that differ in nothing but their seed, as one with intervals."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import t

Entry = Mapping[str, Any]
Page = Mapping[str, Any]  # `experiments.papers.publish.collect` makes it.

# What an entry found; the rest says what of.
_FOUND = ('value', 'ci95')
INTERVALS = (
  'Behind ± is half a 95 % interval: of a column of several seeds that of the '
  "mean over them (Student's t), of another that over images."
)


def over_seeds(pages: Mapping[str, Page]) -> dict[str, Page]:
  """Runs of which several may be one experiment, a page an experiment.

  Args:
    pages: by the names of the runs' work folders.

  Returns:
    Those that stand alone, as they are; and in place of others, which differ in
    their seed only and were measured in the same ways, one by the name of the
    first and their number. Its values are means over the seeds, `ci95` are half
    their 95 % intervals by Student's t, `seeds` are theirs, and the seconds are
    means.
  """
  groups: dict[str, list[str]] = {}
  for name, page in pages.items():
    groups.setdefault(_experiment(page), []).append(name)
  found = {}
  for names in groups.values():
    own = [pages[name] for name in names]
    several = len({page['settings'].get('seed') for page in own}) == len(own)
    if len(own) > 1 and several:
      found[f'{names[0]} ({len(own)} seeds)'] = _combined(own)
    else:  # Of one seed twice there is no spread.
      found |= {name: pages[name] for name in names}
  return found


def _experiment(page: Page) -> str:
  """All that a run's numbers depend on, but the seed."""
  own = {k: v for k, v in page['settings'].items() if k != 'seed'}
  return repr((sorted(own.items()), [_of(e) for e in page['results']]))


def _of(entry: Entry) -> list[tuple[str, Any]]:
  return sorted((k, v) for k, v in entry.items() if k not in _FOUND)


def _combined(pages: Sequence[Page]) -> Page:
  seeds = [page['settings']['seed'] for page in pages]
  first = pages[0]
  same = zip(*(page['results'] for page in pages), strict=True)
  changed = {k: v for k, v in first['changed'].items() if k != 'seed'}
  stages = set.intersection(*(set(page['seconds']) for page in pages))
  return {
    **first,
    'results': [_mean(entries) for entries in same],
    'changed': {**changed, 'seed': '/'.join(map(str, sorted(seeds)))},
    'seconds': {
      stage: float(np.mean([page['seconds'][stage] for page in pages]))
      for stage in first['seconds']
      if stage in stages
    },
    'seeds': sorted(seeds),
  }


def _mean(entries: Sequence[Entry]) -> Entry:
  """One measure of several runs: its mean, and what that is known to."""
  values = np.array([entry['value'] for entry in entries], np.float64)
  n = len(values)
  error = values.std(ddof=1) / np.sqrt(n)
  ci95 = float(t.ppf(0.975, n - 1) * error)
  return {**entries[0], 'value': float(values.mean()), 'ci95': ci95}
