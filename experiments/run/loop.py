"""The one loop that every stage of a run goes through.

It resumes from the newest sound checkpoint, shows progress, records metrics,
stops at NaN, and leaves a checkpoint behind when it is told to stop.
"""

import math
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from experiments.run import hosts
from experiments.run.record import (
  Record,
  clock,
  duration,
  of_a_run,
  read_config,
)

_DOORS = Path(__file__).parent.parent


class Stopped(BaseException):  # No code may take it for an error of its own.
  """The process was asked to end; everything is saved."""


class Diverged(Exception):
  """A metric is no longer a finite number."""


class Damaged(FileNotFoundError):
  """A stage's last checkpoint cannot be read; the stage must go on again."""


class Stage(NamedTuple):
  """Work that goes on in steps.

  Attributes:
    name: of its checkpoints and its entries in the record.
    steps: in all.
    chunk: steps per call of `advance`.
    init: makes the state at step 0, a pytree of arrays.
    advance: `(state, step, n) -> (state, metrics)`, steps `step..step+n-1`.
      What it does must depend on its arguments alone, so that a resumed run
      equals an uninterrupted one bit for bit.
    period: no call goes across a multiple of so many steps, such as an
      epoch's; 0 for none.
    title: what pages call it, and others of its kind.
    part: which of its kind it is, or nothing.
    units: of its metrics; those in '%' are shares that pages show in percent.
    about: what pages say of its pictures.
  """

  name: str
  steps: int
  chunk: int
  init: Callable[[], Any]
  advance: Callable[[Any, int, int], tuple[Any, Mapping[str, Any]]]
  period: int = 0
  title: str = ''
  part: str = ''
  units: Mapping[str, str] = {}
  about: str = ''

  def description(self) -> dict[str, Any]:
    """How pages are to show it."""
    return {
      'title': self.title or self.name,
      'part': self.part,
      'units': dict(self.units),
      'about': self.about,
    }


_stop_requested = False
_in_steps = False  # Of a stage, which ends and is saved with one.


def stop_on_sigterm() -> None:
  """Makes SIGTERM end the running stage at its next step, saved.

  What is no stage, such as a measurement, ends at once, to be made again. Of
  several hosts none does, as the others would wait for it.
  """

  def request(number: int, frame: FrameType | None) -> None:
    del number, frame
    global _stop_requested
    again, _stop_requested = _stop_requested, True
    # What follows the first signal is ending already.
    if not (again or _in_steps) and jax.process_count() == 1:
      raise Stopped('after the last checkpoint')

  signal.signal(signal.SIGTERM, request)


@of_a_run()
def run(stage: Stage, record: Record, *, checkpoint_seconds: float) -> Any:
  """Runs a stage to its end, from where it stopped last time.

  Args:
    stage: the work.
    record: where metrics and checkpoints go.
    checkpoint_seconds: time between checkpoints; 0 saves after every chunk.

  Returns:
    The state after the last step.

  Raises:
    Stopped: after SIGTERM; the state is saved.
    Diverged: if a metric is NaN or infinite; the last checkpoint stays.
  """
  global _in_steps  # noqa: PLW0603
  _in_steps = True
  try:
    state = _all_steps(stage, record, checkpoint_seconds)
  finally:
    _in_steps = False
  if hosts.any_of(_stop_requested):
    raise Stopped(f'{stage.name} at step {stage.steps} of {stage.steps}')
  return state


def _all_steps(stage: Stage, record: Record, checkpoint_seconds: float) -> Any:
  folder = record.checkpoints(stage.name)
  state = stage.init()
  step, state = hosts.restore(folder, state)
  if step >= stage.steps:
    return state
  if step:
    print(f'{stage.name}: going on from step {step}.', flush=True)
  record.describe(stage.name, stage.description())
  before = record.rewind(stage.name, step)
  start = saved = clock()
  progress = Progress(stage)
  while step < stage.steps:
    n = _next_chunk(stage, step)
    state, metrics = stage.advance(state, step, n)
    step += n
    values = {name: float(value) for name, value in metrics.items()}
    _check_finite(stage, step, values)
    record.write(stage.name, step, before + clock() - start, values)
    done = step >= stage.steps
    progress.show(step, values)
    stopping = hosts.any_of(_stop_requested)
    if done or stopping or clock() - saved >= checkpoint_seconds:
      _check_state(stage, step, state)
      # Before: a run that goes on from here writes none of them again.
      record.close_events(stage.name)
      hosts.save(folder, step, state)
      saved = clock()
    if stopping and not done:
      raise Stopped(f'{stage.name} at step {step} of {stage.steps}')
  progress.end()
  return state


