"""The tables of a report: accuracy with bars, settings, time and hardware."""

import html
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from experiments.pages.figures import stage_title
from experiments.run.config import flatten
from experiments.run.members import label
from experiments.run.record import duration

Entry = dict[str, Any]  # One of the results in results.json.

# What needs no meta-training, and what it is.
FLOORS = {'scratch': 'the floor', 'nearest': 'by pixels, not learned'}
NORMALIZATION = {
  'transductive': 'the queries of a task are normalized together, so that a '
  'prediction depends on the other queries',
  'inductive': 'no query is normalized by another',
}
SCALE = (
  '<span class="scale"><i>0</i><i>25</i><i>50</i><i>75</i><i>100</i></span>'
)
POINTER = '<path class="paper" d="M-4.5 0h9L0 6Z"/>'


def accuracy_table(results: list[Entry]) -> str:
  """Results by kind of task, each kind down to its floors and chance.

  Args:
    results: the entries of `results.json`; those with `paper_accuracy`, and
      perhaps `paper_ci95`, get the paper's number beside theirs.

  Returns:
    A `<table>` and what explains it; nothing for no results.
  """
  if not results:
    return ''
  paper = any('paper_accuracy' in entry for entry in results)
  titles = ['Method', 'Accuracy, %', SCALE, 'Normalization', 'Tasks']
  titles += ['Paper, %'] * paper
  head = ''.join(f'<th scope="col">{title}</th>' for title in titles)
  kinds = groupby(sorted(results, key=_kind), _kind)
  bodies = '\n'.join(_group(list(entries), paper) for _, entries in kinds)
  return (
    f'<table class="accuracy">\n<thead><tr>{head}</tr></thead>\n{bodies}\n'
    f'</table>\n{_legend(results, paper)}'
  )


def accuracy_bar(
  accuracy: float, ci95: float, *, chance: float, paper: float | None = None
) -> str:
  """An accuracy in [0, 1] as a bar as wide as its cell.

  Args:
    accuracy: the bar's length.
    ci95: half the length of its whisker; 0 draws none.
    chance: where the dashed line stands.
    paper: where the paper's accuracy is pointed at.

  Returns:
    An `<svg>` element of full width.
  """
  at = _percent(chance)
  parts = [
    '<rect class="track" width="100%" y="8" height="10" rx="2"/>',
    f'<rect class="fill" width="{_percent(accuracy)}" y="8" height="10" '
    'rx="2"/>',
    f'<line class="chance" x1="{at}" x2="{at}" y1="4" y2="22"/>',
    _whisker(accuracy, ci95) if ci95 else '',
  ]
  if paper is not None:
    at = _percent(paper)
    parts.append(f'<svg x="{at}" y="1" overflow="visible">{POINTER}</svg>')
  return (
    f'<svg class="bar" role="img" aria-label="{100 * accuracy:.1f} percent">'
    f'{"".join(parts)}</svg>'
  )


def _whisker(center: float, half: float) -> str:
  left, right = _percent(center - half), _percent(center + half)
  lines = [(left, right, 13, 13), (left, left, 9, 17), (right, right, 9, 17)]
  return ''.join(
    f'<line class="whisker" x1="{x1}" x2="{x2}" y1="{y1}" y2="{y2}"/>'
    for x1, x2, y1, y2 in lines
  )


def _percent(share: float) -> str:
  return f'{100 * min(max(share, 0), 1):.2f}%'


def _kind(entry: Entry) -> tuple[str, int, int, int, int]:
  """What two results must share to be compared."""
  return (
    entry['dataset'],
    entry['ways'],
    entry['shots'],
    entry['queries'],
    entry['seed'],
  )


def _group(entries: list[Entry], paper: bool) -> str:
  """One kind of task: its methods, then the floors, then chance."""
  dataset, ways, shots, queries, seed = _kind(entries[0])
  title = html.escape(f'{dataset}, {ways}-way {shots}-shot')
  rows = ''.join(
    _row(entry, paper)
    for entry in sorted(entries, key=lambda entry: entry['name'] in FLOORS)
  )
  chance = accuracy_bar(1 / ways, 0, chance=1 / ways)
  rows += (
    f'<tr class="floor"><th scope="row">chance <small>one of {ways}</small>'
    f'</th><td class="value">{100 / ways:.1f}</td><td>{chance}</td>'
    f'{"<td></td>" * (2 + paper)}</tr>\n'
  )
  return (
    f'<tbody><tr class="kind"><th scope="rowgroup" colspan="{5 + paper}">'
    f'{title} <small>{queries} queries a class, tasks of seed {seed}</small>'
    f'</th></tr>\n{rows}</tbody>'
  )


