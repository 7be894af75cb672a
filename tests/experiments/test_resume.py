"""Processes that are really killed, and what the next one makes of it."""

import json
import random
import shutil
import signal
import time

import pytest
from tests.experiments.conftest import assert_same_run, final_states, metrics

STAGES = ('train_generator', 'meta_train', 'evaluate')


def lines_of(workdir, stage):
  """How many lines the stage has written; one may be half written."""
  path = workdir / 'metrics.jsonl'
  text = path.read_text() if path.exists() else ''
  return text.count(f'"stage": "{stage}')


def wait_for(process, condition):
  deadline = time.monotonic() + 120
  while not condition() and process.poll() is None:
    assert time.monotonic() < deadline
    time.sleep(0.005)


def test_killed_at_any_moment_a_run_ends_as_if_nothing_had_been(
  program, reference, tmp_path
):
  rng = random.Random(0)
  command = program.command('lasium', tmp_path)
  killed = {stage: 0 for stage in STAGES}
  for stage in STAGES:
    for lines in (1, 2):
      with program.start(command) as process:
        wait_for(process, lambda s=stage, n=lines: lines_of(tmp_path, s) >= n)
        time.sleep(rng.uniform(0, 0.1))
        process.kill()
        process.communicate()
      killed[stage] += process.returncode == -signal.SIGKILL
  assert all(killed.values()), killed
  output = program.run(command)
  assert 'going on from step' in output
  assert_same_run(tmp_path, reference)
  written = [(entry['stage'], entry['step']) for entry in metrics(tmp_path)]
  expected = [(entry['stage'], entry['step']) for entry in metrics(reference)]
  assert written == expected
  assert len(set(written)) == len(written)


@pytest.fixture
def half_done(program, reference, tmp_path):
  """A run that SIGTERM stopped in meta-training; what it printed."""
  workdir = tmp_path / 'half'
  shutil.copytree(
    reference / 'checkpoints/train_generator',
    workdir / 'checkpoints/train_generator',
  )
  command = program.command('lasium', workdir)
  with program.start(command) as process:
    wait_for(process, lambda: lines_of(workdir, 'meta_train') >= 1)
    process.terminate()
    output, _ = process.communicate(timeout=120)
  return workdir, process.returncode, output


def test_sigterm_saves_and_a_corrupt_checkpoint_is_passed_over(
  program, reference, half_done
):
  workdir, code, output = half_done
  assert code == 0
  step = metrics(workdir)[-1]['step']
  assert f'Stopped by SIGTERM: meta_train at step {step} of 6' in output
  assert 'same command' in output
  folder = workdir / 'checkpoints/meta_train'
  newest = folder / f'{step:08}'
  assert newest.is_dir()

  # A second one, so that there is one before; then one that is damaged.
  shutil.copytree(newest, folder / '00000005')
  manifest = folder / '00000005/manifest.json'
  manifest.write_text(json.dumps({'step': 5, 'files': {}, 'leaves': []}))
  output = program.run(program.command('lasium', workdir))
  assert 'Skipping checkpoint' in output
  assert '00000005' in output
  assert f'meta_train: going on from step {step}' in output
  shutil.rmtree(folder / '00000005', ignore_errors=True)
  assert final_states(workdir).keys() == final_states(reference).keys()
  assert_same_run(workdir, reference)
