"""The tables of a report: accuracy with bars, settings, time and hardware."""

import html
from itertools import groupby
from typing import Any

Entry = dict[str, Any]  # One of the results in results.json.

FLOOR = 'scratch'
NORMALIZATION = {
  'transductive': 'the queries of a task are normalized together, so that a '
  'prediction depends on the other queries',
  'inductive': 'no query is normalized by another',
}
SCALE = (
  '<span class="scale"><i>0</i><i>25</i><i>50</i><i>75</i><i>100</i></span>'
)
DIAMOND = '<path class="paper" d="M0-4.5 4.5 0 0 4.5-4.5 0Z"/>'


def accuracy_table(results: list[Entry]) -> str:
  """Results by kind of task, each kind down to its floor and chance.

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
  accuracy: float,
  ci95: float,
  *,
  chance: float,
  paper: tuple[float, float] | None = None,
) -> str:
  """An accuracy in [0, 1] as a bar as wide as its cell.

  Args:
    accuracy: the bar's length.
    ci95: half the length of its whisker; 0 draws none.
    chance: where the dashed line stands.
    paper: the paper's accuracy and interval, a diamond with its own whisker.

  Returns:
    An `<svg>` element of full width.
  """
  at = _percent(chance)
  parts = [
    '<rect class="track" width="100%" y="5" height="10" rx="2"/>',
    f'<rect class="fill" width="{_percent(accuracy)}" y="5" height="10" '
    'rx="2"/>',
    f'<line class="chance" x1="{at}" x2="{at}" y1="0" y2="20"/>',
    _whisker(accuracy, ci95) if ci95 else '',
  ]
  if paper:
    parts.append(
      f'<g class="paper">{_whisker(*paper)}</g><svg x="{_percent(paper[0])}" '
      f'y="10" overflow="visible">{DIAMOND}</svg>'
    )
  return (
    f'<svg class="bar" role="img" aria-label="{100 * accuracy:.1f} percent">'
    f'{"".join(parts)}</svg>'
  )


def _whisker(centre: float, half: float) -> str:
  left, right = _percent(centre - half), _percent(centre + half)
  lines = [(left, right, 10, 10), (left, left, 6, 14), (right, right, 6, 14)]
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
  """One kind of task: its methods, then the floor, then chance."""
  dataset, ways, shots, queries, seed = _kind(entries[0])
  title = html.escape(f'{dataset}, {ways}-way {shots}-shot')
  rows = [
    _row(entry, paper)
    for entry in sorted(entries, key=lambda entry: entry['name'] == FLOOR)
  ]
  chance = accuracy_bar(1 / ways, 0, chance=1 / ways)
  rows.append(
    f'<tr class="floor"><th scope="row">chance <small>one of {ways}</small>'
    f'</th><td class="value">{100 / ways:.1f}</td><td>{chance}</td>'
    f'{"<td></td>" * (2 + paper)}</tr>'
  )
  return (
    f'<tbody><tr class="kind"><th scope="rowgroup" colspan="{5 + paper}">'
    f'{title} <small>{queries} queries a class, tasks of seed {seed}</small>'
    f'</th></tr>\n{"\n".join(rows)}</tbody>'
  )


def _row(entry: Entry, paper: bool) -> str:
  accuracy, ci95 = entry['accuracy'], entry['ci95']
  published = None
  if 'paper_accuracy' in entry:
    published = (entry['paper_accuracy'], entry.get('paper_ci95', 0))
  floor = entry['name'] == FLOOR
  note = 'the floor' if floor else f'{entry["steps"]:,} iterations'
  bar = accuracy_bar(accuracy, ci95, chance=1 / entry['ways'], paper=published)
  cells = [
    f'<th scope="row">{html.escape(entry["name"])} <small>{note}</small></th>',
    f'<td class="value">{_interval(accuracy, ci95)}</td><td>{bar}</td>',
    f'<td>{html.escape(entry["normalization"])}</td>',
    f'<td class="value tasks">{entry["tasks"]:,}</td>',
  ]
  if paper:
    number = _interval(*published) if published else ''
    cells.append(f'<td class="value published">{number}</td>')
  return f'<tr{" class=floor" * floor}>{"".join(cells)}</tr>'


def _interval(accuracy: float, ci95: float) -> str:
  mean = f'{100 * accuracy:.1f}'
  return f'<b>{mean}</b>&nbsp;±&nbsp;{100 * ci95:.1f}' if ci95 else mean


def _legend(results: list[Entry], paper: bool) -> str:
  keys = [
    ('<rect class="fill" width="24" y="5" height="10" rx="2"/>', 'accuracy'),
    (
      '<g transform="translate(12)"><path class="whisker" '
      'd="M-7 10H7M-7 6v8M7 6v8"/></g>',
      '95&nbsp;% confidence interval',
    ),
    ('<path class="chance" d="M12 0v20"/>', 'chance'),
  ]
  if paper:
    keys.append((f'<g transform="translate(12 10)">{DIAMOND}</g>', 'paper'))
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


def settings_table(config: Json) -> str:
  """Fields by their group; deeper ones under dotted names."""
  groups: dict[str, dict[str, object]] = {'': {}}
  for name, value in config.items():
    if isinstance(value, dict):
      groups[name] = _flat(value)
    else:
      groups[''][name] = value
  tables = ''.join(
    f'<table><caption>{html.escape(group) or "run"}</caption>'
    f'{_rows(fields.items())}</table>'
    for group, fields in groups.items()
    if fields
  )
  return tables and f'<div class="settings">{tables}</div>'


def _flat(fields: Json) -> dict[str, object]:
  flat: dict[str, object] = {}
  for name, value in fields.items():
    if isinstance(value, dict):
      flat |= {f'{name}.{key}': leaf for key, leaf in _flat(value).items()}
    else:
      flat[name] = value
  return flat


def _rows(fields: Iterable[tuple[str, object]]) -> str:
  return ''.join(
    f'<tr><th scope="row">{html.escape(name)}</th>'
    f'<td>{html.escape(_setting(value))}</td></tr>'
    for name, value in fields
  )


def _setting(value: object) -> str:
  """A JSON value as one would type it, lists without their brackets."""
  if isinstance(value, list):
    return ', '.join(map(_setting, value))
  return value if isinstance(value, str) else json.dumps(value)


def times_table(record: Json) -> str:
  seconds = record.get('seconds', {})
  fields = [
    (STAGES.get(stage, stage), _duration(s)) for stage, s in seconds.items()
  ]
  if len(fields) > 1:
    fields.append(('Together', _duration(sum(seconds.values()))))
  if 'hardware' in record:
    fields.append(('Hardware', record['hardware']))
  if 'rejected_anchors' in record:
    counts = record['rejected_anchors']
    fields.append((
      'Anchors',
      f'{counts["rejected"]:,} sets drawn again, too close to each other, '
      f'for {counts["tasks"]:,} tasks',
    ))
  return fields and f'<table class="times">{_rows(fields)}</table>' or ''


def _duration(seconds: float) -> str:
  minutes, rest = divmod(seconds, 60)
  if not minutes:
    return f'{rest:.1f} s'
  hours, minutes = divmod(int(minutes), 60)
  return f'{hours} h {minutes} min' if hours else f'{minutes} min {rest:.0f} s'


