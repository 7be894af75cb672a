"""Results that are no few-shot accuracies, as a table: any metric has a row."""

import html
from itertools import groupby
from typing import Any

from experiments.pages.accuracy import about
from experiments.pages.charts import number
from experiments.pages.workdir import Workdir
from experiments.papers.published import published
from experiments.run.config import flatten
from experiments.run.results import is_few_shot

Entry = dict[str, Any]


def metrics_table(workdir: Workdir) -> str:
  """All results of metrics without ways and shots, by data set.

  Returns:
    A `<table>`; nothing for no such results.
  """
  settings = flatten(workdir.config)
  entries = [e for e in workdir.results if not is_few_shot(e)]
  papers = [published(settings, entry) for entry in entries]
  if not entries:
    return ''
  titles = ['Result', 'Metric', 'Value', 'Of', 'Measured with']
  titles += ['Paper'] * any(papers)
  head = ''.join(f'<th scope="col">{title}</th>' for title in titles)
  rows = []
  for entry, paper in zip(entries, papers, strict=True):
    cells = _cells(entry)
    if any(papers):
      cells.append(
        _value(entry['metric'], paper.value, paper.ci95) if paper else ''
      )
    rows.append((entry, ''.join(f'<td>{cell}</td>' for cell in cells)))
  ordered = sorted(rows, key=lambda row: row[0]['dataset'])
  bodies = ''.join(
    _group(dataset, list(group), len(titles))
    for dataset, group in groupby(ordered, lambda row: row[0]['dataset'])
  )
  return (
    '<div class="measures" tabindex="0"><table>\n'
    f'<thead><tr>{head}</tr></thead>\n{bodies}</table></div>'
  )


def _group(dataset: str, rows: list[tuple[Entry, str]], columns: int) -> str:
  lines = ''.join(
    f'<tr{" class=floor" * bool(entry.get("floor"))}><th scope="row">'
    f'{html.escape(entry["name"])} '
    f'<small>{html.escape(about(entry, "steps"))}</small></th>{cells}</tr>\n'
    for entry, cells in rows
  )
  return (
    f'<tbody><tr class="kind"><th scope="rowgroup" colspan="{columns}">'
    f'{html.escape(dataset)}</th></tr>\n{lines}</tbody>'
  )


def _cells(entry: Entry) -> list[str]:
  protocol = ', '.join(
    f'{name.replace("_", " ")} {value}'
    for name, value in entry['protocol'].items()
  )
  return [
    html.escape(entry['metric']),
    _value(entry['metric'], entry['value'], entry.get('ci95')),
    html.escape(f'{entry["count"]:,} {entry["of"]}'),
    html.escape(protocol),
  ]


def _value(metric: str, value: float, ci95: float | None) -> str:
  """An accuracy in percent, anything else as it is."""
  share = metric == 'accuracy'
  mean, *half = [
    f'{100 * x:.1f}' if share else number(x)
    for x in (value, ci95)
    if x is not None
  ]
  return f'<b>{mean}</b>{"".join(f"&nbsp;±&nbsp;{x}" for x in half)}' + (
    '&nbsp;%' * share
  )
