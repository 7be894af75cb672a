"""RESULTS.md holds what runs found, and what they were."""

import json
import shutil

import pytest

from experiments import publish


def test_the_tables_are_those_of_the_files(tmp_path):
  path = tmp_path / 'RESULTS.md'
  shutil.copy(publish.ROOT / 'RESULTS.md', path)
  publish.write_tables(path, publish.kept(publish.ROOT / 'results'))
  assert path.read_text() == (publish.ROOT / 'RESULTS.md').read_text()


def test_a_run_is_collected_with_what_made_it(reference):
  page = publish.collect(reference)
  config = json.loads((reference / 'config.json').read_text())
  assert page['results'][0]['accuracy'] > 0
  assert page['meta']['iterations'] == config['meta']['iterations']
  assert page['generator']['steps'] == config['generator']['steps']
  assert page['generator']['seconds'] > 0
  changed = page['changed']
  assert changed['evaluation.queries'] == 3
  assert 'meta.iterations' not in changed and 'learner.name' not in changed


def test_a_row_of_a_table():
  entry = {'name': 'a-run', 'normalization': 'inductive', 'accuracy': 0.5}
  page = {
    'results': [
      {**entry, 'shots': 1, 'ci95': 0.01},
      {**entry, 'shots': 5, 'ci95': 0.02, 'paper_accuracy': 0.25}
      | {'paper_ci95': 0.003},
    ],
    'meta': {'iterations': 1_000, 'batch': 4, 'seconds': 61.0},
    'changed': {'tasks.ways': 20},
  }
  assert publish.table([page]).splitlines()[-1] == (
    '| `a-run` | 50.00 ± 1.00 |  | 50.00 ± 2.00 | 25.00 ± 0.30 | inductive |  '
    '| 1,000 x 4, 1 min 1 s | tasks.ways=20 |'
  )


def test_a_run_without_results_is_named(tmp_path, capsys):
  with pytest.raises(SystemExit):
    publish.main([str(tmp_path)])
  assert f'{tmp_path} has no results' in capsys.readouterr().err


def test_a_data_set_without_its_place_is_named(tmp_path):
  path = tmp_path / 'RESULTS.md'
  path.write_text('Nothing\n')
  with pytest.raises(ValueError, match='<!-- digits -->'):
    publish.write_tables(path, {'digits': []})
  assert path.read_text() == 'Nothing\n'
