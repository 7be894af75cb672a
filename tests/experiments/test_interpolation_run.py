"""Interpolative autoencoders, from their real configs, shrunk."""

import json
import re
import shutil
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tiny_generator import draw as draw_seeds
from tiny_generator import make_model
from whole_program import (
  ROOT,
  assert_same_run,
  config_of,
  interrupted,
  metrics,
  random_splits,
  results,
)

from configs.parts import interpolative as parts
from experiments.components import images
from experiments.papers.published import candidates
from experiments.run import record
from experiments.run.app import settings_of
from experiments.run.config import BadConfig, flatten
from experiments.run.run import Places, open_run
from experiments.run.saved import saved_settings
from experiments.stages import borrowed, interpolation
from experiments.stages.distances import TO_SEED, TO_TRAINING
from experiments.stages.in_parts import in_parts
from experiments.systems import interpolative
from experiments.systems.exports import export
from experiments.systems.interpolative_figures import NAMES, draw
from lasium_jax import models
from lasium_jax.data.dataset import Dataset
from lasium_jax.types import Generator, TrainingSet

GLYPHS = 'interpolative/glyphs.py:interpolative'
SMALL = {
  'generator_training__steps': 6,
  'generator_training__batch_size': 64,
  'generator__width': 2,
  'search__search_steps': 2,
  'few_shot_generation__seeds': 2,
  'generator__latent_size': 3,
  'evaluation__most': 300,
  'quality__images': 9,
  'known_interpolants__images': 9,
  'known_interpolants__parts': 2,
  'known_interpolants__gaps': 1,
  'checkpoint_seconds': 0,
}
RUNS = ('interpolative', 'autoencoder', 'vae')
SIZED = ('data', 'held_out_data', 'evaluation_data')
# Trained with labels, and without an encoder.
LABELED = {
  'statistician': {'generator__width': 2, 'generator__context_size': 3},
  'dagan': {'generator__filters': (2, 2), 'generator__noise_size': 3},
}
SMALL_LABELED = {
  'quality__images': 9,
  'generator_training__steps': 3,
  'generator_training__batch_size': 20,
  'few_shot_generation__classes': 3,
  'few_shot_generation__images': 4,
  'checkpoint_seconds': 0,
}


def reconstructions(workdir):
  """The results of what is given back."""
  return [
    entry
    for entry in results(workdir)
    if entry['metric'] == 'reconstruction L1, of 255'
  ]


@pytest.fixture(scope='module')
def run(program):
  """The workdir of a run, and what it printed."""
  workdir = program.base / 'interpolative'
  command = program.command('interpolative', workdir, GLYPHS, **SMALL)
  return workdir, program.run(command)


def test_one_command_leaves_a_whole_record(run):
  workdir, printed = run
  found = reconstructions(workdir)
  for entry, split in zip(found, ('train', 'test', 'train'), strict=True):
    assert entry['metric'] == 'reconstruction L1, of 255'
    assert (entry['n'], entry['of']) == (300, 'images')
    assert 0 < entry['value'] < 255 and 0 < entry['ci95'] < 25
    assert entry['protocol']['split'] == split
    assert entry['protocol']['trained on'] == 'glyphs'
    assert entry['steps'] == 6
  assert [entry['protocol'].get('inverted') for entry in found] == [
    *(None, None, True),
  ]
  last = metrics(workdir)[-1]
  parts = last['reconstruction'] + last['interpolation']
  assert last['loss'] == pytest.approx(parts, rel=1e-5)
  pictures = json.loads((workdir / 'samples/pictures.json').read_text())
  assert {'interpolate', 'generator_reconstructions'} <= pictures.keys()
  assert {f'reconstruct_{i}' for i in range(3)} <= pictures.keys()
  page = (workdir / 'report.html').read_text()
  assert 'Interpolations' in page
  assert not re.search(r'\bnats\b', page)  # As letters of a picture may be.
  assert 'names no recognizer' in page and '>pixels</text>' in page
  assert f'Report: {workdir}' in printed


def test_it_resumes_bit_for_bit(program, run, tmp_path):
  workdir, _ = run
  again = interrupted(workdir, tmp_path / 'run', 'train_generator')
  command = program.command('interpolative', again, GLYPHS, **SMALL)
  assert 'going on from step 5' in program.run(command)
  assert_same_run(again, workdir)
  ours, theirs = (
    (path / 'samples/interpolate.png').read_bytes() for path in (again, workdir)
  )
  assert ours == theirs


