"""The whole program on a folder of image files, as a user has them."""

import json

import numpy as np
import pytest
from PIL import Image
from whole_program import config_of, metrics, random_splits, results

from experiments.components import by_size
from experiments.run.app import settings_of
from experiments.run.config import BadConfig
from experiments.run.run import Places
from experiments.systems import lasium, lasium_stages
from lasium_jax.data import Splits
from lasium_jax.data.dataset import select_classes

RUN = 'lasium/folder.py:ro-vae-protonets'
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
  protocols = {name: entry['protocol'] for name, entry in entries.items()}
  assert protocols['nearest']['normalization'] == 'inductive'
  assert protocols['scratch']['normalization'] == 'transductive'
  assert all(entry['dataset'] == 'folder' for entry in entries.values())
  assert all(p['ways'] == 3 for p in protocols.values())  # Trained: 5.
  config = json.loads((tmp_path / 'config.json').read_text())
  assert config['generator']['halvings'] == 2
  assert 'learning_rate' not in config['learner']
  page = (tmp_path / 'report.html').read_text()
  assert f'the images in {kinds}, which training never saw' in page
  assert not any('validation_accuracy' in entry for entry in metrics(tmp_path))


def resolved(run, **fields):
  """The settings of a run on a folder."""
  config = config_of(f'lasium/folder.py:{run}')
  config.update_from_flattened_dict(fields)
  return settings_of(config, lasium.system())


def test_without_labels_there_is_no_evaluation(
  photos, tmp_path, opened, capsys
):
  """A flat folder is one class; the run says so, and ends with a report."""
  config = config_of('lasium/folder.py:ro-vae-maml')
  fields = {'data.path': str(photos / 'a'), 'data.size': 16}
  config.update_from_flattened_dict(
    fields | {'generator_training.batch_size': 4}
  )
  settings = settings_of(config, lasium.system())
  splits = lasium.read(settings, Places(cache_dir=tmp_path / 'cache'))
  assert 'No evaluation' in capsys.readouterr().out
  run, parts = opened(config, splits=splits)
  lasium.evaluate(run, parts, None)
  assert 'No evaluation' in capsys.readouterr().out
  assert results(run.files.workdir) == []
  page = (run.files.workdir / 'report.html').read_text()
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
    ('device_bytes', 0),
    ('generator.halvings', -1),
  ],
)
def test_values_that_cannot_work_are_named(field, value):
  with pytest.raises(ValueError, match=f'config.{field} is .*{value!r}'):
    lasium.build(resolved('ro-vae-maml', **{'data.path': 'x', field: value}))


@pytest.mark.parametrize(
  'path,error', [('nowhere', FileNotFoundError), ('README.md', OSError)]
)
def test_folders_that_are_none(tmp_path, path, error):
  settings = resolved('ro-vae-maml', **{'data.path': path})
  with pytest.raises(error, match=path):
    lasium.read(settings, Places(cache_dir=tmp_path))


@pytest.mark.parametrize(
  'run,fields,views',
  [
    ('ro-vae-maml', {'data.channels': 3}, True),
    ('ro-vae-maml', {'data.channels': 1}, False),
    ('umtra-protonets', {'data.channels': 1}, True),
    ('umtra-maml', {'data.channels': 3, 'augment.shift': (-5, 4)}, False),
    ('ro-vae-maml', {'data.channels': 3, 'augment.views': False}, False),
  ],
)
def test_views_are_of_photographs_and_of_umtra(run, fields, views):
  settings = resolved(run, **{'data.path': 'x', **fields})
  lasium.build(settings)
  assert settings['augment']['views'] is views


def test_umtra_needs_images_that_can_be_told_apart(tmp_path):
  fields = {'data.path': 'x', 'augment.views': False}
  with pytest.raises(BadConfig, match='views=True'):
    lasium.build(resolved('umtra-protonets', **fields))
  few = write_images(tmp_path / 'few', 'a', 4, size=4)
  fields = {'data.path': str(few), 'data.held_out': 0.25}
  settings = resolved('umtra-protonets', **fields)
  with pytest.raises(BadConfig, match='only 3 training images'):
    lasium.read(settings, Places(cache_dir=tmp_path / 'cache'))


def test_umtra_on_a_device_with_too_little_room(shrunk, opened, capsys):
  """It says so."""
  each = random_splits(16).train.images[0].nbytes
  run, parts = opened(shrunk('umtra-maml', device_bytes=10 * each), 'ten')
  source = lasium_stages.source_of(run, parts, None)
  assert len(source.images) == 10
  assert 'Tasks are made of 10 of 64 images' in capsys.readouterr().out


@pytest.mark.parametrize(
  'size,channels',
  [(16, 1), (28, 3), (32, 1), (44, 3), (48, 1), (64, 3), (84, 3), (128, 1)],
)
def test_every_size_has_networks_that_fit(size, channels):
  fields = {'data.path': 'x', 'data.size': size, 'data.channels': channels}
  for run in ('ro-vae-maml', 'n-msgan-protonets', 'oc-vae-maml-paper'):
    lasium.build(resolved(run, **fields))


