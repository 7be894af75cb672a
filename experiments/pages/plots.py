"""Curves as pictures: panels of lines, points and marks, for figures.

Charts of pages are SVG (`experiments.pages.charts`), whose round numbers these
have too; a figure is a PNG file, which is drawn here.
"""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from experiments.pages import charts
from experiments.pages.pictures import (
  ANCHOR,
  CLASSES,
  PAPER,
  RULE,
  TEXT,
  Color,
  Pixels,
)

Values = NDArray[np.float64]

WIDTH, HEIGHT = 500, 340  # Of a panel.
LEFT, RIGHT, TOP, BOTTOM = 62, 96, 48, 46  # Room around the plot.
FINE = 2  # Everything is drawn so much larger, and then made smaller.


class Curve(NamedTuple):
  """A line of a panel, and points beside it.

  Attributes:
    name: at its end; '' is not named.
    x: `[n]`, ascending.
    y: `[n]`; what is not finite, or out of the panel, is left as a gap.
    points: `[2, k]`, x and y of points; None if there are none.
    halves: `[k]` or nothing, half the length of each point's whisker.
    marks: places across, at each of which a dashed line stands.
    dashed: whether the line itself is.
  """

  name: str
  x: Values
  y: Values
  points: Values | None = None
  halves: Values | None = None
  marks: tuple[float, ...] = ()
  dashed: bool = False


class Panel(NamedTuple):
  """Curves with axes in common.

  Attributes:
    title: above them.
    across: what x is.
    up: what y is.
    curves: one or more; each has a color of its own.
    log_x: whether x is drawn by its logarithm.
    log_y: likewise.
    low: the least y that is drawn; None is the least that there is.
    high: likewise the largest.
  """

  title: str
  across: str
  up: str
  curves: Sequence[Curve]
  log_x: bool = False
  log_y: bool = False
  low: float | None = None
  high: float | None = None


class _Axis(NamedTuple):
  """Values to places, and the values that stand beside it."""

  levels: Values
  log: bool
  start: float
  end: float

  def place(self, value: float) -> float:
    low, high, at = self.levels[0], self.levels[-1], value
    if self.log:
      low, high, at = np.log(low), np.log(high), np.log(value)
    return float(
      self.start + (at - low) / (high - low) * (self.end - self.start)
    )

  def holds(self, value: float) -> bool:
    slack = 1e-9 * abs(self.levels[-1])
    return bool(self.levels[0] - slack <= value <= self.levels[-1] + slack)


