"""Whole runs of what COLA is compared with, from the real config, shrunk."""

import numpy as np
import pytest
from whole_program import assert_same_run, final_states, interrupted, results

from experiments.run.results import ON_MADE, SCORE

CLASSES, SHOTS = 3, 2
SMALL = {
  'small_sample__classes': CLASSES,
  'small_sample__shots': SHOTS,
  'generator__classes': CLASSES,
  'generator_training__steps': 4,
  'training__steps': 3,
  'training__batch_size': 8,
  'quality__images': 12,
  'classifier__name': 'infogan',  # It compiles in a tenth of the time.
  'classifier__width': 2,
  'seeds': 1,
}
RUNS = {
  'glo': {},
  'cgan-pd': {
    'generator_training__batch_size': 8,
    'generator__critic_steps': 2,  # Each is compiled by itself.
  },
}


@pytest.fixture(scope='module', params=RUNS)
def run(program, request):
  """Its name, its command, and its workdir once it has come to its end."""
  name = request.param
  workdir = program.base / name
  fields = SMALL | RUNS[name]

  def command(workdir):
    return program.command('cola', workdir, f'cola/glyphs.py:{name}', **fields)

  program.run(command(workdir))
  return name, command, workdir


def test_it_has_the_results_of_cola(run):
  name, _, workdir = run
  found = results(workdir)
  named = [(entry['name'], entry['metric']) for entry in found[:4]]
  assert named == [
    (name, 'accuracy'),
    ('real', 'accuracy'),
    (name, ON_MADE),
    (name, SCORE),
  ]
  assert all(0 <= entry['value'] <= 1 for entry in found[:4])
  assert all(entry['ci95'] is not None for entry in found[:4])
  assert found[2]['n'] == 12 and found[3]['n'] == CLASSES * (20 - SHOTS)
  page = (workdir / 'report.html').read_text()
  for words in ('Images of each class', SCORE, 'the real images alone', '<img'):
    assert words in page
  assert (workdir / 'samples/class_samples.png').exists()


def test_its_generator_is_its_own(run):
  """GLO has a code for each image, and the GAN a critic, both of all steps."""
  name, _, workdir = run
  state = final_states(workdir)['train_generator']
  assert all(np.isfinite(leaf).all() for leaf in state.values())
  if name == 'glo':
    codes = state['[0].codes']
    assert len(codes) == CLASSES * SHOTS
    np.testing.assert_allclose(np.linalg.norm(codes, axis=1), 1, rtol=1e-5)
  else:
    table = state["[0].critic['params']['SpectralTable_0']['table']"]
    assert len(table) == CLASSES and state['[0].steps'] == 4


def test_it_resumes_bit_for_bit(program, run, tmp_path):
  _, command, workdir = run
  again = interrupted(workdir, tmp_path / 'run', 'train_generator')
  printed = program.run(command(again))
  assert 'train_generator: going on from step' in printed
  assert_same_run(again, workdir)
