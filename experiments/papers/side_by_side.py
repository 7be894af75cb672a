"""Markdown tables of runs that are measured in many ways: a column a run."""

from collections.abc import Iterator, Mapping
from typing import Any

from experiments.papers import markdown
from experiments.papers.over_seeds import INTERVALS
from experiments.papers.published import Published, candidates
from experiments.run.record import duration

Entry = Mapping[str, Any]
Page = Mapping[str, Any]  # `experiments.papers.publish.collect` makes it.

# What a protocol says of the run and not of the measure.
_OF_RUNS = ('trained on', 'training images', 'classes')


def side_by_side(pages: Mapping[str, Page]) -> str:
  """What was measured of runs on the same images.

  Args:
    pages: by the names of the runs' work folders, in the order of columns;
      also those of `over_seeds`.

  Returns:
    A table with a row a measure and a column a run, in which floors, the same
    for all, follow the runs; what intervals are of, if some are over seeds;
    what the papers' numbers were made with; and a table of how the runs were
    trained.
  """
  rows: dict[str, dict[str, str]] = {}
  differs: dict[str, None] = {}  # In order, each once.
  floors: dict[str, None] = {}
  for name, page in pages.items():
    for entry in page['results']:
      column = entry['name'] if entry.get('floor') else name
      if entry.get('floor'):
        floors[column] = None
      number = _paper(page, entry)
      differs.update(dict.fromkeys(number.differs if number else ()))
      cells = rows.setdefault(_measure(entry), {})
      cells.setdefault(column, _cell(entry, number))
  columns = [*pages, *floors]
  lines = [
    ['measure', *(f'`{column}`' for column in columns)],
    *(
      [measure, *(cells.get(column, '') for column in columns)]
      for measure, cells in rows.items()
    ),
  ]
  parts = [markdown.table(lines)]
  parts += [INTERVALS] * any('seeds' in page for page in pages.values())
  parts += markdown.of_the_paper(differs)
  parts.append(markdown.table(list(_training(pages))))
  return '\n\n'.join(parts)


def _measure(entry: Entry) -> str:
  """The metric, and what it depends on but the run."""
  protocol = [
    f'{name.replace("_", " ")}={value}'
    for name, value in entry['protocol'].items()
    if name not in _OF_RUNS
  ]
  on = f'{entry["n"]:,} {entry["of"]} of {entry["dataset"]}'
  return f'{entry["metric"]} ({", ".join([on, *protocol])})'


def _cell(entry: Entry, number: Published | None) -> str:
  text = f'{entry["value"]:.4g}'
  if 'ci95' in entry:
    text += f' ± {entry["ci95"]:.2g}'
  return f'{text} (paper {number.value:g})' if number else text


def _paper(page: Page, entry: Entry) -> Published | None:
  if entry.get('floor'):
    return None
  return next(iter(candidates(page['settings'], entry)), None)


def _training(pages: Mapping[str, Page]) -> Iterator[list[str]]:
  """A row a run: its config, its steps, and its own settings."""
  learned = {name: _learned(page) for name, page in pages.items()}
  # Only where it tells runs apart.
  shown = len(set(learned.values())) > 1
  title = ['trained on'] * shown
  yield ['run', 'config', *title, 'generator', 'other settings']
  for name, page in pages.items():
    settings = page['settings']
    prefix = 'generator_training.'
    steps = settings[f'{prefix}steps']
    batch = settings[f'{prefix}batch_size']
    seconds = page['seconds'].get('train_generator')
    took = '' if seconds is None else f', {duration(seconds)}'
    changed = (f'{k}={v}' for k, v in page['changed'].items())
    yield [
      f'`{name}`',
      f'`{settings["file"]}:{settings["name"]}`',
      *[learned[name]] * shown,
      f'{steps:,} x {batch}{_count(page)}{took}',
      ', '.join(changed),
    ]


def _learned(page: Page) -> str:
  """The images that a run's generator was trained on, in a few words."""
  settings = page['settings']
  name = settings.get('data.dataset', settings.get('data.name', ''))
  part = settings.get('data.part', 'all')
  words = (name, settings.get('data.split', ''), '' if part == 'all' else part)
  return ', '.join(filter(None, words))


def _count(page: Page) -> str:
  """Of how many images the training was, where results say it."""
  counts = {e['protocol'].get('training images') for e in page['results']}
  return ''.join(f' of {n:,} images' for n in sorted(counts - {None}))
