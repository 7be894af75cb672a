"""Published numbers as data, and which of them are a run's to compare with."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from experiments.run.members import SWEPT, as_fields

# Flattened settings, and a result's own as `result.*` and `protocol.*`.
Facts = Mapping[str, Any]


class Published(NamedTuple):
  """A paper's number, to be shown beside a result.

  Attributes:
    value: in the unit of the result; an accuracy in [0, 1].
    ci95: half its 95 % confidence interval; None if it has none.
    table: where it stands; '' for one that an older result was kept with.
    differs: in words, what it was made with that the result was not.
  """

  value: float
  ci95: float | None
  table: str
  differs: tuple[str, ...] = ()


class Condition(NamedTuple):
  """What a number was made with, and a result beside it may not be.

  Attributes:
    words: for pages, such as 'meta-batch 4'.
    options: values by field, or predicates of them; one option must hold. A
      field that a run has not, or that is None there, is no difference.
      Without options the condition never holds: there is no knowing.
  """

  words: str
  options: tuple[Mapping[str, Any], ...] = ()


class Number(NamedTuple):
  """One published number and all that it depends on.

  Attributes:
    table: where it stands.
    value: as `Published.value`.
    ci95: as `Published.ci95`.
    required: values by field without which it is another experiment's.
    conditions: what is said beside it where it differs.
  """

  table: str
  value: float
  ci95: float | None
  required: Mapping[str, Any]
  conditions: Sequence[Condition] = ()


def matching(
  numbers: Iterable[Number],
  settings: Mapping[str, Any],
  entry: Mapping[str, Any],
) -> tuple[Published, ...]:
  """The numbers of the experiment that a result is of.

  Args:
    numbers: of a paper.
    settings: of the run, flattened.
    entry: of its `results.json`, in today's form. A member's own settings
      count in place of the run's.

  Returns:
    Those that the result may stand beside; first the ones with the fewest
    differences, otherwise in their order.
  """
  facts = _facts(settings, entry)
  published = [
    Published(
      number.value,
      number.ci95,
      number.table,
      tuple(c.words for c in number.conditions if not _holds(c, facts)),
    )
    for number in numbers
    if all(_same(facts.get(k), v) for k, v in number.required.items())
  ]
  return tuple(sorted(published, key=lambda number: len(number.differs)))


def _facts(settings: Mapping[str, Any], entry: Mapping[str, Any]) -> Facts:
  member = entry.get('member', {})
  swept = {name: v for name, v in member.items() if name in SWEPT}
  return {
    **settings,
    **as_fields(swept),
    **{f'protocol.{k}': v for k, v in entry.get('protocol', {}).items()},
    'result.name': entry['name'],
    'result.metric': entry['metric'],
    'result.of': entry.get('of'),
    'result.dataset': entry['dataset'],
    'result.floor': entry['name'] if entry.get('floor') else None,
    'result.head': (entry.get('use') or {}).get('head'),
  }


def _holds(condition: Condition, facts: Facts) -> bool:
  return any(
    all(
      facts.get(field) is None or _same(facts[field], value)
      for field, value in option.items()
    )
    for option in condition.options
  )


def _same(value: Any, required: Any) -> bool:
  """Whether a value is the required one, or fulfills the required predicate."""
  if callable(required):
    return bool(required(value))
  if isinstance(value, float) and isinstance(required, float | int):
    return math.isclose(value, required, rel_tol=1e-3)
  return bool(value == required)
