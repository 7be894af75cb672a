"""Curves of the error of what lies between two images."""

import html
from typing import Any

import numpy as np

from experiments.pages.charts import Series, lines
from experiments.pages.workdir import Workdir
from experiments.run.record import read_json
from experiments.run.results import INTERPOLANTS

AXES = {
  'weight': 'Over the weight of the first image',
  'gap': 'Even mixtures, over the gap',
}


def known_interpolants(workdir: Workdir) -> str:
  """Two charts of each change, from `interpolants.json`.

  Returns:
    HTML; nothing where there is no such file.
  """
  found = read_json(workdir.path / INTERPOLANTS)
  parts = [
    f'<h3>{html.escape(factor)} <small>{html.escape(of_one["range"])}</small>'
    f'</h3>\n<div class="charts">'
    f'{"".join(_chart(factor, axis, of_one["by"]) for axis in AXES)}</div>'
    for factor, of_one in found.items()
  ]
  return '\n'.join([_ABOUT, *parts]) if parts else ''


_ABOUT = (
  '<p>One image is changed by two known amounts, and what lies between them is '
  'known too. The curves are the mean absolute difference from it of what '
  'mixed codes show, and of mixed pixels, of 255; bands are 95&nbsp;% '
  'confidence intervals. The gap is in shares of the whole range.</p>'
)


def _chart(factor: str, axis: str, by: dict[str, Any]) -> str:
  series = {name: _series(curves[axis]) for name, curves in by.items()}
  drawn = lines(series, across=axis, label=f'{factor}: {AXES[axis]}')
  return f'<figure><figcaption>{AXES[axis]}</figcaption>{drawn}</figure>\n'


def _series(curve: dict[str, list[float]]) -> Series:
  at, mean, half = (np.array(curve[k], float) for k in ('at', 'mean', 'ci95'))
  return Series(at, mean, mean - half, mean + half)
