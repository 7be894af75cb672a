"""Floors: what is judged beside a learner, on the same tasks, untrained."""

from collections.abc import Callable
from typing import NamedTuple

from lasium_jax import learners
from lasium_jax.settings import Count, NonNegative, Part, Whole
from lasium_jax.types import Learner, Network


def scratch(
  make_network: Callable[[int | None], Network],
  ways: int,
  *,
  steps: Whole = 50,
  learning_rate: NonNegative = 0.01,
  inductive: bool = False,
) -> Learner:
  """`lasium_jax.learners.scratch` with the run's network."""
  return learners.scratch(
    make_network(ways),
    steps=steps,
    learning_rate=learning_rate,
    inductive=inductive,
  )


def nearest(ways: int, *, neighbors: Count = 1) -> Learner:
  """The nearest neighbors by pixels."""
  return learners.nearest_neighbors(ways=ways, neighbors=neighbors)


class Floor(NamedTuple):
  """A floor, one row of the list.

  Attributes:
    part: its settings; it is given `make_network` and `ways` if it has
      parameters for them.
    note: what pages say of it.
  """

  part: Part
  note: str


FLOORS = {
  'scratch': Floor(Part(scratch), 'trained on each task alone'),
  'nearest': Floor(Part(nearest), 'by pixels, not learned'),
}
