"""The whole program on a folder of image files, as a user has them."""

import json
from typing import NamedTuple

import jax
import numpy as np
import pytest
from PIL import Image
from whole_program import metrics, random_splits, results

from configs.lasium import folder as folder_config
from configs.parts import base
from experiments.components import build, by_size, checks, folder
from experiments.components.data import Places, read_splits
from experiments.pages import report as html_report
from experiments.run import loop
from experiments.run.record import Record
from experiments.stages import evaluation as stage_evaluation
from experiments.stages import generator as stage_generator
from experiments.stages import meta as stage_meta
from experiments.stages import samples
from lasium_jax.data import Splits
from lasium_jax.data.dataset import select_classes
from lasium_jax.types import Trainer

RUN = 'folder.py:ro-vae-protonets'
SMALL = {'data__size': 16, 'evaluation__tasks': 4, 'evaluation__ways': 3}


def write_images(top, classes, each, size=20):
  """Noise in color, `each` files in every folder of `classes`."""
  for name in classes:
    rng = np.random.default_rng(list(name.encode()))
    (top / name).mkdir(parents=True, exist_ok=True)
    for i in range(each):
      pixels = rng.integers(256, size=(size, size, 3), dtype=np.uint8)
      Image.fromarray(pixels).save(top / name / f'{i}.png')
  return top


@pytest.fixture(scope='session')
def photos(program):
  return write_images(program.base / 'photos', 'abc', 12)


@pytest.fixture(scope='session')
def kinds(program):
  return write_images(program.base / 'kinds', 'vwxyz', 4)


def test_from_folders_to_a_report(program, photos, kinds, tmp_path):
  fields = {'data__path': photos, 'data__evaluation_path': kinds, **SMALL}
  output = program.run(program.command('lasium', tmp_path, RUN, **fields))
  assert f'{photos}: ' in output and 'held out' in output
  assert 'No meta-validation' in output  # A few held-out files a class.
  entries = {entry['name']: entry for entry in results(tmp_path)}
  assert list(entries) == ['ro-vae-protonets', 'scratch', 'nearest']
  assert entries['nearest']['normalization'] == 'inductive'
  assert entries['scratch']['normalization'] == 'transductive'
  assert all(entry['dataset'] == 'folder' for entry in entries.values())
  assert all(entry['ways'] == 3 for entry in entries.values())  # Trained: 5.
  config = json.loads((tmp_path / 'config.json').read_text())
  assert config['generator']['halvings'] == 2
  assert config['learner']['inner_rate'] == 0.05
  page = (tmp_path / 'report.html').read_text()
  assert f'the images in {kinds}, which training never saw' in page
  assert not any('validation_accuracy' in entry for entry in metrics(tmp_path))


def test_without_labels_there_is_no_evaluation(photos, tmp_path, capsys):
  """A flat folder is one class; the run says so, and ends with a report."""
  fields = {'data.path': str(photos / 'a'), 'data.size': 16}
  config = resolved('ro-vae-maml', **fields, **{'generator.batch_size': 4})
  splits = read_splits(config, Places(cache_dir=tmp_path / 'cache'))
  assert 'No evaluation' in capsys.readouterr().out
  files = Record(tmp_path, {})
  assert stage_evaluation.evaluate(config, splits, files, None) == []
  assert 'No evaluation' in capsys.readouterr().out
  assert results(tmp_path) == []
  page = html_report.write_report(tmp_path).read_text()
  assert 'no labeled images to evaluate on' in page


def test_errors_end_the_program_with_1(program, tmp_path):
  top = write_images(tmp_path / 'photos', ['a'], 3)
  (top / 'a' / 'bad.jpg').write_text('no image')
  for path, said in {
    top: "1 of 4 image files in {} do not decode: 'a/bad.jpg'",
    'configs': 'Error: configs has no images',
    '': 'config.data.path',
  }.items():
    fields = {'data__path': path, **SMALL}
    command = program.command('lasium', tmp_path / 'run', RUN, **fields)
    assert said.format(path) in program.run(command, code=1)
    assert not (tmp_path / 'run/config.json').exists()


