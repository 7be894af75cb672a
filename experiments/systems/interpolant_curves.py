"""Curves of known interpolants, of several runs in one figure."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from experiments.pages import plots
from experiments.pages.interpolants import AXES
from experiments.pages.pictures import Pixels
from experiments.pages.plots import Curve, Panel
from experiments.run.config import BadConfig, Settings
from experiments.run.record import read_json
from experiments.run.results import INTERPOLANTS

NAME = 'interpolants'
FLOOR = 'pixels'
# Where these are the same, so are the changes that images are put under.
SAME = ('seed', 'known_interpolants')
_NEAR = 1e-3  # Of the error of pixels: machines round otherwise.

Curves = dict[str, Any]  # What `interpolants.json` has of one change.


def draw(
  names: Sequence[str], workdirs: Sequence[Path], settings: Sequence[Settings]
) -> tuple[Pixels, dict[str, Any]]:
  """The errors of all models and of mixed pixels, in one panel a curve.

  Args:
    names: of the runs.
    workdirs: of finished runs, judged on the same images.
    settings: of these.

  Returns:
    The picture, a row for each change; and, for JSON, its numbers, with the
    name of what is lowest at each point between the ends.

  Raises:
    BadConfig: if a run has no such curves, or has them of other changes.
  """
  found = merged(names, workdirs, settings)
  panels = [
    _panel(factor, axis, of_one)
    for factor, of_one in found.items()
    for axis in AXES
  ]
  return plots.figure(panels, len(AXES)), {'changes': found}


def merged(
  names: Sequence[str], workdirs: Sequence[Path], settings: Sequence[Settings]
) -> dict[str, Curves]:
  """The curves of all runs, by change; pixels, the same for all, are once."""
  if FLOOR in names:
    raise BadConfig(
      f'A run is called {FLOOR}, as mixtures of pixels are in this figure: '
      'give its folder another name.'
    )
  for name, path, own in zip(names, workdirs, settings, strict=True):
    _check(name, path, own, settings[0])
  pages = [read_json(path / INTERPOLANTS) for path in workdirs]
  found = dict[str, Curves]()
  for factor, first in pages[0].items():
    by = {}
    for name, page, own in zip(names, pages, settings, strict=True):
      by[name] = page[factor]['by'][own['name']]
      _check_floor(name, factor, page[factor]['by'][FLOOR], first['by'][FLOOR])
    by[FLOOR] = first['by'][FLOOR]
    lowest = {axis: _lowest(axis, by) for axis in AXES}
    found[factor] = {'range': first['range'], 'by': by, 'lowest': lowest}
  return found


def _check(name: str, path: Path, own: Settings, first: Settings) -> None:
  if not (path / INTERPOLANTS).is_file():
    raise BadConfig(
      f'{path} has no {INTERPOLANTS}: its run has not measured what lies '
      'between two images. Finish it, or name runs of models with codes.'
    )
  for field in SAME:
    if own.get(field) != first.get(field):
      raise BadConfig(
        f'The run {name} has another {field} than the first one; curves stand '
        'beside each other where images were changed alike.'
      )


def _check_floor(name: str, factor: str, own: Curves, first: Curves) -> None:
  """Sees that the same images were judged, whatever the settings say."""
  for axis in AXES:
    if not np.allclose(
      own[axis]['mean'], first[axis]['mean'], rtol=_NEAR, atol=_NEAR
    ):
      raise BadConfig(
        f'Mixtures of pixels have another error in the run {name} than in the '
        f'first one ({factor}): they were judged on other images.'
      )


def _lowest(axis: str, by: Mapping[str, Curves]) -> list[str]:
  """What is lowest at each point; there, pixels are right at weights 0 and 1.

  So the ends of weights are left out, where nothing is mixed.
  """
  means = np.array([of_one[axis]['mean'] for of_one in by.values()])
  inner = means[:, 1:-1] if axis == 'weight' else means
  names = list(by)
  return [names[i] for i in inner.argmin(0)]


def _panel(factor: str, axis: str, found: Curves) -> Panel:
  curves = []
  # Pixels first, which so have the color of anchors.
  for name, of_one in reversed(found['by'].items()):
    at, mean, half = (
      np.array(of_one[axis][field], float) for field in ('at', 'mean', 'ci95')
    )
    dashed = name == FLOOR
    points = np.stack([at, mean])
    curves.append(Curve(name, at, mean, points, half, dashed=dashed))
  title = f'{factor}: {AXES[axis][0].lower()}{AXES[axis][1:]} (L1, of 255)'
  return Panel(title, axis, found['range'], curves, low=0.0)
