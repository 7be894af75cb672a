"""What a run found: results of any metric, as `results.json` has them."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from experiments.run.record import read_json

Entry = dict[str, Any]  # One of the results in results.json.

_NOTHING: Mapping[str, Any] = MappingProxyType({})
# Entries of 0.1 do not say that they are floors. These names were floors, with
# what each of them is.
_OLDER_FLOORS = {
  'scratch': 'trained on each task alone',
  'nearest': 'by pixels, not learned',
}
# In a protocol where all classes of a task are of one group, such as an
# alphabet, and in no other.
WITHIN_GROUPS = 'within_groups'
# Metrics of a generator of classes: what a classifier of its images makes of
# real ones (CAS), and one of real images of its own.
SCORE = 'classification accuracy score'
ON_MADE = 'accuracy on made images (CAS-Test)'
# What keeps the curves of known interpolants, beside results.json.
INTERPOLANTS = 'interpolants.json'
_OLDER_PROTOCOL = ('ways', 'shots', 'queries', 'seed', 'normalization')


class Result(NamedTuple):
  """One number that a run found.

  Attributes:
    name: of what was judged, such as 'ro-vae-maml' or 'scratch'.
    metric: such as 'accuracy', which is a share in [0, 1].
    value: the number.
    dataset: the images that it was judged on, by name.
    n: how many tasks, images, classes or runs the value is of.
    of: what `n` counts: 'tasks', 'images', 'classes' or 'runs'.
    ci95: half the 95 % confidence interval of the value.
    protocol: how it was judged: ways, shots, queries, seed, normalization, or
      whatever else the metric depends on.
    steps: iterations of training; 0 for none.
    config: the config file and the run, such as 'configs/a.py:ro-vae-maml'.
    member: which of several learners it is of: its seed, what was swept.
    floor: whether what was judged has learned nothing beforehand.
    note: what it is, in a few words, where its name does not say it.
    use: the settings of use that the number holds for, such as the head, if
      the model can be used in several ways.
  """

  name: str
  metric: str
  value: float
  dataset: str
  n: int
  of: str
  ci95: float | None = None
  protocol: Mapping[str, Any] = _NOTHING
  steps: int = 0
  config: str = ''
  member: Mapping[str, float] | None = None
  floor: bool = False
  note: str = ''
  use: Mapping[str, Any] | None = None


def to_json(result: Result) -> Entry:
  """A result as an entry of results.json, without the fields that are empty."""
  fields = {
    name: dict(value) if isinstance(value, Mapping) else value
    for name, value in result._asdict().items()
  }
  return {
    name: value
    for name, value in fields.items()
    if value is not None and value is not False and value not in ('', {})
  }


def upgrade(entry: Mapping[str, Any]) -> Entry:
  """An entry of any version in today's form, with all that readers look up.

  Args:
    entry: of results.json. An older one has `accuracy` in place of `metric`
      and `value`, and may have the paper's number of its day, which is kept as
      `published`.

  Returns:
    A copy; `protocol`, `steps` and `config` are there, if empty.
  """
  if 'metric' in entry:
    n = entry['n']  # What lacks it is no result.
    return {'protocol': {}, 'steps': 0, 'config': '', 'n': n, **entry}
  fields = ('name', 'dataset', 'ci95', 'config', 'member')
  upgraded = {name: entry[name] for name in fields if name in entry}
  upgraded |= {
    'metric': 'accuracy',
    'value': entry['accuracy'],
    'n': entry.get('tasks', 0),
    'of': 'tasks',
    'protocol': {k: entry[k] for k in _OLDER_PROTOCOL if k in entry},
    'steps': entry.get('steps', 0),
    'config': entry.get('config', ''),
  }
  if entry['name'] in _OLDER_FLOORS:
    upgraded |= {'floor': True, 'note': _OLDER_FLOORS[entry['name']]}
  if 'paper_accuracy' in entry:
    upgraded['published'] = {
      'value': entry['paper_accuracy'],
      'ci95': entry.get('paper_ci95', 0.0),
    }
  return upgraded


def read_results(path: Path) -> dict[str, Any]:
  """What a results.json of any version has, its entries in today's form.

  Args:
    path: of the file.

  Returns:
    Its content; {} if there is no file.

  Raises:
    ValueError: if it is not a JSON object with such entries; the message names
      the file.
  """
  page = read_json(path)
  try:
    results = [upgrade(entry) for entry in page.get('results', [])]
  except (KeyError, TypeError) as error:
    raise ValueError(
      f'{path} has a result that cannot be read: {error!r}.'
    ) from error
  return {**page, 'results': results} if page else {}


def without_floors(results: list[Entry]) -> list[Entry]:
  """All but the floors, unless there is nothing else."""
  return [entry for entry in results if not entry.get('floor')] or results


def kind_of_task(protocol: Mapping[str, Any]) -> str:
  """What few-shot tasks are like, in words: '5-way 1-shot'."""
  kind = f'{protocol["ways"]}-way {protocol["shots"]}-shot'
  return f'{kind} within groups' if protocol.get(WITHIN_GROUPS) else kind


def is_few_shot(entry: Mapping[str, Any]) -> bool:
  """Whether an entry in today's form is an accuracy on few-shot tasks."""
  kind = entry['protocol']
  return entry['metric'] == 'accuracy' and {'ways', 'shots'} <= kind.keys()
