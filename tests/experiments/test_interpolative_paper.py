"""Numbers of Interpolative Autoencoders stand beside the runs they are of."""

import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
from whole_program import ROOT, config_of

from experiments.components.images import name_of
from experiments.papers import interpolative as paper
from experiments.papers.published import candidates
from experiments.run import loop
from experiments.run.app import settings_of
from experiments.run.config import BadConfig, flatten
from experiments.stages import generator
from experiments.stages.distances import (
  FRECHET,
  IN_INCEPTION,
  Embedding,
  metric_name,
)
from experiments.systems import interpolative, interpolative_stages
from lasium_jax.data.dataset import Dataset

FID = "Fréchet distance in Inception's features (FID)"
# Of the paper's Table 1, by its rows and columns, as printed.
PRINTED = """
| MNIST | 2.29 | 9.89 | 6.03 | 6.88 |
| EMNIST | 3.79 | 2.73 | 4.48 | 5.30 |
| Omniglot (train) | 8.36 | 14.6 | 1.92 | 4.62 |
| Omniglot (test) | 9.41 | 15.2 | 4.59 | 2.16 |
| MNIST (VAE) | 6.25 | 23.0 | 15.9 | 17.9 |
"""
CIFAR = {'cifar10': (4.39, 5.40), 'cifar100': (5.27, 4.63)}
# The columns that a config judges on.
COLUMNS = {'emnist': slice(0, 2), 'omniglot': slice(2, 4)}


def cells(line):
  return [cell.strip(' `') for cell in line.strip('|\n').split('|')]


def commands():
  """By row of Table 1 and config file, the flags that the document has."""
  text = (ROOT / 'docs/interpolative.md').read_text()
  _, section = text.split('## All pairs of Table 1')
  _, *rows = re.findall(r'^\|.*\|$', section.split('\n## ')[0], re.MULTILINE)
  return {
    (row, file): (run, flags.split())
    for row, run, *both in map(cells, rows[1:])
    for file, flags in zip(('emnist', 'omniglot'), both, strict=True)
  }


def with_flags(path, flags):
  """The settings of a config, with flags as they are typed."""
  config = config_of(f'interpolative/{path}')
  for flag in flags:
    field, _, text = flag.removeprefix('--config.').partition('=')
    kind = type(dict(flatten(config.to_dict()))[field])
    value = text == 'True' if kind is bool else kind(text)
    config.update_from_flattened_dict({field: value})
  settings = settings_of(config, interpolative.system())
  interpolative.build(settings)
  return settings


def of_classes(n, images=1):
  names = tuple(map(str, range(n)))
  return Dataset(
    np.zeros((images, 2, 2, 1), np.uint8), np.zeros(images, int), names
  )


def classes_of(section):
  omniglot = {'train': 964, 'test': 659}[section['split']]
  known = {'mnist': 10, 'emnist/bymerge': 37, 'omniglot': omniglot}
  return (known | {'cifar10': 10, 'cifar100': 100})[section['dataset']]


def judged(settings, images=1):
  """What `reconstruction.measure` would say of both data sets, and inverted."""
  validation, test = (
    of_classes(classes_of(settings[section]))
    for section in interpolative_stages.JUDGED
  )
  splits = SimpleNamespace(
    train=of_classes(1, images), validation=validation, test=test
  )
  found = interpolative_stages._judged(SimpleNamespace(splits=splits), settings)
  return [
    {
      'name': settings['name'],
      'metric': 'reconstruction L1, of 255',
      'value': 1.0,
      'dataset': one.name,
      'of': 'images',
      'protocol': dict(one.protocol),
    }
    for one in found
  ]


def beside(settings, images=1):
  """The numbers beside what is given back of both data sets."""
  *both, inverted = judged(settings, images)
  assert not candidates(flatten(settings), inverted)
  found = [candidates(flatten(settings), entry) for entry in both]
  assert all(len(numbers) <= 1 for numbers in found)
  return [numbers[0] if numbers else None for numbers in found]


ROWS = {row: values for row, *values in map(cells, PRINTED.split('\n')[1:-1])}
COMMANDS = commands()


def test_each_cell_has_a_command():
  assert set(COMMANDS) == {(row, f) for row in ROWS for f in COLUMNS}


@pytest.mark.parametrize(('row', 'file'), COMMANDS)
def test_each_command_has_its_cells_of_table_1(row, file):
  """In the document; the two that it judges on are the columns."""
  run, flags = COMMANDS[row, file]
  found = beside(with_flags(f'{file}.py:{run}', flags))
  expected = [float(value) for value in ROWS[row][COLUMNS[file]]]
  assert [number.value for number in found] == expected
  assert {number.table for number in found} == {'Interpolative AE Table 1'}
  letters = [("EMNIST's split Letters" in n.differs) for n in found]
  assert letters == [row == 'EMNIST', row == 'EMNIST' or file == 'emnist']


@pytest.mark.parametrize('dataset', CIFAR)
def test_photographs_have_their_cells(dataset):
  settings = with_flags(
    'cifar.py:autoencoder', [f'--config.data.dataset={dataset}']
  )
  assert [number.value for number in beside(settings)] == list(CIFAR[dataset])


