"""Wall-clock times of alternatives, interleaved; memory from the compiler."""

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
from jax.sharding import Mesh

Run = Callable[[], Any]


class Times(NamedTuple):
  """Milliseconds of one alternative, over the rounds."""

  median: float
  least: float
  most: float


def measure(runs: Mapping[str, Run], rounds: int) -> dict[str, list[float]]:
  """Milliseconds of every run in every round.

  Each round takes all in turn, so that a machine that slows down slows them
  all. One call of each comes first and is not counted.

  Args:
    runs: by name, functions whose result is waited for.
    rounds: how many, at least 1.

  Returns:
    `rounds` times for each name.

  Raises:
    ValueError: if there is no round.
  """
  if rounds < 1:
    raise ValueError(f'There must be 1 round or more, not {rounds}.')
  for run in runs.values():
    jax.block_until_ready(run())
  times: dict[str, list[float]] = {name: [] for name in runs}
  for _ in range(rounds):
    for name, run in runs.items():
      start = time.perf_counter()
      jax.block_until_ready(run())
      times[name].append(1e3 * (time.perf_counter() - start))
  return times


def summary(times: list[float], repeats: int = 1) -> Times:
  """Median and extremes, of one of the `repeats` that every run did."""
  each = [t / repeats for t in times]
  return Times(statistics.median(each), min(each), max(each))


def threaded(step: Callable[[Any], Any], state: Any) -> Run:
  """`step(state) -> (state, rest)` as a run that goes on where it was.

  The state may be donated: no call gets one that an earlier call was given.
  """

  def run() -> Any:
    nonlocal state
    state, rest = step(state)
    return state, rest

  return run


def peak_megabytes(compiled: Any, mesh: Mesh | None = None) -> float:
  """Arguments, results and scratch of a compiled program, in 10^6 bytes.

  Donated arguments are counted once; what every device of `mesh` has, for each.
  """
  memory = compiled.memory_analysis()
  total = (
    memory.argument_size_in_bytes
    + memory.output_size_in_bytes
    - memory.alias_size_in_bytes
    + memory.temp_size_in_bytes
  )
  return float(total * (mesh.size if mesh else 1) / 1e6)


def matrix_product(size: int) -> tuple[Run, float]:
  """A float32 product of two square matrices, and its GFLOP."""
  keys = jax.random.split(jax.random.key(0))
  a, b = (jax.random.normal(key, (size, size)) for key in keys)
  product = jax.jit(lambda a, b: a @ b)
  return lambda: product(a, b), 2e-9 * size**3
