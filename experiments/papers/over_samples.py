"""A Markdown table of classifiers of very small samples, over the samples."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from experiments.papers import markdown
from experiments.papers.published import candidates
from experiments.run.added_settings import lacked
from experiments.run.record import duration
from experiments.run.results import ON_MADE, SCORE

Entry = Mapping[str, Any]
Page = Mapping[str, Any]  # `experiments.papers.publish.collect` makes it.

# Runs that differ in nothing else are of one experiment.
_SAMPLE = ('small_sample.split_seed', 'seed', 'seeds', 'training.test_every')
_SHOTS = 'small_sample.shots'


class Group(NamedTuple):
  """Runs that differ in their samples alone.

  Attributes:
    pages: one a sample, or one a sample and seed.
    changed: settings that are not the config file's, but for the sample's.
  """

  pages: list[Page]
  changed: dict[str, Any]


def is_of_a_sample(page: Page) -> bool:
  """Whether a run has classifiers of a small sample, and no clusters."""
  settings = page.get('settings', {})
  classified = settings.get('system') == 'cola' and 'training.steps' in settings
  sections = {name.partition('.')[0] for name in settings}
  return classified and not sections & {'clustered', 'code_clusters'}


def of_classifiers(entry: Entry) -> bool:
  """Whether a result of such a run is an accuracy."""
  return entry['metric'] in ('accuracy', SCORE, ON_MADE)


def over_samples(pages: Sequence[Page]) -> str:
  """The classifiers' accuracies in %, over samples of one size.

  Args:
    pages: of runs of which `is_of_a_sample` holds.

  Returns:
    A table with a row an experiment, whose cells are a mean over its samples,
    of each of which it is the mean over the seeds, and, of several samples,
    their standard deviation; and what the papers' numbers, which
    stand behind, were made with.
  """
  groups = list(_groups(pages))
  kinds = list(
    dict.fromkeys(
      _kind(entry)
      for page in pages
      for entry in page['results']
      if of_classifiers(entry)
    )
  )
  differs: dict[str, None] = {}  # In order, each once.
  rows = []
  for group in groups:
    settings = group.pages[0]['settings']
    cells = [_cell(group, kind, differs) for kind in kinds]
    rows.append(
      [
        f'`{settings["name"]}`',
        str(settings[_SHOTS]),
        str(len(set(map(_sample, group.pages)))),
        *cells,
        _generator(group),
        _stages(group),
        ', '.join(f'{k}={v}' for k, v in group.changed.items()),
      ]
    )
  head = [
    *('run', 'images a class', 'samples'),
    *(_title(kind) for kind in kinds),
    *('generator', 'classifiers, a sample', 'other settings'),
  ]
  parts = [markdown.table([head, *rows]), *markdown.of_the_paper(differs)]
  return '\n\n'.join(parts)


def _groups(pages: Sequence[Page]) -> Iterator[Group]:
  groups: dict[str, Group] = {}
  for page in pages:
    settings = {**lacked(page['settings']), **page['settings']}
    own = {k: v for k, v in settings.items() if k not in _SAMPLE}
    changed = {
      k: v for k, v in page['changed'].items() if k not in (*_SAMPLE, _SHOTS)
    }
    key = repr(sorted(own.items()))
    groups.setdefault(key, Group([], changed)).pages.append(page)
  yield from sorted(
    groups.values(),
    key=lambda group: (
      group.pages[0]['settings']['name'],
      group.pages[0]['settings'][_SHOTS],
    ),
  )


def _sample(page: Page) -> int:
  number: int = page['settings']['small_sample.split_seed']
  return number


def _kind(entry: Entry) -> tuple[str, str]:
  return entry['metric'], entry.get('note', '')


def _title(kind: tuple[str, str]) -> str:
  metric, note = kind
  return note if metric == 'accuracy' else f'{metric}, {note}'


def _cell(group: Group, kind: tuple[str, str], differs: dict[str, None]) -> str:
  """The mean over the samples, and the paper's, whose differences are noted."""
  found = [
    (page, entry)
    for page in group.pages
    for entry in page['results']
    if _kind(entry) == kind and entry.get('of') == 'images'
  ]
  if not found:
    return ''
  # Of a sample there may be several classifiers, which differ in their seeds.
  by_sample: dict[int, list[float]] = {}
  for page, entry in found:
    sample = by_sample.setdefault(_sample(page), [])
    sample.append(100 * entry['value'])
  values = np.array([np.mean(sample) for sample in by_sample.values()])
  text = f'{values.mean():.2f}'
  if len(values) > 1:
    text += f' ± {values.std(ddof=1):.2f}'
  page, entry = found[0]
  number = next(iter(candidates(page['settings'], entry)), None)
  if number is None:
    return text
  differs.update(dict.fromkeys(number.differs))
  spread = f' ± {100 * number.ci95:.2f}' if number.ci95 else ''
  return f'{text} (paper {100 * number.value:.2f}{spread})'


def _generator(group: Group) -> str:
  """Steps and batch of the generator's training."""
  settings = group.pages[0]['settings']
  steps = settings['generator_training.steps']
  return f'{steps:,} x {settings["generator_training.batch_size"]}'


def _stages(group: Group) -> str:
  """Steps and batch of a classifier, and the time of a sample's three."""
  settings = group.pages[0]['settings']
  seconds = [
    sum(v for k, v in page['seconds'].items() if k.startswith('train_class'))
    for page in group.pages
  ]
  return (
    f'{settings["training.steps"]:,} x {settings["training.batch_size"]}, '
    f'{duration(float(np.mean(seconds)))}'
  )