def test_what_is_set_is_kept():
  fields = {'data.size': 128, 'generator.filters': (3, 5), 'data.path': 'x'}
  fields |= {'generator.halvings': 1, 'learner.learning_rate': 0.7}
  settings = resolved('ro-vae-maml', **fields)
  assert settings['generator']['filters'] == (3, 5)
  assert settings['generator']['halvings'] == 1
  assert settings['learner']['learning_rate'] == 0.7
  assert settings['generator']['latent_size'] == 64


def test_small_gray_images_have_omniglots_settings():
  """The sizes' defaults say again what Omniglot's config has for 28x28."""
  omniglot = config_of('lasium/omniglot.py:ro-vae-maml')
  for field, value in by_size.by_size(28, 1).items():
    section, name = field.split('.')
    assert omniglot[section][name] == value, field


def splits_of(tmp_path, **fields):
  small = {'data.size': 8, 'evaluation.queries': 2}
  small |= {'generator_training.batch_size': 2, 'tasks.ways': 2}
  settings = resolved('ro-vae-protonets', **{**small, **fields})
  return lasium.read(settings, Places(cache_dir=tmp_path / 'cache'))


def test_held_out_files_give_tasks_where_they_suffice(tmp_path, capsys):
  """One half to choose by, the other to report; no image is in two splits."""
  top = write_images(tmp_path / 'photos', 'abcdef', 60, size=4)
  write_images(top, ['few'], 3, size=4)
  fields = {'data.path': str(top), 'data.held_out': 0.6}
  splits = splits_of(tmp_path, **fields)
  assert splits.test.class_names == tuple('abcdef')
  assert splits.validation.class_names[:6] == tuple('abcdef')
  assert 'few' in splits.train.class_names
  seen = [{image.tobytes() for image in dataset.images} for dataset in splits]
  for i, one in enumerate(seen):
    assert len(one) == len(splits[i].images)
    assert not any(one & other for other in seen[i + 1 :])
  held = [len(part) for part in seen[1:]]
  assert sum(map(len, seen)) >= 360
  # Each has its share of 360 files, within five standard deviations.
  assert all(abs(n - 0.3 * 360) < 5 * (360 * 0.3 * 0.7) ** 0.5 for n in held)
  assert 'No ' not in capsys.readouterr().out
  splits = splits_of(tmp_path, **fields, **{'evaluation.ways': 8})
  assert not len(splits.test.images) and not len(splits.validation.images)
  said = capsys.readouterr().out
  assert 'No meta-validation' in said and 'No evaluation' in said


def test_all_held_out_files_validate_where_others_are_judged_on(tmp_path):
  top = write_images(tmp_path / 'photos', 'abcdef', 20, size=4)
  kinds = write_images(tmp_path / 'kinds', 'uvwxyz', 8, size=4)
  fields = {'data.path': str(top), 'data.held_out': 0.4}
  apart = splits_of(tmp_path, **fields, **{'data.evaluation_path': str(kinds)})
  assert len(apart.train.images) + len(apart.validation.images) == 120
  assert apart.test.class_names == tuple('uvwxyz')


@pytest.mark.parametrize('below', ['', 'b'])
def test_evaluation_apart_from_training(tmp_path, below):
  top = write_images(tmp_path / 'photos', 'ab', 4, size=4)
  fields = {'data.path': str(top), 'data.evaluation_path': str(top / below)}
  with pytest.raises(BadConfig, match='evaluation_path'):
    splits_of(tmp_path, **fields)
  swapped = {'data.path': str(top / 'b'), 'data.evaluation_path': str(top)}
  with pytest.raises(BadConfig, match='evaluation_path'):
    splits_of(tmp_path, **swapped)
  (tmp_path / 'empty').mkdir()
  for name, said in (('nowhere', 'no folder'), ('empty', 'has no images')):
    other = fields | {'data.evaluation_path': str(tmp_path / name)}
    with pytest.raises((OSError, ValueError), match=said):
      splits_of(tmp_path, **other)
  assert not (tmp_path / 'cache').exists()  # Nothing is decoded before.


def test_nothing_to_train_and_nothing_to_evaluate_on():
  settings = resolved('scratch', **{'data.path': 'x', 'data.size': 16})
  train = random_splits(16).train
  nothing = select_classes(train, np.arange(0))
  with pytest.raises(BadConfig, match='evaluation_path'):
    lasium.check_data(settings, Splits(train, nothing, nothing))


def test_of_images_that_nobody_looks_at_nothing_is_said(shrunk, opened, capsys):
  """Anchors from the prior, and samples of it."""
  each = random_splits(16).train.images[0].nbytes
  run, parts = opened(shrunk('ro-msgan-maml', device_bytes=16 * each))
  lasium_stages.source_of(run, parts, None)
  assert capsys.readouterr().out == ''


def test_anchors_are_encoded_from_images_that_fit(shrunk, opened, capsys):
  """And it is said that they are not all."""
  images = random_splits(16).train.images
  fields = {'device_bytes': 16 * images[0].nbytes + 1}
  run, parts = opened(shrunk('ro-vae-maml', **fields))
  source = lasium_stages.source_of(run, parts, None)
  np.testing.assert_array_equal(source.images, images[::4])
  assert 'encoded from 16 of 64 images' in capsys.readouterr().out
