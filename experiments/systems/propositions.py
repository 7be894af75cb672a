"""When made samples help an estimator of a mean (COLA, propositions 1 and 2).

Theory's curves beside what samples that are drawn come to, with the numbers at
which real and made samples break even.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.pages.plots import Curve, Panel
from lasium_jax import surrogates

Values = NDArray[np.float64]

TRIALS = 10_000
REAL, MADE = 10, 1_000  # Samples, where their number is not what changes.
MOST = 1_000  # Samples of an axis.
OFFSETS = (0.0, 0.1, 0.2, 0.4)
NUMBERS = (20, 100, 1_000)
OFFSET = 0.2
# Of proposition 2: coins, for which Hoeffding's bound is tightest.
EPSILON, COINS, COIN_OFFSETS = 0.2, 50, (0.0, 0.05, 0.1)
ERROR = 'expected squared error (Var[X] = 1)'
NUMBERS_OF_AXIS = np.geomspace(1, MOST, 61)
POINTS = np.array([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_000])


class Page(NamedTuple):
  """The figure and its numbers."""

  panels: list[Panel]
  numbers: dict[str, Any]


def page(seed: int, *, trials: int = TRIALS) -> Page:
  """The panels, from samples that are drawn by a seed, so many times.

  X and Z are normal, X of mean 0 and variance 1, where errors are expected;
  proposition 2 is of coins, which fall on 1 with probability 1/2, and 1/2 + d.
  """
  rng = np.random.default_rng(seed)
  panels = [
    _over_made(_sums(rng, trials)),
    _over_real(_sums(rng, trials)),
    _over_offset(_sums(rng, trials)),
    _over_variance(_sums(rng, trials)),
    _needed(_sums(rng, trials), _sums(rng, trials)),
    _over_coins(rng, trials),
  ]
  return Page(panels, {'trials': trials, **_numbers(panels)})


def _over_made(sums: Values) -> Panel:
  x = NUMBERS_OF_AXIS
  curves = [_level(f'{REAL} real', x, surrogates.mean_error(1.0, REAL))]
  for d in OFFSETS:
    enough = surrogates.samples_for_error(REAL, 1.0, 1.0, d)
    points = [_error(sums, n, 1.0, d) for n in POINTS]
    curve = Curve(f'd = {d:g}', x, surrogates.mean_error(1.0, x, d))
    curves.append(_with(curve, POINTS, points, enough))
  title = f'Made samples beside {REAL} real ones (proposition 1, Var[Z] = 1)'
  return _of_errors(title, 'n, made samples', curves)


def _over_real(sums: Values) -> Panel:
  x = NUMBERS_OF_AXIS
  curve = Curve('real', x, surrogates.mean_error(1.0, x))
  points = [_error(sums, m, 1.0, 0.0) for m in POINTS]
  curves = [_with(curve, POINTS, points)]
  for d in OFFSETS:
    worth = surrogates.samples_worth(MADE, 1.0, 1.0, d)
    level = surrogates.mean_error(1.0, MADE, d)
    curves.append(_level(f'd = {d:g}', x, level)._replace(marks=_marks(worth)))
  title = f'Real samples beside {MADE:,} made ones (Var[Z] = 1)'
  return _of_errors(title, 'm, real samples', curves)


def _over_offset(sums: Values) -> Panel:
  x = np.linspace(0, 0.5, 51)
  curves = [_level(f'{REAL} real', x, surrogates.mean_error(1.0, REAL))]
  for n in NUMBERS:
    # Where the errors are equal: d^2 = Var[X] / m - Var[Z] / n.
    even = np.sqrt(1 / REAL - 1 / n)
    points = [_error(sums, n, 1.0, d) for d in x[::5]]
    curve = Curve(f'n = {n:,}', x, surrogates.mean_error(1.0, n, x))
    curves.append(_with(curve, x[::5], points, even))
  title = f"The surrogate's offset, beside {REAL} real samples (Var[Z] = 1)"
  return Panel(title, "d, the offset of the surrogate's mean", ERROR, curves)


def _over_variance(sums: Values) -> Panel:
  x = np.linspace(0, 8, 41)
  curves = [_level(f'{REAL} real', x, surrogates.mean_error(1.0, REAL))]
  for n in NUMBERS:
    even = n * (1 / REAL - OFFSET**2)
    points = [_error(sums, n, variance, OFFSET) for variance in x[::5]]
    curve = Curve(f'n = {n:,}', x, surrogates.mean_error(x, n, OFFSET))
    curves.append(_with(curve, x[::5], points, even))
  title = f"The surrogate's variance, beside {REAL} real samples (d = {OFFSET})"
  return Panel(title, 'Var[Z], with Var[X] = 1', ERROR, curves, high=0.3)


def _needed(real: Values, made: Values) -> Panel:
  """How many made samples are as good as m real ones."""
  x, places = (
    np.linspace(1, 50, 197),
    np.array([1, 2, 4, 8, 12, 16, 20, 24, 32]),
  )
  # An offset has the color that it has in other panels, after the real line.
  curves = [Curve('', x, np.full(len(x), np.nan))]
  for d in OFFSETS:
    n = surrogates.samples_for_error(x, 1.0, 1.0, d)
    found = _first_as_good(real, made + d * np.arange(1, MOST + 1), places)
    curve = _with(Curve(f'd = {d:g}', x, n), places, found)
    curves.append(curve._replace(marks=(1 / d**2,) if d else ()))
  title = 'Made samples that are as good as m real ones (Var[Z] = 1)'
  return Panel(
    title, 'm, real samples', 'n', curves, log_y=True, low=1, high=MOST
  )


def _first_as_good(real: Values, made: Values, places: Values) -> Values:
  """The least n whose simulated error is no more than that of m real samples.

  Args:
    real: sums of the first samples, `[trials, samples]`.
    made: likewise.
    places: `[k]` values of m.

  Returns:
    `[k]`; NaN where no n is enough.
  """
  counts = np.arange(1, MOST + 1)
  of_real, of_made = (np.square(sums / counts).mean(0) for sums in (real, made))
  good = of_made <= of_real[places - 1][:, None]
  return np.where(good.any(1), counts[good.argmax(1)], np.nan)


def _over_coins(rng: np.random.Generator, trials: int) -> Panel:
  x = np.linspace(1, 400, 134)
  real = surrogates.error_bound(EPSILON, COINS)
  curves = [
    _with(
      _level(f'{COINS} real', x, real), [COINS], [_off(rng, trials, COINS, 0.0)]
    )
  ]
  places = range(10, 401, 30)
  for d in COIN_OFFSETS:
    seen = [_off(rng, trials, n, d) for n in places]
    curve = Curve(f'd = {d:g}', x, surrogates.error_bound(EPSILON, x, d))
    enough = surrogates.samples_for_bound(COINS, EPSILON, d)
    curves.append(_with(curve, places, seen, enough))
  title = f'Proposition 2: an error of {EPSILON} or more, beside {COINS} real'
  up = 'its probability (points), and bounds (lines)'
  return Panel(
    title, 'n, made samples', up, curves, log_y=True, low=1e-3, high=1
  )


def _off(rng: np.random.Generator, trials: int, n: int, d: float) -> float:
  """How often the mean of so many coins is off by `EPSILON` or more."""
  means = rng.binomial(n, 0.5 + d, trials) / n
  return float((np.abs(means - 0.5) >= EPSILON - 1e-12).mean())


def _sums(rng: np.random.Generator, trials: int) -> Values:
  """Sums of the first samples, of variance 1 and mean 0, in each trial."""
  return rng.normal(size=(trials, MOST)).cumsum(1)


def _of_errors(title: str, across: str, curves: list[Curve]) -> Panel:
  return Panel(title, across, ERROR, curves, log_x=True, log_y=True)


def _level(name: str, x: Values, value: Values) -> Curve:
  return Curve(name, x, np.full(len(x), float(value)), dashed=True)


def _with(
  curve: Curve,
  x: Sequence[float] | Values,
  y: Sequence[float] | Values,
  even: float | Values = np.inf,
) -> Curve:
  """The curve with simulated points, and where it breaks even."""
  points = np.stack([np.asarray(x, float), np.asarray(y, float)])
  return curve._replace(points=points, marks=_marks(even))


def _marks(value: float | Values) -> tuple[float, ...]:
  return (float(value),) if np.isfinite(value) else ()


def _error(sums: Values, n: float, variance: float, d: float) -> float:
  """The mean squared error of means of so many of the drawn samples."""
  means = d + np.sqrt(variance) * sums[:, int(n) - 1] / n
  return float(np.square(means).mean())


def _numbers(panels: Sequence[Panel]) -> dict[str, Any]:
  """What JSON has of the panels: where they break even, points, and lines."""
  return {
    panel.title: {c.name: _told(c) for c in panel.curves if c.name}
    for panel in panels
  }


def _told(curve: Curve) -> dict[str, Any]:
  told: dict[str, Any] = {'marks': list(curve.marks)}
  if curve.points is not None:
    x, y = curve.points[:, np.isfinite(curve.points[1])]
    line = np.interp(x, curve.x, curve.y)  # Between its nodes, to 0.3 %.
    columns = {'x': x, 'simulated': y, 'line': line}
    told |= {name: values.tolist() for name, values in columns.items()}
  return told
