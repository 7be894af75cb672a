"""Few-shot accuracies as a table, each kind of task down to chance."""

import html
from itertools import groupby
from typing import Any, NamedTuple

from experiments.pages.bars import SCALE, accuracy_bar, keys
from experiments.pages.workdir import Workdir
from experiments.papers.published import Published, candidates, source
from experiments.run.config import flatten
from experiments.run.members import label
from experiments.run.results import WITHIN_GROUPS, is_few_shot, kind_of_task

Entry = dict[str, Any]  # One of the results in results.json.

NORMALIZATION = {
  'transductive': 'the queries of a task are normalized together, so that a '
  'prediction depends on the other queries',
  'inductive': 'no query is normalized by another',
}


class Row(NamedTuple):
  """A result, and the paper's numbers to show beside it, if there are any."""

  entry: Entry
  papers: tuple[Published, ...]


def accuracy(workdir: Workdir) -> str:
  """Accuracies by kind of task, each kind down to its floors and chance.

  The paper's numbers are looked up now, by the run's settings.

  Returns:
    A `<table>` and what explains it; nothing for no results.
  """
  settings = flatten(workdir.config)
  rows = [
    Row(entry, _to_show(candidates(settings, entry)))
    for entry in workdir.results
    if is_few_shot(entry)
  ]
  return accuracy_table(rows) if rows else ''


def _to_show(papers: tuple[Published, ...]) -> tuple[Published, ...]:
  """The one that is like for like, else all that come near."""
  return papers[:1] if papers and not papers[0].differs else papers


def accuracy_table(rows: list[Row]) -> str:
  """The table of some rows, one or more, and its legend."""
  paper = any(row.papers for row in rows)
  titles = ['Method', 'Accuracy, %', SCALE, 'Normalization', 'Tasks']
  titles += ['Paper, %'] * paper
  head = ''.join(f'<th scope="col">{title}</th>' for title in titles)
  kinds = groupby(sorted(rows, key=_kind), _kind)
  bodies = '\n'.join(_group(list(group), paper) for _, group in kinds)
  return (
    f'<table class="accuracy">\n<thead><tr>{head}</tr></thead>\n{bodies}\n'
    f'</table>\n{_legend(rows, paper)}'
  )


def _kind(row: Row) -> tuple[str, int, int, int, int, bool]:
  """What two results must share to be compared."""
  kind = row.entry['protocol']
  return (
    row.entry['dataset'],
    kind['ways'],
    kind['shots'],
    kind.get('queries', 0),
    kind.get('seed', 0),
    kind.get(WITHIN_GROUPS, False),
  )


def _group(rows: list[Row], paper: bool) -> str:
  """One kind of task: its methods, then the floors, then chance."""
  dataset, ways, _, queries, seed, _ = _kind(rows[0])
  title = html.escape(f'{dataset}, {kind_of_task(rows[0].entry["protocol"])}')
  drawn = ''.join(
    _row(row, paper)
    for row in sorted(rows, key=lambda row: bool(row.entry.get('floor')))
  )
  chance = accuracy_bar(1 / ways, 0, chance=1 / ways)
  drawn += (
    f'<tr class="floor"><th scope="row">chance <small>one of {ways}</small>'
    f'</th><td class="value">{100 / ways:.1f}</td><td>{chance}</td>'
    f'{"<td></td>" * (2 + paper)}</tr>\n'
  )
  return (
    f'<tbody><tr class="kind"><th scope="rowgroup" colspan="{5 + paper}">'
    f'{title} <small>{queries} queries a class, tasks of seed {seed}</small>'
    f'</th></tr>\n{drawn}</tbody>'
  )


def _row(row: Row, paper: bool) -> str:
  entry, papers = row
  value, ci95 = entry['value'], entry.get('ci95')
  kind = entry['protocol']
  bar = accuracy_bar(
    value,
    ci95 or 0,
    chance=1 / kind['ways'],
    paper=papers[0].value if papers else None,
  )
  cells = [
    f'<th scope="row">{html.escape(entry["name"])} '
    f'<small>{html.escape(about(entry))}</small></th>',
    f'<td class="value">{_interval(value, ci95)}</td><td>{bar}</td>',
    f'<td>{html.escape(str(kind.get("normalization", "")))}</td>',
    f'<td class="value tasks">{entry["n"]:,}</td>',
  ]
  if paper:
    cells.append(
      f'<td class="published">{"<br>".join(map(_published, papers))}</td>'
    )
  floor = ' class=floor' * bool(entry.get('floor'))
  return f'<tr{floor}>{"".join(cells)}</tr>\n'


def about(entry: Entry, unit: str = 'iterations') -> str:
  """What is said of a result beside its name: its member, its training."""
  parts = [label(entry['member'])] if 'member' in entry else []
  if entry['steps'] and not entry.get('floor'):
    parts.append(f'{entry["steps"]:,} {unit}')
  if entry.get('note'):
    parts.append(entry['note'])
  return ', '.join(parts)


def _interval(value: float, ci95: float | None) -> str:
  mean = f'{100 * value:.1f}'
  return f'<b>{mean}</b>&nbsp;±&nbsp;{100 * ci95:.1f}' if ci95 else mean


def _published(number: Published) -> str:
  """The paper's number, where it is from, and what it has otherwise."""
  interval = _interval(number.value, number.ci95)
  return (
    f'<span class="value">{interval}</span> '
    f'<small>{html.escape(source(number))}</small>'
  )


def _legend(rows: list[Row], paper: bool) -> str:
  used = dict.fromkeys(
    row.entry['protocol'].get('normalization', '') for row in rows
  )
  notes = '; '.join(
    f'{kind}, {NORMALIZATION[kind]}' for kind in used if kind in NORMALIZATION
  )
  text = 'Accuracy is the mean over tasks.'
  text += f' Normalization: {notes}.' * bool(notes)
  if any(number.differs for row in rows for number in row.papers):
    text += (
      " What stands beside the paper's number is how its run differs from "
      'this one, as far as the paper says.'
    )
  return f'{keys(paper=paper)}\n<p class="note">{text}</p>'