def test_another_run_judges_it_on_other_images(program, run, tmp_path):
  """Of two borrowers, as in Table 1: what is given back of the same is same."""
  workdir, _ = run
  other = tmp_path / 'other'
  borrowed = {'generator_training__workdir': str(workdir)}
  elsewhere = {'evaluation_data__split': 'validation'}
  values = SMALL | borrowed | elsewhere
  program.run(program.command('interpolative', other, GLYPHS, **values))
  ours, theirs = reconstructions(other), reconstructions(workdir)
  assert ours[0] == theirs[0]
  assert ours[1]['protocol']['split'] == 'validation'
  assert ours[1]['value'] != theirs[1]['value']
  assert 'train_generator' not in {e['stage'] for e in metrics(other)}


def test_acai_resumes_bit_for_bit(tmp_path, capsys):
  """Its critic too; in this process, of small images, and not judged."""
  config = config_of('interpolative/glyphs.py:acai')
  small = {
    **SMALL_LABELED,
    'generator__width': 2,
    'generator__latent_size': 3,
    'generator_training__pictures': 1,
    'few_shot_generation__seeds': 2,
  }
  config.update_from_flattened_dict(
    {field.replace('__', '.'): value for field, value in small.items()}
  )
  with config.unlocked():
    for section in {*interpolative.OF_CODES, 'quality'} & set(config):
      del config[section]
  for section in ('data', 'held_out_data', 'evaluation_data'):
    config[section].size = 8
  settings = settings_of(config, interpolative.system())

  def go(workdir):
    files = record.open_record(workdir, settings)
    files.keep_config(settings)
    run = open_run(settings, files, random_splits(8))
    interpolative.work(run, interpolative.build(settings))
    return capsys.readouterr().out

  workdir = tmp_path / 'whole'
  assert 'going on' not in go(workdir)
  again = interrupted(workdir, tmp_path / 'again', 'train_generator')
  assert 'going on from step 2' in go(again)
  assert_same_run(again, workdir)
  ours, theirs = (
    (path / 'samples/few_shot_generation.png').read_bytes()
    for path in (again, workdir)
  )
  assert ours == theirs


def test_figures_are_drawn_of_it(program, run, tmp_path):
  workdir, _ = run
  places = Places(cache_dir=program.base / 'data')
  for figure in NAMES:
    out = tmp_path / figure
    png = draw(figure, [workdir], places, out, count=2, seed=0)
    assert png.exists()
    numbers = json.loads((tmp_path / f'{figure}.json').read_text())
    assert numbers['figure'] == figure
    assert numbers['runs'] == [f'configs/{GLYPHS}']


@pytest.fixture(scope='module')
def another(program):
  """A run of another model, which does no more than figures need."""
  config = config_of(GLYPHS.replace(':interpolative', ':autoencoder'))
  small = {name.replace('__', '.'): value for name, value in SMALL.items()}
  config.update_from_flattened_dict(small)
  with config.unlocked():
    for section in ('evaluation', 'search', 'interpolation', 'quality'):
      del config[section]
  settings = settings_of(config, interpolative.system())
  workdir = program.base / 'another'
  files = record.open_record(workdir, settings)
  files.keep_config(settings)
  splits = interpolative.read(settings, Places(cache_dir=program.base / 'data'))
  own = open_run(settings, files, splits)
  interpolative.work(own, interpolative.build(settings))
  return workdir


def test_figures_are_drawn_of_several_runs(program, run, another, tmp_path):
  """What is drawn of each is what is drawn of it alone."""
  places = Places(cache_dir=program.base / 'data')
  given = {'interpolative': run[0], 'another': another}

  def told(figure, workdirs):
    draw(figure, workdirs, places, tmp_path / 'out', count=2, seed=0)
    return json.loads((tmp_path / 'out.json').read_text())

  both = told('reconstructions', list(given.values()))
  assert both['rows'] == ['original', *given]
  errors = both['reconstruction L1, of 255, of what is drawn']
  for name, workdir in given.items():
    (alone,) = told('reconstructions', [workdir])[
      'reconstruction L1, of 255, of what is drawn'
    ].values()
    assert errors[name] == pytest.approx(alone)
  assert errors['interpolative'] != errors['another']
  curves = told('interpolants', list(given.values()))['changes']
  for name, workdir in given.items():
    page = json.loads((workdir / 'interpolants.json').read_text())
    for factor, of_one in page.items():
      own = {'another': 'autoencoder'}.get(name, name)
      assert curves[factor]['by'][name] == of_one['by'][own]
      assert set(curves[factor]['by']) == {*given, 'pixels'}


