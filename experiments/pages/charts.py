"""Curves as SVG text, to be set inside a page.

Drawn by hand, so that the page needs no other file and no script. Colors come
from the page's style sheet by class names, so that they follow light and dark.
"""

import html
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

WIDTH, HEIGHT = 360, 180
LEFT, RIGHT, TOP, BOTTOM = 48, 58, 10, 26  # Room around the plot.
MAX_POINTS = 200  # More than these are joined to their neighbors.


class Series(NamedTuple):
  """Values over steps, with the range that each stands for.

  Attributes:
    steps: `[n]`, ascending, 0 or more.
    values: `[n]`; what is not finite is left as a gap.
    low: `[n]`, at most `values`.
    high: `[n]`, at least `values`.
  """

  steps: Values
  values: Values
  low: Values
  high: Values


def thin(series: Series, limit: int = MAX_POINTS) -> Series:
  """At most `limit` points: means of neighbors, and their whole range.

  A point stands at the last step of those it joins. Values that are not
  finite are left out; where there are no others, the point is NaN.
  """
  count = len(series.steps)
  if count <= limit:
    return series
  points = [
    _join(Series(*(column[part] for column in series)))
    for part in np.array_split(np.arange(count), limit)
  ]
  return Series(*np.array(points).T)


def ticks(low: float, high: float, count: int = 4) -> Values:
  """Round numbers, about `count` intervals, from `low` or below to `high`.

  Intervals are 1, 2, 2.5 or 5 times a power of ten; two equal bounds are
  first spread by a twentieth.
  """
  if low == high:
    spread = abs(low) / 20 or 1.0
    low, high = low - spread, high + spread
  rough = (high - low) / count
  power = 10.0 ** np.floor(np.log10(rough))
  steps = power * np.array([1, 2, 2.5, 5, 10])
  # A hair of slack: 0.3 / 3 is above 0.1 in floating point.
  step = steps[np.argmax(steps >= rough * (1 - 1e-9))]
  first, last = np.floor(low / step + 1e-9), np.ceil(high / step - 1e-9)
  levels: Values = np.arange(first, last + 1) * step
  return levels


def curve(series: Series, *, unit: str = '', label: str) -> str:
  """A line over steps, with axes, its range and its last value.

  Args:
    series: thinned, with one finite value or more.
    unit: follows the numbers, such as '%'.
    label: what a screen reader says.

  Returns:
    An `<svg>` element.
  """
  finite = np.flatnonzero(np.isfinite(series.values))
  levels = ticks(series.low[finite].min(), series.high[finite].max())
  end = max(float(series.steps[-1]), 1.0)
  x = LEFT + series.steps / end * (WIDTH - LEFT - RIGHT)
  y, low, high = (
    _vertical(v, levels) for v in (series.values, series.low, series.high)
  )
  parts = [_y_axis(levels, unit), _x_axis(end)]
  for run in np.split(finite, np.flatnonzero(np.diff(finite) > 1) + 1):
    parts.append(_band(x[run], low[run], high[run]))
    parts.append(_line(x[run], y[run]))
  last = finite[-1]
  value = number(float(series.values[last]), unit)
  parts.append(
    f'<circle class="end" cx="{x[last]:.1f}" cy="{y[last]:.1f}" r="3"/>'
    f'<text class="last" x="{x[last] + 8:.1f}" y="{y[last] + 4:.1f}">'
    f'{value}</text>'
  )
  return (
    f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
    f'aria-label="{html.escape(label)}, at last {value}">{"".join(parts)}</svg>'
  )


def lines(series: Mapping[str, Series], *, across: str, label: str) -> str:
  """Lines over the same numbers from 0 to 1, the first above the others.

  Args:
    series: by name, which stands at the end of each line; all finite.
    across: what the numbers are.
    label: what a screen reader says.

  Returns:
    An `<svg>` element.
  """
  low = min(one.low.min() for one in series.values())
  levels = ticks(low, max(one.high.max() for one in series.values()))
  parts = [_y_axis(levels, ''), _x_axis(1.0, across, whole=False)]
  names = []
  for i, (name, one) in reversed(list(enumerate(series.items()))):
    x = LEFT + one.steps * (WIDTH - LEFT - RIGHT)
    y, low, high = (
      _vertical(v, levels) for v in (one.values, one.low, one.high)
    )
    drawn = _band(x, low, high) + _line(x, y)
    parts.append(f'<g class="floor">{drawn}</g>' if i else drawn)
    names.append((float(y[-1]), name, i))
  parts += _names(names)
  return (
    f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
    f'aria-label="{html.escape(label)}">{"".join(parts)}</svg>'
  )


