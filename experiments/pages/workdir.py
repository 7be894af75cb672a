"""A run's folder, read once for all sections of its page."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from experiments.pages import older
from experiments.pages.older import Picture, StageText
from experiments.run.record import read_json, read_metrics
from experiments.run.results import read_results


class Workdir(NamedTuple):
  """What a run has left; whatever it has not is empty.

  Attributes:
    path: the folder.
    config: `config.json`, nested.
    page: `results.json`; of older runs too, its entries are in today's form.
    metrics: the lines of `metrics.jsonl`.
    stages: how to show each stage that has metrics or a description.
    pictures: those in `samples/`, in their order.
  """

  path: Path
  config: Mapping[str, Any]
  page: Mapping[str, Any]
  metrics: list[dict[str, Any]]
  stages: Mapping[str, StageText]
  pictures: list[Picture]

  @property
  def results(self) -> list[dict[str, Any]]:
    """The entries of `results.json`."""
    return list(self.page.get('results', []))


def read_workdir(path: Path) -> Workdir:
  """Reads a run's folder, whole or not, of this version or an older one.

  Args:
    path: the folder.

  Returns:
    What is there.

  Raises:
    ValueError: if a `.json` file does not parse; the message names it.
  """
  config = read_json(path / 'config.json')
  metrics = list(read_metrics(path / 'metrics.jsonl'))
  described = read_json(path / 'stages.json')
  noted = read_json(path / 'samples' / 'pictures.json')
  samples = path / 'samples'
  return Workdir(
    path,
    config,
    read_results(path / 'results.json'),
    metrics,
    older.stages(config, metrics, samples)
    | {name: _stage(name, entry) for name, entry in described.items()},
    [_picture(samples, name, entry) for name, entry in noted.items()]
    if noted
    else older.pictures(samples),
  )


def _stage(name: str, entry: Mapping[str, Any]) -> StageText:
  return StageText(
    entry.get('title') or name,
    entry.get('part', ''),
    entry.get('units', {}),
    entry.get('about', ''),
  )


def _picture(samples: Path, name: str, entry: Mapping[str, Any]) -> Picture:
  return Picture(
    samples / f'{name}.png',
    entry.get('stage', ''),
    entry.get('caption', ''),
    entry.get('scroll', False),
    entry.get('step'),
  )
