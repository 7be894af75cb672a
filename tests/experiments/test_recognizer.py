"""The classifier of all training characters, from its real configs, shrunk."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from whole_program import (
  ROOT,
  assert_same_run,
  config_of,
  final_states,
  interrupted,
  metrics,
  random_splits,
  results,
)

from experiments.run.app import settings_of
from experiments.run.run import Places
from experiments.stages import classifier
from experiments.systems import recognizer
from experiments.systems.exports import export
from lasium_jax import models
from lasium_jax.data.dataset import Dataset
from lasium_jax.types import Classified

GLYPHS = 'recognizer/glyphs.py'
SMALL = {
  'training__steps': 6,
  'training__batch_size': 64,
  'training__test_every': 3,
  'classifier__width': 2,
  'checkpoint_seconds': 0,
  'seeds': 2,
}


@pytest.fixture(scope='module')
def run(program):
  """The workdir of a run of two members, and what it printed."""
  workdir = program.base / 'recognizer'
  command = program.command('recognizer', workdir, GLYPHS, **SMALL)
  return workdir, program.run(command)


def test_one_command_leaves_a_whole_record(run):
  workdir, printed = run
  *entries, mean = results(workdir)
  assert [entry['member'] for entry in entries] == [{'seed': 0}, {'seed': 1}]
  assert (mean['n'], mean['of']) == (2, 'runs')
  for entry in entries:
    assert entry['metric'] == 'accuracy' and entry['of'] == 'images'
    assert 0 <= entry['value'] <= 1
    error = (entry['value'] * (1 - entry['value']) / entry['n']) ** 0.5
    assert entry.get('ci95', 0) == pytest.approx(1.96 * error)
    assert 'ways' not in entry['protocol']
  last = metrics(workdir)[-1]
  assert {'loss/seed=0', 'loss/seed=1', 'test_accuracy'} <= last.keys()
  # What the curve ends with is what results have: the same images.
  for entry in entries:
    own = last[f'test_accuracy/seed={entry["member"]["seed"]}']
    assert own == pytest.approx(entry['value'], abs=1e-6)
  page = (workdir / 'report.html').read_text()
  assert 'Classifier' in page and 'accuracy' in page
  assert f'Report: {workdir}' in printed


def test_it_resumes_bit_for_bit(program, run, tmp_path):
  """From the middle of an epoch, or wherever the checkpoint is."""
  workdir, _ = run
  again = interrupted(workdir, tmp_path / 'run', 'train_classifier')
  command = program.command('recognizer', again, GLYPHS, **SMALL)
  assert 'going on from step 5' in program.run(command)
  assert_same_run(again, workdir)


def test_it_is_exported_as_a_classifier(run, tmp_path):
  workdir, _ = run
  model = models.load_model(export(workdir, tmp_path / 'model'))
  assert model.card['kind'] == 'classifier'
  assert model.card['training']['labels'] is True
  assert [e['member'] for e in model.card['accuracy']] == [{'seed': 0}]
  classes = results(workdir)[0]['protocol']['classes']
  found = models.classifier(model.card)(model.params, jnp.zeros((3, 28, 28, 1)))
  assert found.logits.shape == (3, classes)
  trained = final_states(workdir)['train_classifier']
  for path, leaf in jax.tree_util.tree_leaves_with_path(model.params['params']):
    name = f"[0].variables['params']{jax.tree_util.keystr(path)}"
    np.testing.assert_array_equal(leaf, trained[name])


def test_one_way_to_hold_images_out():
  dataset = random_splits(16).train
  with pytest.raises(ValueError, match=r'share is 0.5 and shots 2: one'):
    recognizer.held_out(dataset, share=0.5, shots=2)
  train, _ = recognizer.held_out(dataset, shots=2)
  assert np.bincount(train.labels).tolist() == [2] * 8


def test_drawings_are_held_out_of_each_class():
  dataset = random_splits(16).train
  train, test = recognizer.split_images(dataset, 3)
  assert np.bincount(train.labels).tolist() == [5] * 8
  assert np.bincount(test.labels).tolist() == [3] * 8
  seen, held = (
    {image.tobytes() for image in part.images} for part in (train, test)
  )
  assert not seen & held and len(seen | held) == 64
  with pytest.raises(ValueError, match=r'drawings is 8.*8 images'):
    recognizer.split_images(dataset, 8)


BAD = {
  'classifier.width': (0, 'config.classifier.width is 0'),
  'optimizer.momentum': (1.5, 'config.optimizer.momentum is 1.5'),
  'optimizer.schedule': ('zz', "config.optimizer.schedule is 'zz'"),
  'training.steps': (0, 'config.training.steps is 0'),
  'augment.shift': ((0, 0), 'leaves them as'),
  'batches.name': ('unchanged', 'does not augment'),
  'optimizer.warmup_steps': (600, 'below the steps of training, 600'),
  'devices': (3, 'a multiple of config.devices, 3'),
  'training.set_size': (3, 'a multiple of config.training.set_size, 3'),
}


@pytest.mark.parametrize('field', BAD)
def test_settings_that_cannot_work(field):
  value, said = BAD[field]
  config = config_of(GLYPHS)
  config.update_from_flattened_dict({field: value})
  with pytest.raises(ValueError, match=said):
    recognizer.build(settings_of(config, recognizer.system()))


@pytest.mark.parametrize(
  'path',
  [
    path
    for folder in ('recognizer', 'low_data')
    for path in sorted((ROOT / 'configs' / folder).glob('[a-z]*.py'))
  ],
  ids=lambda path: f'{path.parent.name}/{path.stem}',
)
def test_every_config_can_work(path):
  config = config_of(f'{path.parent.name}/{path.name}')
  settings = settings_of(config, recognizer.system())
  recognizer.build(settings)
  json.dumps(settings)


def test_a_batch_of_more_images_than_there_are_is_refused(tmp_path):
  config = config_of(GLYPHS)
  config.training.batch_size = 10**6
  settings = settings_of(config, recognizer.system())
  with pytest.raises(ValueError, match='batch_size is 1000000'):
    recognizer.read(settings, Places(cache_dir=tmp_path))


@pytest.mark.parametrize('count', [3, 256, 300])
def test_every_test_image_counts_once(count):
  """Also those of the last part, which is filled up."""
  images = np.zeros((count, 2, 2, 1), np.uint8)
  images[:, 0, 0, 0] = np.arange(count) % 5
  labels = np.arange(count, dtype=np.int32) % 3
  dataset = Dataset(images, labels, ('a', 'b', 'c'))

  def classify(params, x):
    pixel = jnp.rint(255 * x[:, 0, 0, 0]).astype(jnp.int32)
    return Classified(jax.nn.one_hot(pixel, 5) + params, x)

  right = classifier.tester(classify, dataset)(jnp.zeros((1, 5)))
  np.testing.assert_array_equal(right, np.arange(count) % 5 == labels)


def test_a_run_of_before_there_were_sets_can_be_built():
  """Its settings have no set_size, and a run that it judges for reads them."""
  settings = settings_of(config_of(GLYPHS), recognizer.system())
  training = {k: v for k, v in settings['training'].items() if k != 'set_size'}
  assert training != settings['training']
  recognizer.build({**settings, 'training': training})