def test_a_gan_is_inverted(program, tmp_path):
  """What it was given as an encoder is found again, lent and exported."""
  own = {
    'generator_training__steps': 2,
    'generator_training__batch_size': 20,
    'inversion__steps': 2,
    'inversion__decay_steps': 2,
    'inversion__width': 2,
  }
  workdir = tmp_path / 'run'
  config = GLYPHS.replace(':interpolative', ':wgan-gp')
  command = program.command('interpolative', workdir, config, **SMALL | own)
  program.run(command)
  stages = {entry['stage'] for entry in metrics(workdir)}
  assert {'train_generator', 'train_inversion'} <= stages
  given_back = [entry['value'] for entry in reconstructions(workdir)]
  found = [
    entry['value']
    for entry in results(workdir)
    if entry['metric'].startswith('reconstruction L1 of the code that a search')
  ]
  assert len(given_back) == len(found) == 3
  places = Places(cache_dir=program.base / 'data')
  draw('inverted', [workdir], places, tmp_path / 'out', count=2, seed=0)
  drawn = json.loads((tmp_path / 'out.json').read_text())
  assert drawn['rows'] == ['original', 'run']
  shape, x = (28, 28, 1), jnp.linspace(0, 1, 784).reshape(1, 28, 28, 1)
  lent = borrowed.borrow(shape, generator='wgan_gp', folder=str(workdir))
  own = interpolative.judged_model(
    saved_settings(workdir, 'interpolative'), record.Record(workdir, {})
  )
  z, expected = (one.model.encode(one.params, x) for one in (lent, own))
  np.testing.assert_array_equal(z, expected)
  assert lent.model.decode(lent.params, z).shape == (1, *shape)
  folder = export(workdir, tmp_path / 'model')
  assert_inverted(models.load_model(folder), own.params, x, expected)
  lent = borrowed.borrow(shape, generator='wgan_gp', folder=str(folder))
  np.testing.assert_array_equal(lent.model.encode(lent.params, x), expected)
  seeds = draw_seeds(tmp_path / 'seeds', 2, side=28)
  command = [sys.executable, 'experiments/few_shot_generation.py']
  command += [f'--model={folder}', f'--images={seeds}', '--number=3']
  printed = program.run([*command, f'--out={tmp_path}/new'])
  assert 'Its encoder was trained afterwards, to invert it.' in printed
  assert len([*(tmp_path / 'new/images').glob('*.png')]) == 3


def assert_inverted(model, params, x, z):
  """A card has the run's parameters, and says how they came about."""
  jax.tree.map(np.testing.assert_array_equal, model.params, params)
  generator = models.generator(model.card)
  np.testing.assert_array_equal(generator.encode(model.params, x), z)
  assert model.card['architecture']['inversion']['width'] == 2
  assert model.card['training']['inversion']['steps'] == 2


def test_an_exported_gan_without_an_encoder_is_not_borrowed(tmp_path):
  model = str(models.save_model(tmp_path / 'model', make_model('msgan')))
  with pytest.raises(BadConfig, match='or a run that trains one by inversion'):
    borrowed.borrow((8, 8, 1), generator='msgan', folder=model)


def test_figures_of_other_images_are_refused(run, tmp_path):
  workdir, _ = run
  other = tmp_path / 'other'
  shutil.copytree(workdir, other)
  config = json.loads((other / 'config.json').read_text())
  config['evaluation_data']['split'] = 'validation'
  (other / 'config.json').write_text(json.dumps(config))
  out = {'out': tmp_path / 'out', 'count': 1, 'seed': 0}
  with pytest.raises(BadConfig, match='has another evaluation_data than'):
    draw('paths', [workdir, other], Places(), **out)
  with pytest.raises(BadConfig, match='have one name'):
    draw('paths', [workdir, workdir], Places(), **out)


def test_it_is_exported_as_a_generator(run, tmp_path):
  workdir, _ = run
  model = models.load_model(export(workdir, tmp_path / 'model'))
  assert model.card['kind'] == 'generator'
  assert model.card['training']['labels'] is False
  generator = models.generator(model.card)
  z = generator.encode(model.params, jnp.zeros((2, 28, 28, 1)))
  assert generator.decode(model.params, z).shape == (2, 28, 28, 1)


