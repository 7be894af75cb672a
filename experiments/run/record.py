"""A run's folder: its config, its metrics, and whom it belongs to."""

import contextlib
import hashlib
import json
import os
import platform
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from experiments.run.added_settings import as_in_training, with_added
from experiments.run.config import flatten
from lasium_jax import cores
from lasium_jax.data import Splits
from lasium_jax.data.dataset import Dataset

# Fields that change no result, so that a run may be resumed with others.
FREE = ('checkpoint_seconds', 'devices')
# So many images of each split tell whether it is still the same; all labels and
# class names do.
KNOWN_BY = 4_096


class WrongWorkdir(Exception):
  """The workdir holds a run of another config."""


class CannotWrite(OSError):
  """A file cannot be written, as where a disk is full; its message says it."""


class CannotGoOn(CannotWrite):
  """A run's file cannot be written; its message says what to do then."""


class Record(NamedTuple):
  """Open files of one run.

  Attributes:
    workdir: the run's folder.
    events: a tensorboardX writer for each stage that runs.
  """

  workdir: Path
  events: dict[str, Any]

  def checkpoints(self, stage: str) -> Path:
    return self.workdir / 'checkpoints' / stage

  def sample(self, name: str) -> Path:
    return self.workdir / 'samples' / f'{name}.png'

  def write(
    self, stage: str, step: int, seconds: float, metrics: Mapping[str, float]
  ) -> None:
    """Appends one line to metrics.jsonl, and to the TensorBoard events."""
    line = {'stage': stage, 'step': step, 'seconds': round(seconds, 3)}
    path = self.workdir / 'metrics.jsonl'
    with writing(path), path.open('a') as file:
      file.write(json.dumps({**line, **metrics}) + '\n')
    if stage not in self.events:
      self._open_events(stage, step)
    for name, value in metrics.items():
      # TensorBoard has no such names as loss/seed=0, and its writer says so.
      tag = re.sub(r'[^-/\w.]', '_', name)
      self.events[stage].add_scalar(tag, value, step)

  def describe(self, stage: str, description: Mapping[str, Any]) -> None:
    """Notes how pages are to show a stage, in stages.json."""
    _add_entry(self.workdir / 'stages.json', stage, description)

  def note_picture(self, name: str, description: Mapping[str, Any]) -> None:
    """Notes how pages are to show a picture, in samples/pictures.json."""
    _add_entry(self.workdir / 'samples/pictures.json', name, description)

  def note(self, stage: str, notes: Mapping[str, Any]) -> None:
    """Notes what a stage trains on, in notes.json."""
    _add_entry(self.workdir / 'notes.json', stage, notes)

  def notes(self) -> dict[str, Any]:
    """What was noted, by stage."""
    return read_json(self.workdir / 'notes.json')

  def noted(self, stage: str) -> dict[str, Any]:
    """What was noted of a stage.

    Raises:
      FileNotFoundError: if nothing was noted.
    """
    entries = self.notes()
    if stage not in entries:
      path = self.workdir / 'notes.json'
      raise FileNotFoundError(
        f'{path} does not say on what {stage} was trained. Run it again.'
      )
    return dict(entries[stage])

  def close_events(self, stage: str) -> None:
    """Puts all events of a stage on disk; its next ones go to another file.

    Flushing is not enough: tensorboardX would leave behind what is queued.
    """
    if stage in self.events:
      self.events.pop(stage).close()

  def keep_config(self, config: Mapping[str, Any]) -> None:
    """Makes the folder that of a run of `config`, if it is not yet."""
    path = self.workdir / 'config.json'
    if not path.exists():
      write_json(path, config)

  def keep_data(self, splits: Splits) -> None:
    """Notes which data the run has, or sees that it still has the same.

    Raises:
      WrongWorkdir: if the data are others than when the run began.
    """
    path = self.workdir / 'data.json'
    now = {name: digest(part) for name, part in splits._asdict().items()}
    if not path.exists():
      write_json(path, now)
      return
    before = read_json(path)
    changed = [name for name in now if now[name] != before.get(name)]
    if changed:
      raise WrongWorkdir(
        f'{self.workdir} was begun with other images or classes: '
        f'{", ".join(changed)} changed since. Put them back as they were, or '
        'name another --workdir.'
      )

  def rewind(self, stage: str, step: int) -> float:
    """Opens a stage that goes on at `step`, and returns its seconds until then.

    A killed run has written on after its last checkpoint. Those lines are
    removed, because the resumed run writes them again.
    """
    self._open_events(stage, step, purge_step=step + 1)
    path = self.workdir / 'metrics.jsonl'
    lines = list(read_metrics(path))
    keep = [e for e in lines if e['stage'] != stage or e['step'] <= step]
    write_atomically(path, ''.join(json.dumps(e) + '\n' for e in keep))
    mine = [entry['seconds'] for entry in keep if entry['stage'] == stage]
    return float(max(mine, default=0.0))

  def _open_events(
    self, stage: str, step: int, purge_step: int | None = None
  ) -> None:
    # This import takes a second, which a message about a bad flag need not wait
    # for.
    from tensorboardX import SummaryWriter

    folder = self.workdir / 'events' / stage
    with writing(folder):
      # TensorBoard reads files in the order of their names. Those of one second
      # differ in the step alone, and so are in its order.
      self.events[stage] = SummaryWriter(
        str(folder), purge_step=purge_step, filename_suffix=f'.{step:09}'
      )