def _next_chunk(stage: Stage, step: int) -> int:
  n = min(stage.chunk, stage.steps - step)
  return min(n, stage.period - step % stage.period) if stage.period else n


def check_finished(record: Record, name: str, steps: int) -> None:
  """Sees that a stage ran to its end, by the names of its checkpoints.

  Args:
    record: of the run that has it.
    name: the stage's.
    steps: in all.

  Raises:
    FileNotFoundError: if it did not.
  """
  done = steps_done(record, name)
  if done < steps:
    raise FileNotFoundError(
      f'{record.workdir} has {done} of {steps} steps of {name}. Run that stage '
      'to its end there first, with the same --config and --workdir: '
      f'{_doors(record, name)}.'
    )


def _doors(record: Record, name: str) -> str:
  """The commands that run a stage: its own, if there is one, its system's."""
  # LASIUM's doors alone look into a run that has not begun; 0.1 had no others.
  system = (read_config(record.workdir) or {}).get('system', 'lasium')
  doors = f'python experiments/{system}.py'
  if (_DOORS / f'{name}.py').exists():
    return f'python experiments/{name}.py, or all stages by {doors}'
  return doors


def steps_done(record: Record, name: str) -> int:
  """The step of a stage's newest checkpoint, which is not read; 0 for none."""
  folder = record.checkpoints(name)
  saved = [int(p.name) for p in folder.glob('*') if p.name.isdigit()]
  return int(hosts.of_first(max(saved, default=0)))


def left_behind(
  name: str, steps: int, init: Callable[[], Any], record: Record
) -> Any:
  """The final state of a stage that ran before, restored and no more.

  Args:
    name: the stage's.
    steps: in all.
    init: makes the state at step 0; only its shapes are looked at.
    record: of the run that has it.

  Returns:
    The state.

  Raises:
    FileNotFoundError: if it did not run, or has not come to its end.
    Damaged: if it has, and what it left is damaged.
  """
  check_finished(record, name, steps)
  like = jax.eval_shape(init)
  step, state = hosts.restore(record.checkpoints(name), like)
  if step < steps:
    raise Damaged(
      f'The last checkpoint of {name} in {record.workdir} is damaged. Run that '
      'stage again there: it goes on from the one before.'
    )
  return state


def _check_finite(stage: Stage, step: int, metrics: dict[str, float]) -> None:
  for name, value in metrics.items():
    if not math.isfinite(value):
      raise _diverged(stage, step, f'{name} is {value}')


def _check_state(stage: Stage, step: int, state: Any) -> None:
  """Metrics are of before the last update; what is saved must be sound too."""
  for path, leaf in jax.tree_util.tree_leaves_with_path(state):
    if not jnp.isfinite(leaf).all():
      name = jax.tree_util.keystr(path)
      raise _diverged(stage, step, f'{name} of the state is not finite')


def _diverged(stage: Stage, step: int, what: str) -> Diverged:
  return Diverged(
    f'{stage.name}: {what} at step {step}. The last checkpoint is from '
    'before. Lower the learning rate or clip gradients, or lower epsilon if '
    'anchors were rarely far enough apart, in another --workdir.'
  )


class Progress:
  """One line that is rewritten on a terminal; now and then a line in a log.

  Not tqdm's, whose estimate of the time left counts the first call, which is
  mostly compilation, and which fills a log with carriage returns.
  """

  def __init__(self, stage: Stage) -> None:
    self._stage = stage
    self._terminal = sys.stderr.isatty()
    self._interval = 0.5 if self._terminal else 20.0
    self._last = -math.inf
    self._timed_from: tuple[int, float] | None = None

  def show(self, step: int, metrics: Mapping[str, float]) -> None:
    if not hosts.is_first():
      return
    now, stage = clock(), self._stage
    if self._timed_from is None:
      # What comes before the end of the first call is mostly compilation.
      self._timed_from = step, now
    if now - self._last < self._interval and step < stage.steps:
      return
    self._last = now
    # Those with a slash are of one member of many.
    averages = {n: v for n, v in metrics.items() if '/' not in n}
    values = ', '.join(f'{n} {v:.4g}' for n, v in list(averages.items())[:4])
    line = f'{stage.name} {step}/{stage.steps}: {values}{self._left(step, now)}'
    end = '\r' if self._terminal else '\n'
    clear = '\x1b[K' if self._terminal else ''
    print(line + clear, end=end, file=sys.stderr, flush=True)

  def _left(self, step: int, now: float) -> str:
    """The time left in words, once a call was timed."""
    first, start = self._timed_from or (step, now)
    if step == first:
      return ''
    seconds = (now - start) / (step - first) * (self._stage.steps - step)
    return f'; {duration(seconds)} left'

  def end(self) -> None:
    if self._terminal:
      print(file=sys.stderr)