@pytest.mark.parametrize('name', RUNS)
def test_real_images_go_the_same_way(tmp_path, monkeypatch, name):
  """From MNIST to EMNIST, their images random ones here."""
  config = config_of(f'interpolative/emnist.py:{name}')
  values = {k.replace('__', '.'): v for k, v in SMALL.items()}
  config.update_from_flattened_dict(values)
  drawn = {'mnist/train': 0, 'mnist/test': 1, 'emnist/bymerge/test': 2}

  def read(places, dataset, split, *, size, channels, invert):
    assert (size, channels, invert) == (28, 1, False)
    one = random_splits(28)[drawn.pop(f'{dataset}/{split}')]
    if dataset == 'mnist':
      return one
    names = tuple(map(str, range(16)))  # 10 digits, then letters.
    return Dataset(one.images, np.arange(64, dtype=np.int32) // 4, names)

  monkeypatch.setattr(images, 'read_prepared', read)
  settings = settings_of(config, interpolative.system())
  splits = interpolative.read(settings, Places())
  assert splits.test.class_names == ('10', '11', '12', '13', '14', '15')
  letters = random_splits(28).test.images[40:]
  np.testing.assert_array_equal(
    splits.test.images, letters.transpose(0, 2, 1, 3)
  )
  files = record.open_record(tmp_path / 'run', settings)
  built = interpolative.build(settings)
  interpolative.work(open_run(settings, files, splits), built)
  *found, inverted = reconstructions(tmp_path / 'run')
  assert [e['dataset'] for e in found] == ['mnist', 'emnist/bymerge']
  assert [e['n'] for e in found] == [64, 24]
  assert not candidates(flatten(settings), inverted)
  if name != 'interpolative':  # Of which Table 1 has no row.
    published = [candidates(flatten(settings), entry) for entry in found]
    expected = {'autoencoder': [2.29, 9.89], 'vae': [6.25, 23.0]}[name]
    assert [numbers[0].value for numbers in published] == expected
    assert "EMNIST's split Letters" in published[1][0].differs


@pytest.mark.parametrize('name', LABELED)
def test_what_is_trained_with_labels_shows_new_images(program, tmp_path, name):
  workdir, config = tmp_path / 'run', f'interpolative/glyphs.py:{name}'
  small = {**SMALL_LABELED, **LABELED[name]}
  program.run(program.command('interpolative', workdir, config, **small))
  found = {entry['metric']: entry for entry in reversed(results(workdir))}
  assert found.keys() == {TO_SEED, TO_TRAINING}  # Without a recognizer.
  for entry in found.values():
    assert entry['name'] == name and entry['protocol']['made of'] == '5 seeds'
    assert (entry['n'], entry['dataset']) == (9, 'glyphs')
    assert 0 < entry['value'] < 255
  notes = json.loads((workdir / 'notes.json').read_text())
  assert notes['train_generator']['y'][1] == 'int32'
  pictures = json.loads((workdir / 'samples/pictures.json').read_text())
  shown = pictures['few_shot_generation']['caption']
  assert '5 images of a class' in shown and 'trained with labels' in shown
  page = (workdir / 'report.html').read_text()
  assert 'New images of a class' in page and shown in page
  assert np.isfinite(
    metrics(workdir)[-1]['generator_loss' if name == 'dagan' else 'loss']
  )
  model = models.load_model(export(workdir, tmp_path / 'model'))
  assert model.card['training']['labels'] is True
  generator = models.generator(model.card)
  z = generator.sample_like(
    jax.random.key(0), model.params, jnp.zeros((2, 28, 28, 1)), 3
  )
  assert generator.decode(model.params, z).shape == (3, 28, 28, 1)


BAD = {
  'generator.rotation': (-1.0, 'config.generator.rotation is -1'),
  'generator.scale': (0.5, 'config.generator.scale is 0.5'),
  'generator.norm': ('l3', "config.generator.norm is 'l3'"),
  'generator_training.steps': (0, r'generator_training\.steps is 0'),
  'evaluation.most': (1, 'config.evaluation.most is 1'),
  'interpolation.parts': (0, 'config.interpolation.parts is 0'),
  'evaluation_data.split': ('zz', r"evaluation_data\.split is 'zz'"),
  'quality.alphas': ('all', "quality.alphas is 'all'"),
  'known_interpolants.parts': (1, 'known_interpolants.parts is 1'),
  'seeds': (2, 'config.seeds is 2; it must be 1'),
  'devices': (3, 'a multiple of config.devices, 3'),
}


@pytest.mark.parametrize('field', BAD)
def test_settings_that_cannot_work(field):
  value, said = BAD[field]
  config = config_of(GLYPHS)
  config.update_from_flattened_dict({field: value})
  with pytest.raises(ValueError, match=said):
    interpolative.build(settings_of(config, interpolative.system()))


BAD_LABELED = {
  ('statistician', 128): r'batch_size is 128; it must be a multiple of 5',
  ('dagan', 128): r'batch_size is 128; .* a multiple of 10.*critic_steps, 5',
}


@pytest.mark.parametrize('name,size', BAD_LABELED)
def test_batches_must_be_of_whole_sets(name, size):
  config = config_of(f'interpolative/glyphs.py:{name}')
  config.generator_training.batch_size = size
  with pytest.raises(ValueError, match=BAD_LABELED[name, size]):
    interpolative.build(settings_of(config, interpolative.system()))


@pytest.mark.parametrize(
  'changes,said',
  [
    ({'generator_training.batch_size': 4}, 'batch_size is 4.*critic_steps, 5'),
    ({'inversion.batch_size': 33, 'devices': 2}, 'inversion.batch_size is 33'),
  ],
)
def test_batches_of_a_gan_and_its_inversion(changes, said):
  config = config_of('interpolative/glyphs.py:wgan-gp')
  config.update_from_flattened_dict(changes)
  with pytest.raises(ValueError, match=said):
    interpolative.build(settings_of(config, interpolative.system()))


def test_too_many_seeds_are_refused_before_training(program):
  config = config_of(GLYPHS)
  config.few_shot_generation.seeds = 21
  settings = settings_of(config, interpolative.system())
  interpolative.build(settings)
  with pytest.raises(ValueError, match=r'few_shot_generation\.seeds is 21'):
    interpolative.read(settings, Places(cache_dir=program.base / 'data'))


def test_what_has_no_encoder_is_refused():
  config = config_of(GLYPHS)
  with config.unlocked():
    config.generator = {'name': 'msgan'}
  with pytest.raises(ValueError, match="'msgan', which has no encoder"):
    interpolative.build(settings_of(config, interpolative.system()))


def test_what_draws_no_more_of_a_class_is_refused():
  config = config_of('interpolative/glyphs.py:dagan')
  with config.unlocked():
    config.generator = {'name': 'msgan'}
  with pytest.raises(ValueError, match="'msgan', which has no way to draw"):
    interpolative.build(settings_of(config, interpolative.system()))


def test_a_run_that_is_not_there_is_named():
  with pytest.raises(ValueError, match=r"no run 'zz'\. It has interpolative"):
    config_of('interpolative/glyphs.py:zz')


@pytest.mark.parametrize('run', parts.RUNS)
@pytest.mark.parametrize(
  'path', sorted((ROOT / 'configs/interpolative').glob('[a-z]*.py'))
)
def test_every_config_can_work(path, run):
  config = config_of(f'interpolative/{path.name}:{run}')
  settings = settings_of(config, interpolative.system())
  interpolative.build(settings)
  json.dumps(settings)


@pytest.mark.parametrize('run', parts.RUNS)
@pytest.mark.parametrize('section', SIZED)
def test_one_flag_says_the_size_of_all_images(run, section):
  """That of any section; networks of that size can be initialized."""
  config = config_of(f'interpolative/characters.py:{run}')
  config.update_from_flattened_dict({f'{section}.size': 50})
  settings = settings_of(config, interpolative.system())
  assert {settings[name]['size'] for name in SIZED} == {50}
  data = TrainingSet(jnp.zeros((1, 50, 50, 1), jnp.uint8), jnp.zeros(1, int))
  jax.eval_shape(
    lambda key: interpolative.build(settings).trainer.init(key, data),
    jax.random.key(0),
  )


@pytest.mark.parametrize('section', SIZED[1:])
def test_other_sizes_in_one_run_are_refused(section):
  """As settings that no config of ours can have."""
  settings = settings_of(config_of(GLYPHS), interpolative.system())
  settings[section] = {**settings[section], 'size': 32}
  said = rf'{section}\.size is 32.*config\.data\.size'
  with pytest.raises(ValueError, match=said):
    interpolative.build(settings)


@pytest.mark.parametrize('file', ['emnist', 'omniglot', 'glyphs', 'cifar'])
@pytest.mark.parametrize('section', ['data', 'evaluation_data'])
def test_the_vae_of_novel_images_learns_what_is_judged(file, section):
  """Whatever flags say; the held-out images stay those of the others."""
  config = config_of(f'interpolative/{file}.py:novel-vae')
  plain = config_of(f'interpolative/{file}.py:vae').to_dict()
  assert config.to_dict()['data'] == plain['evaluation_data']
  flags = {'split': 'validation'}
  if 'part' in config.evaluation_data:
    flags |= {'part': 'second', 'part_seed': 3}
  values = {f'{section}.{name}': value for name, value in flags.items()}
  config.update_from_flattened_dict(values)
  settings = settings_of(config, interpolative.system())
  assert settings['data'] == settings['evaluation_data']
  assert flags.items() <= settings['data'].items()
  assert settings['held_out_data'] == plain['held_out_data']


@pytest.mark.parametrize('path', ['emnist', 'cifar'])
def test_the_control_differs_in_interpolation_alone(path):
  ours, theirs, plain = (
    dict(config_of(f'interpolative/{path}.py:{run}').generator)
    for run in ('mapped-autoencoder', 'interpolative', 'autoencoder')
  )
  assert (ours.pop('name'), ours.pop('mapped')) == ('autoencoder', True)
  assert theirs.pop('name') == 'interpolative'
  assert ours == theirs
  assert plain['mapped'] is False and plain['perceptual'] == 0


def test_first_classes_beyond_all_are_refused(monkeypatch):
  dataset = random_splits(16).train
  monkeypatch.setattr(images, 'read_prepared', lambda *a, **k: dataset)
  with pytest.raises(ValueError, match=r'first_class is 8.*8 classes'):
    images.tfds_images(Places(), first_class=8)
  with pytest.raises(ValueError, match=r'classes 4;.* 3 would be left'):
    images.tfds_images(Places(), first_class=5, classes=4)


def test_some_classes_are_chosen_at_random(monkeypatch):
  dataset = random_splits(16).train
  monkeypatch.setattr(images, 'read_prepared', lambda *a, **k: dataset)
  chosen = {
    images.tfds_images(
      Places(), first_class=2, classes=3, class_seed=seed
    ).class_names
    for seed in range(30)
  }
  assert {len(set(names)) for names in chosen} == {3}
  assert {name for names in chosen for name in names} == set(
    dataset.class_names[2:]
  )
  assert all(list(names) == sorted(names) for names in chosen)


def test_pairs_are_two_of_one_class(key):
  labels = np.repeat(np.arange(5, dtype=np.int32), (1, 2, 3, 4, 20))
  dataset = Dataset(np.zeros((30, 2, 2, 1)), labels, tuple('abcde'))
  rows = interpolation.choose(key, dataset, 40)
  assert (labels[rows[0]] == labels[rows[1]]).all()
  assert (rows[0] != rows[1]).all()
  # All classes but the one that has no pair.
  assert np.bincount(labels[rows[0]]).tolist() == [0, 10, 10, 10, 10]
  alone = Dataset(np.zeros((2, 2, 2, 1)), np.arange(2), ('a', 'b'))
  with pytest.raises(ValueError, match='one image alone'):
    interpolation.choose(key, alone, 1)


def test_rows_go_from_one_image_to_the_other():
  """Codes are roots of pixels here, so that their mixtures are others."""
  model = Generator(
    decode=lambda params, z: (z**2).reshape(-1, 1, 2, 1),
    encode=lambda params, x: jnp.sqrt(x).reshape(-1, 2),
  )
  first = jnp.array([[0.0, 1.0], [0.16, 0.04]]).reshape(2, 1, 2, 1)
  second = jnp.array([[1.0, 0.0], [0.16, 0.36]]).reshape(2, 1, 2, 1)
  rows = interpolation.path_rows(model, (), first, second, parts=2)
  np.testing.assert_allclose(
    rows.reshape(2, 2, 3, 2),
    [
      [[[0, 1], [0.5, 0.5], [1, 0]], [[0, 1], [0.25, 0.25], [1, 0]]],
      [
        [[0.16, 0.04], [0.16, 0.2], [0.16, 0.36]],
        [[0.16, 0.04], [0.16, 0.16], [0.16, 0.36]],
      ],
    ],
    atol=1e-6,
  )


@pytest.mark.parametrize('count', [3, 256, 300])
def test_in_parts_every_row_counts_once(count):
  rows = np.arange(count)
  apply = jax.jit(lambda x, y: (x + y)[:, None])
  np.testing.assert_array_equal(in_parts(apply, rows, rows)[:, 0], 2 * rows)
