"""Results of any metric, and of any version, in one form."""

import json

import pytest

from experiments.run.results import (
  Result,
  is_few_shot,
  read_results,
  to_json,
  upgrade,
)

OLD = {
  'name': 'nearest',
  'dataset': 'folder',
  'ways': 5,
  'shots': 1,
  'queries': 15,
  'tasks': 100,
  'seed': 0,
  'accuracy': 0.25,
  'ci95': 0.01,
  'normalization': 'inductive',
  'steps': 0,
  'config': 'configs/folder.py:scratch',
}


def test_what_a_result_has_nothing_of_is_left_out():
  result = Result('a', 'frechet distance', 0.0, 'digits', 500, 'images')
  assert to_json(result) == {
    'name': 'a',
    'metric': 'frechet distance',
    'value': 0.0,
    'dataset': 'digits',
    'n': 500,
    'of': 'images',
    'steps': 0,
  }


def test_a_result_comes_back_as_it_was(tmp_path):
  result = Result(
    'a',
    'accuracy',
    0.5,
    'digits',
    500,
    'tasks',
    ci95=0.01,
    protocol={'ways': 5, 'shots': 1},
    steps=10,
    config='configs/a.py:a',
    member={'seed': 0, 'alpha': 0.2},
    floor=True,
    note='by pixels',
    use={'head': 'mean'},
  )
  path = tmp_path / 'results.json'
  path.write_text(json.dumps({'results': [to_json(result)], 'hardware': 'x'}))
  page = read_results(path)
  assert Result(**page['results'][0]) == result
  assert page['hardware'] == 'x'


def test_an_older_entry_has_todays_form():
  entry = upgrade({**OLD, 'paper_accuracy': 0.3, 'paper_ci95': 0.02})
  assert entry == {
    'name': 'nearest',
    'metric': 'accuracy',
    'value': 0.25,
    'ci95': 0.01,
    'n': 100,
    'of': 'tasks',
    'dataset': 'folder',
    'protocol': {
      'ways': 5,
      'shots': 1,
      'queries': 15,
      'seed': 0,
      'normalization': 'inductive',
    },
    'steps': 0,
    'config': 'configs/folder.py:scratch',
    'floor': True,
    'note': 'by pixels, not learned',
    'published': {'value': 0.3, 'ci95': 0.02},
  }
  assert upgrade(entry) == entry
  assert 'floor' not in upgrade({**OLD, 'name': 'ro-vae-maml'})


def test_an_entry_without_its_number_of_tasks_is_named(tmp_path):
  entry = to_json(Result('a', 'accuracy', 0.5, 'digits', 500, 'tasks'))
  del entry['n']
  path = tmp_path / 'results.json'
  path.write_text(json.dumps({'results': [entry]}))
  with pytest.raises(ValueError, match=r'results\.json'):
    read_results(path)


def test_few_shot_is_an_accuracy_of_ways_and_shots():
  entry = upgrade(OLD)
  assert is_few_shot(entry)
  assert not is_few_shot({**entry, 'metric': 'l1'})
  assert not is_few_shot({**entry, 'protocol': {'ways': 5}})


def test_a_missing_file_has_nothing(tmp_path):
  assert read_results(tmp_path / 'results.json') == {}


@pytest.mark.parametrize(
  ('text', 'message'),
  [
    ('{"results": [', 'not JSON'),
    ('[]', 'not a JSON object'),
    (
      '{"results": [{"name": "a"}]}',
      "cannot be read: KeyError\\('accuracy'\\)",
    ),
    ('{"results": 3}', 'cannot be read'),
  ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path, text, message):
  path = tmp_path / 'results.json'
  path.write_text(text)
  with pytest.raises(ValueError, match=rf'results\.json .*{message}'):
    read_results(path)