def _row(entry: Entry, paper: bool) -> str:
  accuracy, ci95 = entry['accuracy'], entry['ci95']
  published = entry.get('paper_accuracy')
  floor = entry['name'] in FLOORS
  note = FLOORS.get(entry['name'], f'{entry["steps"]:,} iterations')
  if 'member' in entry:
    note = f'{label(entry["member"])}, {note}'
  bar = accuracy_bar(accuracy, ci95, chance=1 / entry['ways'], paper=published)
  cells = [
    f'<th scope="row">{html.escape(entry["name"])} '
    f'<small>{html.escape(note)}</small></th>',
    f'<td class="value">{_interval(accuracy, ci95)}</td><td>{bar}</td>',
    f'<td>{html.escape(entry["normalization"])}</td>',
    f'<td class="value tasks">{entry["tasks"]:,}</td>',
  ]
  if paper:
    number = ''
    if published is not None:
      number = _interval(published, entry.get('paper_ci95', 0))
    cells.append(f'<td class="value published">{number}</td>')
  return f'<tr{" class=floor" * floor}>{"".join(cells)}</tr>\n'


def _interval(accuracy: float, ci95: float) -> str:
  mean = f'{100 * accuracy:.1f}'
  return f'<b>{mean}</b>&nbsp;±&nbsp;{100 * ci95:.1f}' if ci95 else mean


def _legend(results: list[Entry], paper: bool) -> str:
  keys = [
    ('<rect class="fill" width="24" y="5" height="10" rx="2"/>', 'accuracy'),
    (
      '<path class="whisker" d="M5 10h14M5 6v8M19 6v8"/>',
      '95&nbsp;% confidence interval',
    ),
    ('<path class="chance" d="M12 0v20"/>', 'chance'),
  ]
  if paper:
    keys.append((f'<g transform="translate(12 7)">{POINTER}</g>', 'paper'))
  items = ''.join(
    f'<li><svg class="key" viewBox="0 0 24 20">{mark}</svg>{name}</li>'
    for mark, name in keys
  )
  used = dict.fromkeys(str(entry['normalization']) for entry in results)
  notes = '; '.join(
    f'{kind}, {NORMALIZATION[kind]}' for kind in used if kind in NORMALIZATION
  )
  return (
    f'<ul class="legend">{items}</ul>\n'
    f'<p class="note">Accuracy is the mean over tasks. Normalization: '
    f'{notes}.</p>'
  )


def settings_table(config: Mapping[str, Any]) -> str:
  """A run's settings, a table for every group of them.

  Args:
    config: nested as it likes; what lies deeper than one group is named by
      its path.

  Returns:
    HTML; nothing for no settings.
  """
  groups: dict[str, dict[str, Any]] = {}
  for name, value in flatten(config).items():
    group, _, field = name.rpartition('.') if '.' in name else ('', '', name)
    groups.setdefault(group, {})[field] = value
  tables = '\n'.join(
    f'<table><caption>{html.escape(group) or "run"}</caption>'
    f'{_rows(fields)}</table>'
    for group, fields in groups.items()
  )
  return tables and f'<div class="settings">\n{tables}\n</div>'


def times_table(
  record: Mapping[str, Any], metrics: Iterable[Mapping[str, Any]]
) -> str:
  """How long a run took, on what, and how many anchors it drew again.

  Args:
    record: `results.json`: `hardware` and `rejected_anchors`, either of which
      may be missing.
    metrics: the lines of `metrics.jsonl`; every stage's last one counts.

  Returns:
    HTML; nothing for nothing recorded.
  """
  seconds = _last_seconds(metrics)
  fields = {stage_title(name): duration(s) for name, s in seconds.items()}
  if len(fields) > 1:
    fields['All stages'] = duration(sum(seconds.values()))
  if 'hardware' in record:
    fields['Hardware'] = record['hardware']
  if 'rejected_anchors' in record:
    counts = record['rejected_anchors']
    fields['Anchors'] = (
      f'{counts["rejected"]:,} sets rejected, too close to each other, while '
      f'{counts["tasks"]:,} tasks were made'
    )
  return f'<table class="times">{_rows(fields)}</table>' if fields else ''


def _last_seconds(metrics: Iterable[Mapping[str, Any]]) -> dict[str, float]:
  return {entry['stage']: entry['seconds'] for entry in metrics}


def _rows(fields: Mapping[str, object]) -> str:
  return ''.join(
    f'<tr><th scope="row">{html.escape(name)}</th>'
    f'<td>{html.escape(_setting(value))}</td></tr>'
    for name, value in fields.items()
  )


def _setting(value: object) -> str:
  if isinstance(value, list):
    return ', '.join(map(_setting, value))
  return str(value)