def figure(panels: Sequence[Panel], columns: int) -> Pixels:
  """Panels row by row.

  Args:
    panels: one or more.
    columns: panels of a row.

  Returns:
    `[height, width, 3]` uint8.
  """
  rows = -(-len(panels) // columns)
  sheet = Image.new('RGB', (columns * WIDTH, rows * HEIGHT), PAPER)
  for i, panel in enumerate(panels):
    place = i % columns * WIDTH, i // columns * HEIGHT
    sheet.paste(_drawn(panel), place)
  return np.asarray(sheet)


def _drawn(panel: Panel) -> Image.Image:
  image = Image.new('RGB', (FINE * WIDTH, FINE * HEIGHT), PAPER)
  pen = ImageDraw.Draw(image)
  x, y = _axes(panel)
  _frame(pen, panel, x, y)
  ends = []
  colors = itertools.cycle(_colors())
  for curve, color in zip(panel.curves, colors, strict=False):
    for mark in filter(x.holds, curve.marks):
      at = x.place(mark)
      _dashes(pen, [(at, y.start), (at, y.end)], color, width=1)
    _line(pen, curve, color, x, y)
    _points(pen, curve, color, x, y)
    seen = [v for v in curve.y if np.isfinite(v) and y.holds(v)]
    if curve.name and seen:
      ends.append((y.place(seen[-1]), curve.name, color))
  _names(pen, x.end + FINE * 8, ends)
  return image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def _colors() -> Sequence[Color]:
  return [ANCHOR, *CLASSES]


def _axes(panel: Panel) -> tuple[_Axis, _Axis]:
  across = np.concatenate([curve.x for curve in panel.curves])
  up = np.concatenate(
    [
      part
      for c in panel.curves
      for part in (c.y, c.points[1] if c.points is not None else c.y)
    ]
  )
  up = up[np.isfinite(up)]
  low = up.min() if panel.low is None else panel.low
  high = up.max() if panel.high is None else panel.high
  return (
    _Axis(
      _levels(across.min(), across.max(), panel.log_x),
      panel.log_x,
      FINE * LEFT,
      FINE * WIDTH - _room(panel),
    ),
    _Axis(
      _levels(low, high, panel.log_y),
      panel.log_y,
      FINE * (HEIGHT - BOTTOM),
      FINE * TOP,
    ),
  )


def _room(panel: Panel) -> float:
  """What is left free at the right, where curves have their names."""
  widest = max(_font().getlength(curve.name) for curve in panel.curves)
  return max(FINE * RIGHT, widest + FINE * 12)


def _levels(low: float, high: float, log: bool) -> Values:
  """The numbers that stand beside an axis, its ends among them."""
  if not log:
    return charts.ticks(low, high)
  first, last = np.floor(np.log10(low)), np.ceil(np.log10(high))
  powers: Values = 10.0 ** np.arange(first, last + 1)
  return powers


def _frame(pen: ImageDraw.ImageDraw, panel: Panel, x: _Axis, y: _Axis) -> None:
  """Rules, numbers, what the axes are, and the title."""
  for level in y.levels:
    at = y.place(level)
    pen.line([(x.start, at), (x.end, at)], fill=RULE, width=FINE)
    _write(pen, (x.start - 12, at), f'{level:,g}', 'rm')
  for level in x.levels:
    at = x.place(level)
    pen.line([(at, y.start), (at, y.start + 8)], fill=ANCHOR, width=FINE)
    _write(pen, (at, y.start + 12), f'{level:,g}', 'ma')
  pen.line([(x.start, y.start), (x.end, y.start)], fill=ANCHOR, width=FINE)
  _write(pen, ((x.start + x.end) / 2, y.start + 50), panel.across, 'ma')
  _write(pen, (16, 10), panel.title, 'la')
  _write(pen, (16, 46), panel.up, 'la', CLASSES[-1])


def _write(
  pen: ImageDraw.ImageDraw,
  at: tuple[float, float],
  text: str,
  anchor: str,
  color: Color = ANCHOR,
) -> None:
  pen.text(at, text, fill=color, font=_font(), anchor=anchor)


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
  return ImageFont.load_default(size=FINE * (TEXT - 1))


def _line(
  pen: ImageDraw.ImageDraw, curve: Curve, color: Color, x: _Axis, y: _Axis
) -> None:
  run = list[tuple[float, float]]()
  for across, up in [*zip(curve.x, curve.y, strict=True), (np.nan, np.nan)]:
    if np.isfinite(up) and y.holds(up):
      run.append((x.place(across), y.place(up)))
      continue
    if len(run) > 1 and curve.dashed:
      _dashes(pen, run, color, width=2)
    elif len(run) > 1:
      pen.line(run, fill=color, width=2 * FINE, joint='curve')
    run = []


def _points(
  pen: ImageDraw.ImageDraw, curve: Curve, color: Color, x: _Axis, y: _Axis
) -> None:
  if curve.points is None:
    return
  halves = np.zeros(curve.points.shape[1])
  if curve.halves is not None:
    halves = curve.halves
  for across, up, half in zip(*curve.points, halves, strict=True):
    if not y.holds(up):
      continue
    at, size = (x.place(across), y.place(up)), 3.5 * FINE
    if half:
      ends = [
        (at[0], y.place(np.clip(up + side * half, y.levels[0], y.levels[-1])))
        for side in (-1, 1)
      ]
      pen.line(ends, fill=color, width=FINE)
    box = [at[0] - size, at[1] - size, at[0] + size, at[1] + size]
    pen.ellipse(box, fill=PAPER, outline=color, width=FINE + 1)


def _dashes(
  pen: ImageDraw.ImageDraw,
  corners: Sequence[tuple[float, float]],
  color: Color,
  *,
  width: int,
) -> None:
  """A line of dashes along straight parts, which are long or even."""
  steps = np.hypot(*np.diff(np.array(corners), axis=0).T)
  length = np.concatenate([[0], np.cumsum(steps)])
  dash = 5.0 * FINE
  for start in np.arange(0, length[-1], 2 * dash):
    ends = np.array([start, min(start + dash, length[-1])])
    places = [np.interp(ends, length, axis) for axis in np.array(corners).T]
    pen.line(
      [(a, b) for a, b in zip(*places, strict=True)],
      fill=color,
      width=width * FINE,
    )


def _names(
  pen: ImageDraw.ImageDraw, left: float, ends: list[tuple[float, str, Color]]
) -> None:
  """Names at the ends of lines, in their order, none over another."""
  step, last = FINE * (TEXT + 1), FINE * (HEIGHT - BOTTOM)
  places = list[float]()
  for end, _, _ in sorted(ends):
    places.append(max(end, places[-1] + step if places else 0.0))
  for i in reversed(range(len(places))):
    places[i] = min(places[i], last - (len(places) - 1 - i) * step)
  for at, (_, name, color) in zip(places, sorted(ends), strict=True):
    _write(pen, (left, at), name, 'lm', color)
