"""Results that are no few-shot accuracies, as a table: any metric has a row."""

import html
from itertools import groupby
from typing import Any

from experiments.pages.accuracy import about
from experiments.pages.charts import number
from experiments.pages.workdir import Workdir
from experiments.papers.published import Published, published, source
from experiments.run.config import flatten
from experiments.run.results import is_few_shot

Entry = dict[str, Any]


def metrics_table(workdir: Workdir) -> str:
  """All results of metrics without ways and shots, by data set.

  Returns:
    A `<table>`; nothing for no such results.
  """
  settings = flatten(workdir.config)
  entries = sorted(
    (entry for entry in workdir.results if not is_few_shot(entry)),
    key=lambda entry: entry['dataset'],
  )
  if not entries:
    return ''
  papers = [published(settings, entry) for entry in entries]
  titles = ['Result', 'Metric', 'Value', 'Of', 'Measured with']
  titles += ['Paper'] * any(papers)
  head = ''.join(f'<th scope="col">{title}</th>' for title in titles)
  rows = [
    (entry['dataset'], _row(entry, paper, len(titles) - 1))
    for entry, paper in zip(entries, papers, strict=True)
  ]
  bodies = ''.join(
    f'<tbody><tr class="kind"><th scope="rowgroup" colspan="{len(titles)}">'
    f'{html.escape(dataset)}</th></tr>\n{"".join(row for _, row in group)}'
    '</tbody>'
    for dataset, group in groupby(rows, lambda row: row[0])
  )
  return (
    f'<table class="measures">\n<thead><tr>{head}</tr></thead>\n{bodies}'
    '</table>'
  )


def _row(entry: Entry, paper: Published | None, columns: int) -> str:
  """A result with so many cells behind its name, the last for the paper's."""
  cells = [*_cells(entry), _paper(entry, paper)][:columns]
  floor = ' class=floor' * bool(entry.get('floor'))
  return (
    f'<tr{floor}><th scope="row">{html.escape(entry["name"])} '
    f'<small>{html.escape(about(entry, "steps"))}</small></th>'
    f'{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>\n'
  )


def _paper(entry: Entry, paper: Published | None) -> str:
  if paper is None:
    return ''
  value = _value(entry['metric'], paper.value, paper.ci95)
  return f'{value} <small>{html.escape(source(paper))}</small>'


def _cells(entry: Entry) -> list[str]:
  protocol = ', '.join(
    f'{name.replace("_", " ")} {value}'
    for name, value in entry['protocol'].items()
  )
  return [
    html.escape(entry['metric']),
    _value(entry['metric'], entry['value'], entry.get('ci95')),
    html.escape(f'{entry["n"]:,} {entry["of"]}'),
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
