"""Runs on small data sets in published layouts, from their real configs."""

import numpy as np
import pytest
from published import WORDS, write_stl10, write_tiny_imagenet
from whole_program import config_of, results

from experiments.run.app import settings_of
from experiments.run.config import flatten
from experiments.run.run import Places
from experiments.systems import cola

CLASSES, SHOTS = 3, 2
SMALL = {
  'small_sample__classes': CLASSES,
  'small_sample__shots': SHOTS,
  'generator__clusters': CLASSES,
  'generator_training__steps': 2,
  'training__steps': 2,
  'training__batch_size': 4,
  'training__test_every': 2,
  'data__size': 8,
  'evaluation_data__size': 8,
  'generator__levels': 1,
  'classifier__name': 'infogan',  # It compiles in a tenth of the time.
  'classifier__width': 2,
  'seeds': 1,
  'checkpoint_seconds': 600.0,
}


METRICS = 'accuracy', 'classification accuracy score'


@pytest.fixture
def data_dir(tmp_path):
  """Both data sets, with an image more of each class than runs ask for."""
  for split, size in (('train', 3), ('test', 4)):
    write_stl10(tmp_path / 'stl10_binary', (size,) * 3, split=split)
  write_tiny_imagenet(tmp_path / 'tiny-imagenet-200')
  return tmp_path


def test_a_run_on_small_files(program, data_dir, tmp_path):
  """The test is the data set's own, whole."""
  workdir = tmp_path / 'run'
  command = program.command('cola', workdir, 'cola/stl10.py', **SMALL)
  command = [*command, f'--data_dir={data_dir}', f'--cache_dir={tmp_path}']
  program.run(command)
  found = results(workdir)
  assert {entry['dataset'] for entry in found} == {'stl10'}
  accuracies = [entry for entry in found if entry['metric'] in METRICS]
  assert len(accuracies) == 3
  assert {entry['n'] for entry in accuracies} == {CLASSES * 4}


@pytest.mark.parametrize(
  ('name', 'tested'), [('stl10', 4), ('tiny_imagenet', 2)]
)
def test_what_is_learned_from_and_what_is_tested(data_dir, name, tested):
  """Of the official training images, and of the others; of the same classes."""
  config = config_of(f'cola/{name}.py')
  config.small_sample.update(shots=SHOTS, classes=CLASSES)
  config.generator.clusters = CLASSES
  settings = settings_of(config, cola.system())
  splits = cola.read(settings, Places(data_dir, data_dir / 'cache'))
  few, test = splits.train, splits.test
  assert np.bincount(few.labels).tolist() == [SHOTS] * CLASSES
  assert np.bincount(test.labels).tolist() == [tested] * CLASSES
  size = settings['data']['size']
  assert few.shape == test.shape == (size, size, 3)
  assert few.class_names == test.class_names


FORMS = {
  'cifar10': (32, 10, 'resnet20', 5_000),
  'cifar100': (32, 100, 'resnet20', 500),
  'stl10': (48, 10, 'resnet20', 500),
  'tiny_imagenet': (64, 200, 'wide_resnet', 500),
}


@pytest.mark.parametrize('name', FORMS)
def test_what_runs_have(name):
  """The paper's sizes and network, and all labeled images for `cola`."""
  size, classes, network, shots = FORMS[name]
  settings = settings_of(config_of(f'cola/{name}.py'), cola.system())
  assert settings['data']['size'] == settings['evaluation_data']['size'] == size
  assert settings['generator']['clusters'] == classes
  assert settings['generator']['latent_size'] == 64
  assert settings['classifier']['name'] == network
  named = config_of(f'cola/{name}.py:scola-resnet32')
  assert named.classifier.name == 'resnet32'
  strong = config_of(f'cola/{name}.py:glo-strong').classifier
  assert (strong.name, strong.depth, strong.width) == ('wide_resnet', 16, 8)
  unlabeled = config_of(f'cola/{name}.py:cola')
  assert unlabeled.small_sample.shots == shots
  assert unlabeled.generator.latent_size == 128


def test_cifar_100_is_read_as_cifar_10_is():
  """By the same settings but for its name and its classes."""
  ten, hundred = (
    flatten(config_of(f'cola/{name}.py:scola').to_dict())
    for name in ('cifar10', 'cifar100')
  )
  changed = {
    field: value for field, value in hundred.items() if ten[field] != value
  }
  assert changed == {
    'file': 'configs/cola/cifar100.py',
    'data.dataset': 'cifar100',
    'evaluation_data.dataset': 'cifar100',
    'generator.clusters': 100,
  }


def test_another_number_of_classes_is_refused(data_dir, tmp_path):
  settings = settings_of(config_of('cola/tiny_imagenet.py'), cola.system())
  settings['small_sample']['shots'] = 2
  with pytest.raises(
    ValueError, match=f'clusters is 200; it must be {len(WORDS)}'
  ):
    cola.read(settings, Places(data_dir, tmp_path / 'cache'))
