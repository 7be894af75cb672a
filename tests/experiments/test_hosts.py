"""Two processes on the loopback interface do what one does, and write once."""

import socket

import numpy as np
import pytest
from whole_program import final_states, metrics, results


def free_port():
  with socket.socket() as probe:
    probe.bind(('localhost', 0))
    return probe.getsockname()[1]


def together(program, workdirs, **fields):
  """What both processes print; their workdirs differ to tell them apart."""
  port = free_port()
  processes = [
    program.start(
      [
        *program.command('lasium', workdir, devices=2, **fields),
        '--distributed',
        f'--coordinator=localhost:{port}',
        '--processes=2',
        f'--process={i}',
      ]
    )
    for i, workdir in enumerate(workdirs)
  ]
  try:
    outputs = [process.communicate(timeout=200)[0] for process in processes]
  finally:
    for process in processes:  # Those that wait for each other for ever.
      process.kill()
  assert [process.returncode for process in processes] == [0, 0], outputs
  return outputs


@pytest.fixture(scope='module')
def runs(program, tmp_path_factory):
  """The workdirs of the two, and what they printed."""
  base = tmp_path_factory.mktemp('hosts')
  workdirs = [base / 'first', base / 'second']
  return workdirs, together(program, workdirs)


def test_two_hosts_reach_what_one_does(reference, runs):
  (first, _), _ = runs
  for ours, theirs in zip(results(first), results(reference), strict=True):
    assert ours['name'] == theirs['name']
    np.testing.assert_allclose(ours['value'], theirs['value'], atol=0.05)
  ours, theirs = final_states(first), final_states(reference)
  assert ours.keys() == theirs.keys()
  for name, leaf in theirs['train_generator'].items():
    if '.params' in name:
      # Adam makes a whole step of the smallest gradient, of either sign.
      np.testing.assert_allclose(
        ours['train_generator'][name], leaf, atol=2e-2, err_msg=name
      )
  losses = [
    [entry['loss'] for entry in metrics(workdir) if 'loss' in entry]
    for workdir in (first, reference)
  ]
  np.testing.assert_allclose(*losses, rtol=2e-2)


def test_the_first_alone_writes_and_prints(runs):
  (first, second), (printed, silent) = runs
  assert (first / 'report.html').exists()
  assert not second.exists()
  assert 'Report: ' in printed
  assert 'Report: ' not in silent
  assert 'left' in printed or 'meta_train 6/6' in printed
  assert 'meta_train' not in silent


def test_both_go_on_from_the_checkpoint_of_the_first(program, runs):
  (first, second), _ = runs
  before = results(first)
  printed, _ = together(program, [first, second])
  assert 'train_generator 6/6' not in printed
  assert results(first) == before
