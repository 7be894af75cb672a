"""Published runs that differ only in their seed are one column."""

import pytest

from experiments.papers.over_seeds import INTERVALS, over_seeds
from experiments.papers.publish import write_tables
from experiments.papers.side_by_side import side_by_side


def page(seed, value, *, floor=9.0, metric='error', **changed):
  entry = {
    'name': 'run',
    'metric': metric,
    'value': value,
    'ci95': 0.25,
    'n': 100,
    'of': 'images',
    'dataset': 'letters',
    'protocol': {'trained on': 'digits'},
    'steps': 4_000,
  }
  settings = {
    'system': 'interpolative',
    'file': 'configs/a.py',
    'name': 'run',
    'seed': seed,
    'generator_training.steps': 4_000,
    'generator_training.batch_size': 64,
  }
  pixels = {**entry, 'name': 'pixels', 'value': floor, 'floor': True}
  return {
    'results': [entry, pixels],
    'settings': settings | changed,
    'changed': ({'seed': seed} if seed else {}) | changed,
    'seconds': {'train_generator': 60.0 + seed},
    'hardware': 'a core',
  }


def test_five_seeds_are_a_mean_with_its_interval():
  """By hand: t of 4 degrees is 2.776, and the variance of 1 to 5 is 2.5."""
  runs = {f'run-{i}': page(i, i + 1.0, floor=2.0 * i) for i in range(5)}
  found = over_seeds(runs)
  assert list(found) == ['run-0 (5 seeds)']
  own, pixels = found['run-0 (5 seeds)']['results']
  assert own['value'] == 3
  assert own['ci95'] == pytest.approx(2.7764 * (2.5 / 5) ** 0.5, rel=1e-4)
  assert pixels['value'] == 4
  assert pixels['ci95'] == pytest.approx(2 * own['ci95'])
  assert (own['n'], own['of']) == (100, 'images')


def test_two_seeds_have_a_wide_interval():
  """By hand: t of 1 degree is 12.706, the error of the mean of 1 and 3 is 1."""
  (found,) = over_seeds({'a': page(0, 1.0), 'b': page(7, 3.0)}).values()
  assert found['results'][0]['ci95'] == pytest.approx(12.7062, rel=1e-4)
  assert found['seconds'] == {'train_generator': 63.5}
  assert found['changed'] == {'seed': '0/7'} and found['seeds'] == [0, 7]


@pytest.mark.parametrize(
  'other',
  [
    page(1, 3.0, mapped=True),
    page(1, 3.0, metric='another'),
    page(0, 3.0),
  ],
  ids=['other settings', 'other measures', 'same seed'],
)
def test_other_runs_stay_apart(other):
  runs = {'a': page(0, 1.0), 'b': other}
  assert over_seeds(runs) == runs


def test_tables_have_them_in_one_column(tmp_path):
  runs = {'a-0': page(0, 1.0), 'a-1': page(1, 3.0)}
  runs['b'] = page(0, 5.0, mapped=True)
  file = tmp_path / 'RESULTS.md'
  file.write_text('<!-- letters --><!-- /letters -->')
  write_tables(file, {'letters': runs})
  text = file.read_text()
  assert '| measure | `a-0 (2 seeds)` | `b` | `pixels` |' in text
  assert '| 2 ± 13 | 5 ± 0.25 | 9 ± 0 |' in text
  assert '| 4,000 x 64, 1 min 0 s | seed=0/1 |' in text
  assert INTERVALS in text
  assert INTERVALS not in side_by_side({'b': runs['b']})
