"""The program: names, what it writes, and a case that really runs."""

import json
import math

import jax.numpy as jnp
import pytest

from benchmarks import cases, clustered, speed
from benchmarks.cases import Case

NAMES = {
  *(f'maml_step/{v}/{n}' for v in ('stride', 'max_pool') for n in (4, 32)),
  'lasium_iteration/vae',
  'lasium_iteration/msgan',
  'generator_step/vae',
  'generator_step/msgan',
  'generator_step/autoencoder',
  'generator_step/glo',
  'generator_step/interpolative',
  'augmentation/triplets',
  'classifier_step/resnet20',
  'classifier_step/wrn16-8',
  'classifier_step/wrn16-2',
  'classifier_step/resnet18',
  *('cola/cluster', 'cola/rotate'),
  *('cola/assign/optax', 'cola/assign/scipy'),
  *(f'cola/{table}/{n}' for table in ('rows', 'table') for n in (500, 50_000)),
  'evaluation/stride',
  'evaluation/max_pool',
  'tasks/vae',
  'tasks/msgan',
  *('clustered/views', 'clustered/iteration'),
  *('clustered/neighbors/24000', 'clustered/clusters/24000'),
  *('clustered/neighbors/250000', 'clustered/clusters/250000'),
  'startup/cold',
  'startup/warm',
}
KEYS = {
  'name',
  'ms',
  'ms_min',
  'ms_max',
  'reference_ms',
  'ratio',
  'gflop',
  'peak_share',
  'peak_mb',
}


def test_the_names():
  assert set(speed.all_cases(small=True, reference=False)) == NAMES


@pytest.mark.parametrize(
  'name,items', [('views', 24), ('neighbors', 200), ('clusters', 200)]
)
def test_a_part_of_clustering_runs(name, items):
  make = getattr(clustered, name)
  given = () if name == 'views' else (24_000,)
  case = make(*given, small=True)
  result = case.run()
  assert case.items == items
  if name == 'clusters':
    assert result.max() >= 5  # Of ten groups of twenty.
    assert case.peak_mb > 0.1  # 200 x 40 numbers of 8 bytes, or more.


@pytest.mark.parametrize(
  'only,expected',
  [
    ('', ['a/x/4', 'a/x/32', 'b/y']),
    ('b/y', ['b/y']),
    ('b,a/x/4', ['a/x/4', 'b/y']),
    ('a/x', ['a/x/4', 'a/x/32']),
    ('a/', ['a/x/4', 'a/x/32']),
  ],
)
def test_names_are_chosen_whole_or_by_their_beginning(only, expected):
  assert speed.chosen(['a/x/4', 'a/x/32', 'b/y'], only) == expected


@pytest.mark.parametrize(
  'arguments,message',
  [
    (['--only=maml'], 'maml_step/stride/4'),
    (['--only=maml_step/stride/3'], 'generator_step/vae'),
    (['--rounds=0'], 'must be 1 or more'),
  ],
)
def test_bad_arguments_are_named(tmp_path, capsys, arguments, message):
  with pytest.raises(SystemExit):
    speed.main([f'--out={tmp_path / "speed.json"}', *arguments])
  said = capsys.readouterr().err
  assert arguments[0].split('=')[1] in said and message in said


def test_the_plot_needs_another_name_than_the_numbers(tmp_path, capsys):
  with pytest.raises(SystemExit):
    speed.main([f'--out={tmp_path / "speed.png"}'])
  assert 'must end in .json' in capsys.readouterr().err


def test_an_imitation_is_not_timed(tmp_path, capsys):
  with pytest.raises(SystemExit):
    speed.main([f'--out={tmp_path / "speed.json"}', '--precision=bfloat16'])
  assert 'imitates' in capsys.readouterr().err


@pytest.fixture
def made_up(monkeypatch):
  """Two cases that take no time to build, one of them without counts."""

  def idle():
    return jnp.zeros(())

  table = {
    'counted/a': lambda: Case(idle, 2, 3.0, 4, 'tasks', 5.0, idle),
    'plain/b': lambda: Case(idle, 1, None, 1, 'starts', 6.0),
  }
  monkeypatch.setattr(speed, 'all_cases', lambda **_: table)


def test_what_is_written(tmp_path, capsys, made_up):
  out = tmp_path / 'new' / 'speed.json'
  speed.main([f'--out={out}', '--small', '--rounds=3'])
  page = json.loads(out.read_text())
  assert page['matmul_gflops'] > 0
  assert {'device', 'threads', 'precision', 'versions'} <= set(page)
  counted, plain = page['results']
  assert set(counted) >= KEYS and set(plain) >= KEYS
  assert counted['ms_min'] <= counted['ms'] <= counted['ms_max']
  assert counted['ratio'] == counted['reference_ms'] / counted['ms']
  assert counted['gflops'] == pytest.approx(1e3 * 3.0 / counted['ms'])
  share = counted['gflops'] / page['matmul_gflops']
  assert counted['peak_share'] == pytest.approx(share, rel=1e-3)
  assert counted['per_second'] == pytest.approx(1e3 * 4 / counted['ms'])
  empty = ('reference_ms', 'ratio', 'gflop', 'peak_share')
  assert all(plain[key] is None for key in empty)
  table = capsys.readouterr().out
  assert 'counted/a' in table and 'GFLOP/s' in table
  assert out.with_suffix('.png').stat().st_size > 1000


def test_what_was_measured_is_not_lost(tmp_path, made_up, monkeypatch):
  def broken():
    raise MemoryError('too large')

  table = speed.all_cases() | {'broken/c': broken}
  monkeypatch.setattr(speed, 'all_cases', lambda **_: table)
  out = tmp_path / 'speed.json'
  with pytest.raises(MemoryError, match='too large'):
    speed.main([f'--out={out}', '--small', '--rounds=1'])
  names = [result['name'] for result in json.loads(out.read_text())['results']]
  assert names == ['counted/a', 'plain/b']


def test_without_pytorch_a_line_says_so(tmp_path, capsys, made_up, monkeypatch):
  monkeypatch.setattr(speed.importlib.util, 'find_spec', lambda name: None)
  speed.main([f'--out={tmp_path / "speed.json"}', '--small', '--rounds=1'])
  assert "pip install -e '.[benchmarks]'" in capsys.readouterr().out


def test_a_case_that_runs():
  """The state is handed on: the third dispatch still has its buffers."""
  case = cases.maml_step('stride', 4, small=True, reference=False)
  losses = [case.run()[1]['loss'].item() for _ in range(3)]
  assert all(map(math.isfinite, losses)) and len(set(losses)) == 3
  assert case.repeats == 2 and case.items == 4
  assert case.gflop > 0 and case.peak_mb > 0
