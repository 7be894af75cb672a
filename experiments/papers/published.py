"""All papers' numbers, looked up by a run's settings when a page is drawn."""

from collections.abc import Mapping
from typing import Any

from experiments.papers import boutin, cola, interpolative, lasium, older
from experiments.papers.numbers import Published, matching

__all__ = ['TABLES', 'Published', 'candidates', 'published', 'source']

NUMBERS = (
  *lasium.NUMBERS,
  *interpolative.NUMBERS,
  *cola.NUMBERS,
  *boutin.NUMBERS,
)
TABLES = tuple(dict.fromkeys(number.table for number in NUMBERS))


def published(
  settings: Mapping[str, Any], entry: Mapping[str, Any]
) -> Published | None:
  """The paper's number that is the most like a result's.

  Args:
    settings: of the run, flattened; also those of older runs.
    entry: of its `results.json`, in today's form. One that was kept with the
      paper's number of its day has that if there are no settings.

  Returns:
    The number, and how it differs; None where no paper has the experiment.
  """
  return next(iter(candidates(settings, entry)), None)


def candidates(
  settings: Mapping[str, Any], entry: Mapping[str, Any]
) -> tuple[Published, ...]:
  """Every table's number for a result, the most alike first."""
  if settings:
    return matching(NUMBERS, older.renamed(settings), entry)
  published = entry.get('published')
  if not published:
    return ()
  return (Published(published['value'], published['ci95'], ''),)


def source(number: Published) -> str:
  """Where a number stands, and what it has otherwise, in words."""
  return ', '.join(filter(None, [number.table, *number.differs]))