def _names(names: list[tuple[float, str, int]]) -> Iterator[str]:
  """Names at the ends of lines, from the top, none over another."""
  free = 0.0
  for end, name, i in sorted(names):
    free = max(end + 4, free)
    kind = 'last floor' if i else 'last'
    yield (
      f'<text class="{kind}" x="{WIDTH - RIGHT + 8}" y="{free:.1f}">'
      f'{html.escape(name)}</text>'
    )
    free += 12


def number(value: float, unit: str = '') -> str:
  """Three significant digits, never an exponent where it can be avoided."""
  size = abs(value)
  if value == 0 or 1e-4 <= size < 1e6:
    digits = 2 - int(np.floor(np.log10(size))) if size else 0
    text = f'{value:,.{min(max(digits, 0), 6)}f}'
  else:
    text = f'{value:.2g}'
  return _typeset(text, unit)


def _join(part: Series) -> tuple[float, float, float, float]:
  step, keep = float(part.steps[-1]), np.isfinite(part.values)
  if not keep.any():
    return step, np.nan, np.nan, np.nan
  low, high = part.low[keep].min(), part.high[keep].max()
  return step, float(part.values[keep].mean()), float(low), float(high)


def _vertical(values: Values, levels: Values) -> Values:
  share = (values - levels[0]) / (levels[-1] - levels[0])
  y: Values = HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
  return y


def _line(x: Values, y: Values) -> str:
  if len(x) == 1:
    return f'<circle class="dot" cx="{x[0]:.1f}" cy="{y[0]:.1f}" r="2.5"/>'
  return f'<path class="line" d="M{_points(x, y)}"/>'


def _band(x: Values, low: Values, high: Values) -> str:
  if np.array_equal(low, high):
    return ''
  if len(x) == 1:
    return f'<path class="line" d="M{_points(x[[0, 0]], np.r_[low, high])}"/>'
  there, back = _points(x, low), _points(x[::-1], high[::-1])
  return f'<path class="band" d="M{there} {back}Z"/>'


def _points(x: Values, y: Values) -> str:
  return ' '.join(f'{a:.1f},{b:.1f}' for a, b in zip(x, y, strict=True))


def _y_axis(levels: Values, unit: str) -> str:
  parts = []
  for level, label in zip(levels, _labels(levels, unit), strict=True):
    y = float(_vertical(level, levels))
    parts.append(
      f'<line class="rule" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" '
      f'y2="{y:.1f}"/><text text-anchor="end" x="{LEFT - 7}" '
      f'y="{y + 4:.1f}">{label}</text>'
    )
  return ''.join(parts)


def _x_axis(end: float, name: str = 'step', *, whole: bool = True) -> str:
  base = HEIGHT - BOTTOM
  levels = [
    t for t in ticks(0, end) if t <= end and (t == round(t) or not whole)
  ]
  parts = [
    f'<text x="{WIDTH - RIGHT + 22}" y="{base + 18}">{html.escape(name)}</text>'
    f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{base}" '
    f'y2="{base}"/>'
  ]
  for level in levels:
    x = LEFT + level / end * (WIDTH - LEFT - RIGHT)
    parts.append(
      f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{base}" '
      f'y2="{base + 4}"/><text text-anchor="middle" x="{x:.1f}" '
      f'y="{base + 18}">{f"{level:,.0f}" if whole else f"{level:g}"}</text>'
    )
  return ''.join(parts)


def _labels(levels: Values, unit: str) -> list[str]:
  """The levels with as many decimals as tell them apart."""
  for decimals in range(5):
    texts = [f'{level:,.{decimals}f}' for level in levels]
    exact = all(
      abs(float(t.replace(',', '')) - v) < 1e-3 * (levels[1] - levels[0])
      for t, v in zip(texts, levels, strict=True)
    )
    if exact and max(map(len, texts)) <= 7:
      return [_typeset(text, unit) for text in texts]
  return [_typeset(f'{level:.2g}', unit) for level in levels]


def _typeset(text: str, unit: str) -> str:
  """A true minus, a short exponent, no line break before the unit."""
  text = re.sub(r'e\+?(-?)0*', r'e\1', text).replace('-', '\u2212')
  return text + (f'\u00a0{unit}' if unit else '')
