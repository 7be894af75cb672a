"""Training curves: a chart for every stage and metric."""

import html
from collections.abc import Iterable
from typing import Any

import numpy as np

from experiments.pages import charts
from experiments.pages.older import StageText
from experiments.pages.workdir import Workdir

# Values by stage, metric and step.
Curves = dict[str, dict[str, dict[int, float]]]


def training_curves(workdir: Workdir) -> str:
  """One chart for every stage and metric, stages of one title together.

  `ci95` beside `accuracy`, as `validation_ci95` beside `validation_accuracy`
  or `distance_ci95` beside `distance`, becomes the band around it. Entries that
  are no numbers are left out.
  """
  figures: dict[str, str] = {}
  for stage, curves in _by_stage(workdir.metrics).items():
    text = workdir.stages[stage]
    figures[text.title] = figures.get(text.title, '') + ''.join(
      _curve(name, points, _interval(name, curves), text)
      for name, points in curves.items()
      if not name.endswith('ci95')
    )
  parts = [
    f'<h3>{html.escape(title)}</h3>\n<div class="charts">{drawn}</div>'
    for title, drawn in figures.items()
    if drawn
  ]
  if parts:
    parts.append(
      f'<p class="note">Beyond {charts.MAX_POINTS} records the line is the '
      'mean of neighbors and the band their range. Around a validation '
      'accuracy the band is the 95&nbsp;% confidence interval.</p>'
    )
  return '\n'.join(parts)


def _interval(
  name: str, curves: dict[str, dict[int, float]]
) -> dict[int, float]:
  """Half the 95 % confidence interval of a metric, by step."""
  names = (f'{name.removesuffix("accuracy")}ci95', f'{name}_ci95')
  return next((curves[n] for n in names if n in curves), {})


def _by_stage(entries: Iterable[dict[str, Any]]) -> Curves:
  """All values; where a step was recorded twice, the later record counts."""
  curves: Curves = {}
  for entry in entries:
    for name, value in entry.items():
      # A name with a slash is the metric of one member of many.
      if '/' in name or name in ('step', 'seconds'):
        continue
      if type(value) in (int, float):
        stage = curves.setdefault(str(entry['stage']), {})
        stage.setdefault(name, {})[entry['step']] = value
  return curves


def _curve(
  name: str, points: dict[int, float], ci95: dict[int, float], text: StageText
) -> str:
  """A chart under its name; `ci95` is half the band's height by step."""
  unit = text.units.get(name, '')
  scale, axis = (100, '%') if unit == '%' else (1, '')
  steps = sorted(points)
  values = scale * np.array([points[step] for step in steps], np.float64)
  half = scale * np.array([ci95.get(step, 0) for step in steps])
  series = charts.Series(
    np.array(steps, np.float64), values, values - half, values + half
  )
  lost = int((~np.isfinite(values)).sum())
  notes = [text.part, '' if axis else unit]
  notes += [f'{lost:,} not finite'] * bool(lost)
  title = html.escape(name.replace('_', ' '))
  drawn = ''
  if lost < len(values):
    drawn = charts.curve(charts.thin(series), unit=axis, label=name)
  return (
    f'<figure><figcaption>{title} '
    f'<small>{html.escape(", ".join(filter(None, notes)))}</small>'
    f'</figcaption>{drawn}</figure>\n'
  )