@pytest.mark.parametrize(
  'field,value',
  [
    ('data.path', ''),
    ('data.channels', 2),
    ('data.max_pixels', 0),
    ('data.held_out', 1.0),
    ('data.max_bad_share', -0.1),
    ('data.device_bytes', 0),
    ('generator.halvings', -1),
  ],
)
def test_values_that_cannot_work_are_named(field, value):
  config = resolved('ro-vae-maml', **{'data.path': 'x', field: value})
  with pytest.raises(checks.BadConfig, match=f'config.{field} is .*{value!r}'):
    build.check(config)


@pytest.mark.parametrize(
  'path,error', [('nowhere', FileNotFoundError), ('README.md', OSError)]
)
def test_folders_that_are_none(tmp_path, path, error):
  config = resolved('ro-vae-maml', **{'data.path': path})
  with pytest.raises(error, match=path):
    read_splits(config, Places(cache_dir=tmp_path))


@pytest.mark.parametrize(
  'run,fields,views',
  [
    ('ro-vae-maml', {'data.channels': 3}, True),
    ('ro-vae-maml', {'data.channels': 1}, False),
    ('umtra-protonets', {'data.channels': 1}, True),
    ('umtra-maml', {'data.channels': 3, 'tasks.shift': (-5, 4)}, False),
    ('ro-vae-maml', {'data.channels': 3, 'tasks.views': False}, False),
  ],
)
def test_views_are_of_photographs_and_of_umtra(run, fields, views):
  config = resolved(run, **{'data.path': 'x', **fields})
  build.check(config)
  assert config.tasks.views is views


def test_umtra_needs_images_that_can_be_told_apart(tmp_path):
  config = resolved('umtra-protonets', **{'data.path': 'x'})
  config.tasks.views = False
  with pytest.raises(checks.BadConfig, match='views=True'):
    build.check(config)
  few = write_images(tmp_path / 'few', 'a', 4, size=4)
  fields = {'data.path': str(few), 'data.held_out': 0.25}
  config = resolved('umtra-protonets', **fields)
  with pytest.raises(checks.BadConfig, match='only 3 training images'):
    read_splits(config, Places(cache_dir=tmp_path / 'cache'))


def resolved(run, **fields):
  config = folder_config.get_config(run)
  config.update_from_flattened_dict(fields)
  return by_size.resolved(config)


@pytest.mark.parametrize(
  'size,channels',
  [(16, 1), (28, 3), (32, 1), (44, 3), (48, 1), (64, 3), (84, 3), (128, 1)],
)
def test_every_size_has_networks_that_fit(size, channels):
  fields = {'data.path': 'x', 'data.size': size, 'data.channels': channels}
  for run in ('ro-vae-maml', 'n-msgan-protonets', 'oc-vae-maml-paper'):
    build.check(resolved(run, **fields))


def test_what_is_set_is_kept():
  fields = {'data.size': 128, 'generator.filters': (3, 5), 'data.path': 'x'}
  fields |= {'generator.halvings': 1, 'learner.inner_rate': 0.7}
  config = resolved('ro-vae-maml', **fields)
  assert config.generator.filters == (3, 5) and config.generator.halvings == 1
  assert (config.learner.inner_rate, config.evaluation.inner_rate) == (
    0.7,
    0.05,
  )
  assert config.generator.latent_size == 64


def test_small_grey_images_have_omniglots_settings():
  """The sizes' defaults say again what configs/parts/base.py has for 28x28."""
  omniglot = base.get_config('omniglot', 'ro-vae-maml')
  for field, value in by_size.by_size(28, 1).items():
    section, name = field.split('.')
    assert omniglot[section][name] == value, field


def splits_of(tmp_path, **fields):
  fields = {'data.size': 8, 'evaluation.queries': 2, **fields}
  config = resolved('ro-vae-maml', **fields)
  return folder.folder_splits(config, tmp_path / 'cache')