def test_table_1_is_whole():
  numbers = [n for n in paper.NUMBERS if n.table.endswith('Table 1')]
  printed = [float(value) for row in ROWS.values() for value in row]
  printed += [value for row in CIFAR.values() for value in row]
  assert sorted(number.value for number in numbers) == sorted(printed)
  assert len(printed) == 24


# Of the heads of Table 1's columns.
COUNTS = {
  ('emnist', 'MNIST'): 60_000,
  ('emnist', 'EMNIST'): 124_800,
  ('omniglot', 'Omniglot (train)'): 19_280,
  ('omniglot', 'Omniglot (test)'): 13_180,
}


def counted(numbers):
  """Whether the count of training images is said to differ, of each."""
  return [any('training images' in d for d in n.differs) for n in numbers]


@pytest.mark.parametrize(('file', 'row'), COUNTS)
def test_runs_on_fewer_images_than_the_papers_say_so(file, row):
  run, flags = COMMANDS[row, file]
  settings, n = with_flags(f'{file}.py:{run}', flags), COUNTS[file, row]
  assert counted(beside(settings, images=n)) == [False, False]
  fewer = beside(settings, images=n - 1)
  assert counted(fewer) == [True, True]
  assert f'{n:,} training images' in fewer[0].differs


@pytest.mark.parametrize('dataset', CIFAR)
def test_photographs_are_50_000_in_the_paper(dataset):
  flags = [f'--config.data.dataset={dataset}']
  settings = with_flags('cifar.py:autoencoder', flags)
  assert counted(beside(settings, images=50_000)) == [False, False]
  assert counted(beside(settings, images=10_000)) == [True, True]


@pytest.mark.parametrize(
  ('path', 'flags'),
  [
    ('emnist.py:interpolative', []),
    ('emnist.py:novel-vae', []),
    ('omniglot.py:vae', []),
    ('omniglot.py:autoencoder', ['--config.data.dataset=cifar10']),
  ],
)
def test_other_models_and_data_have_no_cell(path, flags):
  assert beside(with_flags(path, flags)) == [None, None]


@pytest.mark.parametrize('row', ROWS)
def test_one_command_judges_the_generator_of_the_other(
  row, tmp_path, monkeypatch
):
  """Whose training must be the same, and whose evaluation may be another."""
  lender = 'omniglot' if row.startswith('Omniglot') else 'emnist'
  other = {'emnist': 'omniglot', 'omniglot': 'emnist'}[lender]
  run, flags = COMMANDS[row, lender]
  theirs = with_flags(f'{lender}.py:{run}', flags)
  (tmp_path / 'config.json').write_text(json.dumps(theirs))
  (tmp_path / 'data.json').write_text('{}')
  monkeypatch.setattr(loop, 'check_finished', lambda *a: None)
  _, flags = COMMANDS[row, other]
  borrowed = f'--config.generator_training.workdir={tmp_path}'
  generator.check_borrowed(with_flags(f'{other}.py:{run}', [*flags, borrowed]))
  with pytest.raises(BadConfig, match='was trained with data'):
    unlike = [*flags, borrowed, '--config.data.part=second']
    generator.check_borrowed(with_flags(f'{other}.py:{run}', unlike))


def fid(settings, metric=FID, **more):
  """What `quality.measure` would say of mixed codes."""
  entry = {
    'name': settings['name'],
    'metric': metric,
    'value': 1.0,
    'dataset': name_of(settings['evaluation_data']),
    'of': 'images',
    'protocol': {'mixed': 'evenly'},
    **more,
  }
  found = candidates(flatten(settings), entry)
  assert len(found) <= 1
  return found[0] if found else None


@pytest.mark.parametrize(
  ('path', 'expected'),
  [
    ('emnist.py:autoencoder', 17.66),
    ('emnist.py:novel-vae', 18.73),
    ('emnist.py:interpolative', 17.32),
    ('omniglot.py:autoencoder', 106.33),
    ('omniglot.py:novel-vae', 87.44),
    ('omniglot.py:interpolative', 74.70),
    ('emnist.py:vae', None),
    ('omniglot.py:vae', None),
    ('emnist.py:acai', None),
    ('cifar.py:autoencoder', None),
    ('characters.py:interpolative', None),
  ],
)
def test_each_fid_of_table_2(path, expected):
  """The VAE is trained on what is judged; its plain run has no number."""
  found = fid(with_flags(path, []))
  assert (found and found.value) == expected
  if found:
    assert found.table == 'Interpolative AE Table 2'
    assert 'pairs and their mixtures not said' in found.differs
    letters = "EMNIST's split Letters" in found.differs
    assert letters == path.startswith('emnist')


def test_an_fid_stands_beside_inceptions_features_alone():
  settings = with_flags('emnist.py:interpolative', [])
  network = Embedding('a network', None, ())
  other = metric_name(FRECHET, network)
  assert metric_name(FRECHET, network._replace(whose=IN_INCEPTION)) == FID
  assert fid(settings, other) is None
  assert fid(settings, floor=True, name='pixels') is None
  elsewhere = ['--config.evaluation_data.split=train']
  assert fid(with_flags('omniglot.py:interpolative', elsewhere)) is None