def read_metrics(path: Path) -> Iterator[dict[str, Any]]:
  """The entries of a metrics.jsonl; a line torn by a kill is left out."""
  if not path.exists():
    return
  for line in path.read_text().splitlines():
    try:
      yield json.loads(line)
    except json.JSONDecodeError:
      continue


def _add_entry(path: Path, name: str, entry: Mapping[str, Any]) -> None:
  """Sets one entry of a JSON object in a file."""
  entries = read_json(path)
  if entries.get(name) != entry:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, entries | {name: entry})


def digest(dataset: Dataset) -> str:
  """A digest of classes, labels and, evenly spaced, some of the images."""
  names = json.dumps([dataset.images.shape, dataset.class_names])
  read = hashlib.sha256(names.encode())
  read.update(np.ascontiguousarray(dataset.labels).tobytes())
  every = max(1, len(dataset.images) // KNOWN_BY)
  read.update(np.ascontiguousarray(dataset.images[::every]).tobytes())
  return read.hexdigest()


def open_record(workdir: Path, config: Mapping[str, Any]) -> Record:
  """Opens a run's folder, new or of the same config.

  A new folder belongs to no run until `Record.keep_config`.

  Args:
    workdir: the folder, made if there is none.
    config: the run's settings, of JSON types.

  Returns:
    The record.

  Raises:
    WrongWorkdir: if the folder holds a run of another config.
    OSError: if the folder cannot be written.
  """
  before = read_config(workdir)
  if before is not None:
    _check_same(workdir, before, config)
  with writing(workdir):
    (workdir / 'samples').mkdir(parents=True, exist_ok=True)
  return Record(workdir, {})


def read_config(workdir: Path) -> dict[str, Any] | None:
  """The config of the run in a folder, None if there is no run.

  It has the settings that came after that run, if they would change nothing.

  Raises:
    WrongWorkdir: if config.json is there, and is not that of a run.
  """
  path = workdir / 'config.json'
  if not path.is_file():
    return None
  try:
    return with_added(json.loads(path.read_text()))
  except (TypeError, ValueError) as error:
    raise WrongWorkdir(
      f'{path} does not hold the config of a run ({error}). Name another '
      'folder.'
    ) from error


def _check_same(
  workdir: Path, before: Mapping[str, Any], config: Mapping[str, Any]
) -> None:
  new = flatten(json.loads(json.dumps(config)))
  old = as_in_training(flatten(before), new)
  changed = [
    f'  {name}: {old.get(name, "absent")!r} there, '
    f'{new.get(name, "absent")!r} now'
    for name in sorted({*old, *new})
    if old.get(name) != new.get(name) and name not in FREE
  ]
  if changed:
    raise WrongWorkdir(
      f'{workdir} holds a run of another config:\n'
      + '\n'.join(changed)
      + '\nName another --workdir, or use the settings of that run.'
    )


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
  """Lets errors that are raised inside, such as a full disk's, name `path`."""
  try:
    yield
  except CannotWrite:  # A file in the folder `path`, which is named already.
    raise
  except OSError as error:
    raise CannotWrite(
      f'Cannot write {path}: {error.strerror or error}. See that the disk has '
      'room and that you may write there, or name another place.'
    ) from error


@contextlib.contextmanager
def of_a_run() -> Iterator[None]:
  """Lets errors of writing say what is true of runs alone."""
  try:
    yield
  except CannotGoOn:
    raise
  except CannotWrite as error:
    raise CannotGoOn(
      f'{error} A run writes to --workdir. What was saved before is as it was; '
      'the same command goes on from there.'
    ) from error


def write_atomically(path: Path, text: str) -> None:
  """Writes a file that is whole or not there at all."""
  partial = path.with_name(f'.{path.name}.{os.getpid()}')
  with writing(path):
    try:
      with partial.open('w') as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
      partial.replace(path)
    finally:
      partial.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
  write_atomically(path, json.dumps(value, indent=2) + '\n')


def read_json(path: Path) -> dict[str, Any]:
  """A JSON object from a file; {} if there is no file.

  Raises:
    ValueError: if the file holds something else; the message names it.
  """
  if not path.exists():
    return {}
  try:
    content = json.loads(path.read_text(encoding='utf-8'))
  except ValueError as error:
    raise ValueError(f'{path} is not JSON: {error}') from error
  if not isinstance(content, dict):
    raise ValueError(f'{path} is not a JSON object.')
  return content


def hardware() -> str:
  """The device that computes, in words."""
  device = jax.devices()[0]
  if device.platform != 'cpu':
    return f'{jax.device_count()} x {device.device_kind}'
  return f'{cores.cpu_cores()} CPU cores ({_processor()})'


def _processor() -> str:
  try:
    lines = Path('/proc/cpuinfo').read_text().splitlines()
  except OSError:
    return platform.processor() or platform.machine()
  names = [x.split(':')[1].strip() for x in lines if x.startswith('model name')]
  return names[0] if names else platform.machine()


def duration(seconds: float) -> str:
  """A time in units that suit it: '8.1 s', '4 min 12 s', '2 h 5 min'."""
  if seconds < 59.95:
    return f'{seconds:.1f} s'
  minutes, rest = divmod(round(seconds), 60)
  hours, minutes = divmod(minutes, 60)
  return f'{hours} h {minutes} min' if hours else f'{minutes} min {rest} s'


def clock() -> float:
  """Seconds since an arbitrary moment; their differences are times."""
  return time.monotonic()