def test_held_out_files_give_tasks_where_they_suffice(tmp_path, capsys):
  top = write_images(tmp_path / 'photos', 'abcdef', 40, size=4)
  write_images(top, ['few'], 3, size=4)
  fields = {'data.path': str(top), 'data.held_out': 0.4}
  splits = splits_of(tmp_path, **fields)
  assert splits.test.class_names == tuple('abcdef')
  assert splits.validation.class_names[:6] == tuple('abcdef')
  assert 'few' in splits.train.class_names
  # All but held-out files of the class that has too few of them.
  others = len(splits.train.images) + len(splits.test.images)
  assert 240 <= others <= 243
  train = {image.tobytes() for image in splits.train.images}
  for dataset in (splits.validation, splits.test):
    assert not train & {image.tobytes() for image in dataset.images}
  assert 'No ' not in capsys.readouterr().out
  splits = splits_of(tmp_path, **fields, **{'evaluation.ways': 8})
  assert not len(splits.test.images) and not len(splits.validation.images)
  said = capsys.readouterr().out
  assert 'No meta-validation' in said and 'No evaluation' in said


@pytest.mark.parametrize('below', ['', 'b'])
def test_evaluation_apart_from_training(tmp_path, below):
  top = write_images(tmp_path / 'photos', 'ab', 4, size=4)
  fields = {'data.path': str(top), 'data.evaluation_path': str(top / below)}
  with pytest.raises(checks.BadConfig, match='evaluation_path'):
    splits_of(tmp_path, **fields)
  swapped = {'data.path': str(top / 'b'), 'data.evaluation_path': str(top)}
  with pytest.raises(checks.BadConfig, match='evaluation_path'):
    splits_of(tmp_path, **swapped)


def test_nothing_to_train_and_nothing_to_evaluate_on():
  config = resolved('scratch', **{'data.path': 'x', 'data.size': 16})
  train = random_splits(16).train
  nothing = select_classes(train, np.arange(0))
  with pytest.raises(checks.BadConfig, match='evaluation_path'):
    checks.check_data(config, Splits(train, nothing, nothing))


def test_images_that_do_not_fit_on_the_device(
  shrunk, splits, tmp_path, monkeypatch
):
  """Batches from the host are those that the device would have drawn."""

  class State(NamedTuple):
    params: jax.Array

  def update(key, state, batch):
    noise = jax.random.uniform(key)
    return State(0.5 * state.params + batch.mean(0) + noise), {'loss': noise}

  trainer = Trainer(lambda key, batch: State(batch.mean(0)), update)
  monkeypatch.setattr(build, 'generator', lambda *a: (None, trainer))
  monkeypatch.setattr(samples, 'show_generator', lambda *a, **k: None)
  states = []
  for limit in (2**31, 10):
    config = shrunk('ro-vae-maml', data__device_bytes=limit)
    files = Record(tmp_path / str(limit), {})
    files.workdir.mkdir()
    states.append(stage_generator.train_generator(config, splits, files))
  np.testing.assert_array_equal(*states)
  assert not np.allclose(states[0], splits.train.images[:8].mean(0) / 255)


def test_the_generator_of_an_older_run_serves(shrunk, tmp_path, monkeypatch):
  """One whose config lacks a field that came later."""
  config = shrunk('ro-vae-maml', generator__workdir=str(tmp_path))
  theirs = config.to_dict()
  del theirs['generator']['halvings'], theirs['data']['path']
  (tmp_path / 'config.json').write_text(json.dumps(theirs))
  monkeypatch.setattr(loop, 'finished', lambda stage, files: 'their state')
  assert stage_generator._borrowed(config, None) == 'their state'
  config.generator.filters = (5, 5)
  with pytest.raises(checks.BadConfig, match=r'generator\.filters'):
    stage_generator._borrowed(config, None)


def test_anchors_are_encoded_from_images_that_fit(shrunk, splits):
  bytes_each = splits.train.images[0].nbytes
  config = shrunk('ro-vae-maml', data__device_bytes=16 * bytes_each + 1)
  _, source = stage_meta._training_source(config, splits, None)
  np.testing.assert_array_equal(source.images, splits.train.images[::4])


def test_a_report_says_where_the_tasks_were_from(tmp_path):
  entry = {'name': 'nearest', 'ways': 5, 'shots': 1, 'tasks': 4, 'steps': 0}
  data = {'name': 'folder', 'path': 'mine', 'evaluation_path': ''}
  lead = html_report._lead({'results': [entry]}, data)
  assert 'images in mine that were held out' in lead
  assert 'never saw' in html_report._lead({'results': [entry]}, {'name': 'x'})
