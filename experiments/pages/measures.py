"""Results that are no few-shot accuracies, in a table: a row for a measure."""

import html
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any, NamedTuple

from experiments.pages.accuracy import about
from experiments.pages.charts import number
from experiments.pages.workdir import Workdir
from experiments.papers.published import Published, published, source
from experiments.run.config import flatten
from experiments.run.members import label
from experiments.run.results import ON_MADE, SCORE, is_few_shot

Entry = dict[str, Any]
# What is a share in [0, 1], which pages show in percent.
_SHARES = (
  'accuracy',
  'accuracy by assignment',
  SCORE,
  ON_MADE,
)


class _Row(NamedTuple):
  """What was measured: all but whose it is, and the value."""

  dataset: str
  metric: str
  details: str


def metrics_table(workdir: Workdir) -> str:
  """All results of metrics without ways and shots, floors beside the run's.

  Returns:
    A `<table>`, a row a measure, by data set; nothing for no such results.
  """
  entries = [entry for entry in workdir.results if not is_few_shot(entry)]
  if not entries:
    return ''
  settings = flatten(workdir.config)
  entries.sort(key=lambda entry: bool(entry.get('floor')))
  names = dict.fromkeys(entry['name'] for entry in entries)
  said = {name: _said(entries, name) for name in names}
  rows: dict[_Row, dict[str, Entry]] = {}
  papers: dict[_Row, Published] = {}
  for entry in entries:
    rows.setdefault(_row_of(entry), {})[entry['name']] = entry
    paper = published(settings, entry)
    if paper:
      papers.setdefault(_row_of(entry), paper)
  head = [_named(*own) for own in said.items()] + ['Paper'] * bool(papers)
  titles = ''.join(f'<th scope="col">{title}</th>' for title in head)
  ordered = sorted(rows, key=lambda row: row.dataset)
  bodies = ''.join(
    f'<tbody><tr class="kind"><th scope="rowgroup" colspan="{len(head) + 1}">'
    f'{html.escape(dataset)}</th></tr>\n'
    + ''.join(_tr(row, said, rows[row], papers) for row in group)
    + '</tbody>'
    for dataset, group in groupby(ordered, lambda row: row.dataset)
  )
  return (
    '<table class="measures">\n<thead><tr><th scope="col">Measure</th>'
    f'{titles}</tr></thead>\n{bodies}</table>'
  )


def _row_of(entry: Entry) -> _Row:
  """The row of a result; a member's own is another than its siblings'."""
  details = [label(entry['member'])] if 'member' in entry else []
  details.append(f'{entry["n"]:,} {entry["of"]}')
  details += [
    f'{name.replace("_", " ")} {value}'
    for name, value in entry['protocol'].items()
  ]
  return _Row(entry['dataset'], entry['metric'], ', '.join(details))


def _about(entry: Entry) -> str:
  """Its training and what it is, whichever member it is of."""
  own = {name: value for name, value in entry.items() if name != 'member'}
  return about(own, 'steps')


def _said(entries: Iterable[Entry], name: str) -> set[str]:
  """What is said of the entries of a name, which may be several things."""
  return {_about(entry) for entry in entries if entry['name'] == name}


def _named(name: str, said: set[str]) -> str:
  """Whose a column is, and what is true of all that stands in it."""
  if len(said) > 1:
    return html.escape(name)
  (words,) = said
  return f'{html.escape(name)} <small>{html.escape(words)}</small>'


def _tr(
  row: _Row,
  said: Mapping[str, set[str]],
  entries: Mapping[str, Entry],
  papers: Mapping[_Row, Published],
) -> str:
  cells = [
    _td(name, entries.get(name), alone=len(words) > 1)
    for name, words in said.items()
  ]
  if papers:
    paper = papers.get(row)
    cells.append(
      f'<td data-of="paper">{_paper(row.metric, paper)}</td>'
      if paper
      else '<td></td>'
    )
  return (
    f'<tr><th scope="row">{html.escape(row.metric)} '
    f'<small>{html.escape(row.details)}</small></th>{"".join(cells)}</tr>\n'
  )


def _td(name: str, entry: Entry | None, *, alone: bool) -> str:
  """A value; what is said of it stands there where it is of it alone."""
  if entry is None:
    return '<td></td>'
  floor = ' class=floor' * bool(entry.get('floor'))
  value = _value(entry['metric'], entry['value'], entry.get('ci95'))
  if alone:
    value += f' <small>{html.escape(_about(entry))}</small>'
  return f'<td{floor} data-of="{html.escape(name)}">{value}</td>'


def _paper(metric: str, paper: Published) -> str:
  value = _value(metric, paper.value, paper.ci95)
  return f'{value} <small>{html.escape(source(paper))}</small>'


def _value(metric: str, value: float, ci95: float | None) -> str:
  """An accuracy in percent, anything else as it is."""
  share = metric in _SHARES
  mean, *half = [
    f'{100 * x:.1f}' if share else number(x)
    for x in (value, ci95)
    if x is not None
  ]
  return f'<b>{mean}</b>{"".join(f"&nbsp;±&nbsp;{x}" for x in half)}' + (
    '&nbsp;%' * share
  )
