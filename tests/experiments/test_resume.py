"""Processes that are really killed, and what the next one makes of it."""

import random
import shutil
import signal
import time

from whole_program import assert_same_run, metrics

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


def damage(path):
  """Turns a byte over in the middle of a checkpoint's largest file."""
  files = [p for p in (path / 'state').rglob('*') if p.is_file()]
  largest = max(files, key=lambda p: p.stat().st_size)
  data = bytearray(largest.read_bytes())
  data[len(data) // 2] ^= 255
  largest.write_bytes(data)


def test_sigterm_saves_and_a_corrupt_checkpoint_is_passed_over(
  program, reference, tmp_path
):
  shutil.copytree(
    reference / 'checkpoints/train_generator',
    tmp_path / 'checkpoints/train_generator',
  )
  command = program.command('lasium', tmp_path)
  with program.start(command) as process:
    wait_for(process, lambda: lines_of(tmp_path, 'meta_train') >= 1)
    process.terminate()
    output, _ = process.communicate(timeout=120)
  assert process.returncode == 0, output
  step = metrics(tmp_path)[-1]['step']
  assert f'Stopped by SIGTERM: meta_train at step {step} of 6' in output
  assert 'same command' in output

  folder = tmp_path / 'checkpoints/meta_train'
  newest = folder / '00000005'
  shutil.copytree(folder / f'{step:08}', newest)
  damage(newest)
  output = program.run(command)
  assert f'Skipping checkpoint {newest}' in output
  assert f'meta_train: going on from step {step}.' in output
  assert_same_run(tmp_path, reference)


def test_a_damaged_end_of_meta_training_is_made_again(
  program, reference, tmp_path
):
  shutil.copytree(reference, tmp_path, dirs_exist_ok=True)
  folder = tmp_path / 'checkpoints/meta_train'
  newest = max(folder.iterdir())
  damage(newest)
  output = program.run(program.command('lasium', tmp_path))
  assert f'Skipping checkpoint {newest}' in output
  assert_same_run(tmp_path, reference)
