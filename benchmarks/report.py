"""What was measured, as one line of the JSON each, a table and a plot."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.cases import Case
from benchmarks.timing import summary

COLUMNS = (
  ('ms', 'ms', '.1f'),
  ('min', 'ms_min', '.1f'),
  ('max', 'ms_max', '.1f'),
  ('PyTorch ms', 'reference_ms', '.1f'),
  ('ratio', 'ratio', '.2f'),
  ('GFLOP', 'gflop', '.2f'),
  ('GFLOP/s', 'gflops', '.1f'),
  ('of matmul', 'peak_share', '.0%'),
  ('peak MB', 'peak_mb', '.0f'),
  ('a second', 'per_second', '.1f'),
)


def result(
  name: str, case: Case, times: Mapping[str, list[float]], rate: float
) -> dict[str, Any]:
  """One entry of the JSON's `results`.

  Args:
    name: of the case.
    case: what was timed.
    times: milliseconds of `ours` and, if there is one, `reference`.
    rate: GFLOP/s of the machine's matrix product.

  Returns:
    `ratio` is the reference's time over ours, `peak_share` our rate over
    `rate`; both None where there is nothing to divide.
  """
  ours = summary(times['ours'], case.repeats)
  theirs = summary(times['reference']) if 'reference' in times else None
  rated = None if case.gflop is None else 1e3 * case.gflop / ours.median
  return {
    'name': name,
    'ms': ours.median,
    'ms_min': ours.least,
    'ms_max': ours.most,
    'reference_ms': theirs and theirs.median,
    'reference_ms_min': theirs and theirs.least,
    'reference_ms_max': theirs and theirs.most,
    'ratio': theirs and theirs.median / ours.median,
    'gflop': case.gflop,
    'gflops': rated,
    'peak_share': rated and rated / rate,
    'peak_mb': case.peak_mb,
    'per_second': 1e3 * case.items / ours.median,
    'item': case.item,
  }


def table(page: Mapping[str, Any]) -> str:
  """The results in aligned columns."""
  rows = [['', *(title for title, _, _ in COLUMNS), '']]
  for entry in page['results']:
    values = (
      '-' if entry[key] is None else format(entry[key], form)
      for _, key, form in COLUMNS
    )
    rows.append([entry['name'], *values, entry['item']])
  widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
  lines = [
    f'{row[0]:<{widths[0]}}  '
    + '  '.join(
      f'{c:>{w}}' for c, w in zip(row[1:-1], widths[1:], strict=False)
    )
    + f'  {row[-1]}'
    for row in rows
  ]
  about = (
    f'{page["device"]}, {page["threads"]} threads, {page["precision"]}; '
    f'matrix product: {page["matmul_gflops"]:.1f} GFLOP/s'
  )
  return '\n'.join([about, *(line.rstrip() for line in lines)])


def plot(page: Mapping[str, Any], path: Path) -> None:
  """Bars: how many times PyTorch's speed, and the share of the matrix rate."""
  import matplotlib as mpl

  mpl.use('agg')
  from matplotlib import pyplot as plt

  panels = (
    ('ratio', 'times as fast as PyTorch', 1.0),
    ('peak_share', "share of the matrix product's rate", None),
  )
  height = 1.2 + 0.3 * len(page['results'])
  figure, axes = plt.subplots(1, 2, figsize=(11, height), layout='constrained')
  for axis, (key, title, line) in zip(axes, panels, strict=True):
    entries = [e for e in reversed(page['results']) if e[key] is not None]
    bars = axis.barh([e['name'] for e in entries], [e[key] for e in entries])
    axis.bar_label(bars, fmt='%.2f', padding=3)
    axis.margins(x=0.12)
    axis.set_title(title)
    axis.spines[['top', 'right']].set_visible(False)
    if line is not None:
      axis.axvline(line, color='gray', linewidth=1)
  figure.suptitle(f'{page["device"]}, {page["precision"]}')
  figure.savefig(path, dpi=120)
  plt.close(figure)
