"""What a run has found, whatever the metric."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Result(NamedTuple):
  name: str
  metric: str
  value: float
  dataset: str
  count: int
  of: str
  ci95: float | None = None
  protocol: Mapping[str, Any] = {}
  steps: int = 0
  config: str = ''
  member: Mapping[str, float] | None = None
  floor: bool = False
  note: str = ''
  use: Mapping[str, Any] | None = None


def to_json(result: Result) -> dict[str, Any]:
  entry = result._asdict()
  return {k: v for k, v in entry.items() if v or k in ('value', 'steps')}
