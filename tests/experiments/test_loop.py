"""The loop by itself, on a stage that counts."""

import contextlib
import errno
import logging
import os
import shutil
import signal
from pathlib import Path

import jax.numpy as jnp
import pytest

from experiments.run import loop
from experiments.run.record import Record, read_metrics
from lasium_jax import io


@pytest.fixture
def record(tmp_path):
  return Record(tmp_path, {})


def counter(advance=None, steps=6):
  def count(state, first, n):
    return state + n, {'sum': state.sum() + n}

  return loop.Stage('count', steps, 2, lambda: jnp.zeros(()), advance or count)


def test_a_metric_that_is_not_finite_is_named_and_nothing_saved(record):
  def advance(state, first, n):
    return state + n, {'loss': jnp.where(first < 4, 1.0, jnp.nan)}

  with pytest.raises(loop.Diverged, match='count: loss is nan at step 6'):
    loop.run(counter(advance), record, checkpoint_seconds=0)
  assert io.restore(record.checkpoints('count'), jnp.zeros(())) == (4, 4)


def test_a_state_that_is_not_finite_is_not_saved(record):
  def advance(state, first, n):
    return state + jnp.where(first < 4, n, jnp.inf), {'loss': 0.0}

  with pytest.raises(loop.Diverged, match=r'count: .*not finite at step 6'):
    loop.run(counter(advance), record, checkpoint_seconds=0)
  assert io.restore(record.checkpoints('count'), jnp.zeros(())) == (4, 4)


def test_a_full_disk_is_named_and_earlier_checkpoints_survive(
  record, monkeypatch
):
  usage = shutil.disk_usage(record.workdir)

  def advance(state, first, n):
    if first == 4:
      full = usage._replace(free=0)
      monkeypatch.setattr(shutil, 'disk_usage', lambda path: full)
    return state + n, {'loss': 0.0}

  with pytest.raises(OSError, match=r'checkpoints/count.*disk has room'):
    loop.run(counter(advance), record, checkpoint_seconds=0)
  assert io.restore(record.checkpoints('count'), jnp.zeros(())) == (4, 4)
  monkeypatch.undo()
  assert loop.run(counter(), record, checkpoint_seconds=0) == 6


def test_metrics_that_cannot_be_written_are_named(record, monkeypatch):
  def full(path, *args, **kwargs):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

  def advance(state, first, n):
    monkeypatch.setattr(Path, 'open', full)
    return state + n, {'loss': 0.0}

  with pytest.raises(OSError, match=r'metrics.jsonl: No space left.*workdir'):
    loop.run(counter(advance), record, checkpoint_seconds=0)


@pytest.fixture
def handled(monkeypatch):
  monkeypatch.setattr(loop, '_stop_requested', False)
  before = signal.getsignal(signal.SIGTERM)
  loop.stop_on_sigterm()
  yield
  signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize(('first', 'step'), [(0, 2), (4, 6)])
@pytest.mark.usefixtures('handled')
def test_sigterm_saves_the_step_it_came_in(record, first, step):
  """Also the last one, behind which nothing may look for it."""

  def advance(state, i, n):
    if i == first:
      signal.raise_signal(signal.SIGTERM)
    return state + n, {'loss': 0.0}

  with pytest.raises(loop.Stopped, match=f'count at step {step} of 6'):
    loop.run(counter(advance), record, checkpoint_seconds=1e9)
  assert io.restore(record.checkpoints('count'), jnp.zeros(())) == (step, step)


@pytest.mark.parametrize('hosts', [1, 2])
@pytest.mark.usefixtures('handled')
def test_sigterm_ends_what_is_no_stage_at_once(record, monkeypatch, hosts):
  """But not one host of several, for which the others would wait."""
  loop.run(counter(), record, checkpoint_seconds=1e9)
  monkeypatch.setattr(loop.jax, 'process_count', lambda: hosts)
  stops = pytest.raises(loop.Stopped, match='after the last checkpoint')
  with stops if hosts == 1 else contextlib.nullcontext():
    try:
      signal.raise_signal(signal.SIGTERM)
    except Exception:
      raise AssertionError('taken for an error') from None
  assert loop._stop_requested


def test_events_are_on_disk_before_a_checkpoint(record, monkeypatch):
  seen = []

  def save(folder, step, state):
    files = record.workdir.glob('events/count/*')
    data = b''.join(path.read_bytes() for path in files)
    seen.append([f'at-{n}'.encode() in data for n in (2, 4, 6)])

  def advance(state, first, n):
    return state + n, {f'at-{first + n}': 0.0}

  monkeypatch.setattr(loop.hosts, 'save', save)
  loop.run(counter(advance), record, checkpoint_seconds=0)
  assert seen == [[True, False, False], [True, True, False], [True] * 3]


def test_names_of_members_go_into_events_without_a_word(record, caplog):
  with caplog.at_level(logging.INFO):
    record.write('count', 1, 0.0, {'loss/seed=0,alpha=0.2': 1.0})
    record.events['count'].close()
  assert 'illegal' not in caplog.text
  (path,) = record.workdir.glob('events/count/*')
  assert b'loss/seed_0_alpha_0.2' in path.read_bytes()
  (line,) = read_metrics(record.workdir / 'metrics.jsonl')
  assert line['loss/seed=0,alpha=0.2'] == 1.0


def test_the_estimate_leaves_compilation_out(record, monkeypatch, capsys):
  now = [0.0]
  monkeypatch.setattr(loop, 'clock', lambda: now[0])

  def advance(state, first, n):
    now[0] += 3_600 if first == 0 else 60
    return state + n, {'loss': 0.0}

  loop.run(counter(advance), record, checkpoint_seconds=1e9)
  first, second, third = capsys.readouterr().err.splitlines()
  assert 'left' not in first
  assert second.startswith('count 4/6') and second.endswith('1 min 0 s left')
  assert third.endswith('0.0 s left')
