"""Classifiers whose batches are in part mixtures, from their real configs."""

import json
from pathlib import Path

import chex
import jax
import numpy as np
import pytest
from batch_of import training_set
from whole_program import config_of, random_splits, results

from configs.parts import low_data
from experiments.components import images
from experiments.papers.published import candidates
from experiments.run import record
from experiments.run.app import settings_of
from experiments.run.config import BadConfig, flatten
from experiments.run.run import Places, open_run
from experiments.stages import borrowed, generator
from experiments.systems import interpolative, recognizer
from experiments.systems.exports import export
from lasium_jax import models
from lasium_jax.batches import gather
from lasium_jax.data.dataset import Dataset
from lasium_jax.models.build import make_generator
from lasium_jax.types import TrainingSet

SHAPE = (28, 28, 1)
LENDERS = ('interpolative', 'autoencoder')
SMALL = {
  'training.steps': 2,
  'training.batch_size': 16,
  'classifier.width': 2,
  'seeds': 2,
}
# The rows of the paper's table 3.
ACCURACIES = {
  'none': 0.9033,
  'mixup': 0.9066,
  'autoencoder': 0.9127,
  'interpolative': 0.9150,
}


def characters(classes, each=6):
  rng = np.random.default_rng(classes)
  shape = (classes * each, *SHAPE)
  return Dataset(
    rng.integers(256, size=shape, dtype=np.uint8),
    np.repeat(np.arange(classes, dtype=np.int32), each),
    tuple(map(str, range(classes))),
  )


@pytest.fixture
def emnist(monkeypatch):
  """In place of EMNIST ByMerge: six random images of each of its 47 classes."""

  def read(places, dataset, split, *, size, channels, invert):
    assert (dataset, split) == ('emnist/bymerge', 'test')
    assert (size, channels, invert) == (28, 1, False)
    return characters(47)

  monkeypatch.setattr(images, 'read_prepared', read)


def opened(system, config, workdir, read=None):
  settings = settings_of(config, system)
  parts = system.build(settings)
  system.ready(parts, record.Record(workdir, {}))
  files = record.open_record(workdir, settings)
  files.keep_config(settings)
  splits = read or system.read(settings, Places())
  return open_run(settings, files, splits), parts


def trained(workdir):
  """A run of the plain autoencoder, of random images in place of MNIST's."""
  config = config_of('interpolative/emnist.py:autoencoder')
  small = {'generator_training.steps': 1, 'generator_training.batch_size': 16}
  small |= {'generator.width': 2, 'generator.latent_size': 3}
  config.update_from_flattened_dict(small)
  system = interpolative.system()
  run, parts = opened(system, config, workdir, random_splits(28))
  data = TrainingSet(run.splits.train.images)
  learning = generator.Learning(parts.model, parts.trainer, data)
  generator.train(run, learning, **parts.settings['generator_training'])
  return str(workdir)


def exported(folder, section, **training):
  """A generator as experiments/export.py leaves it, untrained."""
  _, trainer = make_generator(section, SHAPE)
  data = training_set(SHAPE)
  params = jax.jit(lambda key: trainer.params(trainer.init(key, data)))(
    jax.random.key(0)
  )
  height, width, channels = SHAPE
  image = {'height': height, 'width': width, 'channels': channels}
  card = {
    'kind': 'generator',
    'architecture': section,
    'image': {**image, 'invert': False},
    'training': training,
    'accuracy': [],
  }
  params = jax.tree.map(np.asarray, params)
  return str(models.save_model(folder, models.Model(card, params)))


@pytest.fixture(scope='module')
def lenders(tmp_path_factory):
  """The folders of an autoencoder of either kind: a run, and a model."""
  base = tmp_path_factory.mktemp('lenders')
  section = {'name': 'interpolative', 'latent_size': 3, 'width': 2}
  data = {'name': 'tfds', 'dataset': 'mnist'}
  return {
    'autoencoder': trained(base / 'autoencoder'),
    'interpolative': exported(base / 'interpolative', section, data=data),
  }


def run_of(run, lenders, benchmark='recognizer/emnist', **fields):
  config = config_of(f'{benchmark}.py:{run}')
  small = SMALL | {k.replace('__', '.'): v for k, v in fields.items()}
  if run in LENDERS:
    small = {'borrowed.folder': lenders[run]} | small
  config.update_from_flattened_dict(small)
  return config


@pytest.mark.parametrize('run', ACCURACIES)
def test_table_3_is_of_letters(emnist, lenders, tmp_path, run):
  config = run_of(run, lenders)
  assert config_of(f'recognizer/emnist.py:{run}').seeds == 10
  own, parts = opened(recognizer.system(), config, tmp_path / 'run')
  # A seventh of six is one; the digits are left out.
  assert own.splits.train.class_names == tuple(map(str, range(10, 47)))
  assert np.bincount(own.splits.train.labels).tolist() == [5] * 37
  assert np.bincount(own.splits.test.labels).tolist() == [1] * 37
  recognizer.work(own, parts)

  entries = results(tmp_path / 'run')
  *members, mean = entries
  assert [entry['member']['seed'] for entry in members] == [0, 1]
  assert (mean['n'], mean['of']) == (2, 'runs') and 'member' not in mean
  values = [entry['value'] for entry in members]
  assert mean['value'] == pytest.approx(np.mean(values))
  error = np.std(values, ddof=1) / 2**0.5
  assert mean.get('ci95', 0) == pytest.approx(1.96 * error)
  for entry in entries:
    protocol = {'classes': 37}
    if run in LENDERS:
      protocol['generator trained on'] = 'mnist'
    if run == 'autoencoder':  # The other's card says no more.
      protocol['generator division'] = 'split train'
      protocol['generator steps'] = 1
    assert entry['protocol'] == protocol
    numbers = candidates(flatten(parts.settings), entry)
    assert [number.value for number in numbers] == [ACCURACIES[run]]
    assert 'mean of ten runs' in numbers[0].differs
    assert 'autoencoder of MNIST' not in numbers[0].differs


@pytest.mark.parametrize('run', low_data.RUNS)
def test_little_is_trained_on_and_all_else_is_the_test(
  emnist, lenders, tmp_path, run
):
  """Two drawings of a character meet in each pair of places of a batch."""
  config = run_of(run, lenders, 'low_data/emnist')
  own, parts = opened(recognizer.system(), config, tmp_path / 'run')
  names = own.splits.train.class_names
  assert len(names) == 10 and all(int(name) > 9 for name in names)
  assert np.bincount(own.splits.train.labels).tolist() == [5] * 10
  assert np.bincount(own.splits.test.labels).tolist() == [1] * 10
  recognizer.work(own, parts)
  *members, mean = results(tmp_path / 'run')
  assert [entry['member']['seed'] for entry in members] == [0, 1]
  assert mean['protocol']['classes'] == 10
  # They are not of the paper's table 3, which has all letters.
  assert not candidates(flatten(parts.settings), mean)


def test_the_program_borrows_an_autoencoder(program, lenders, tmp_path):
  """On the built-in characters, as a user does it."""
  command = program.command(
    'recognizer',
    tmp_path / 'run',
    'recognizer/glyphs.py:interpolative',
    borrowed__folder=lenders['interpolative'],
    **{name.replace('.', '__'): value for name, value in SMALL.items()},
  )
  printed = program.run(command)
  entries = results(tmp_path / 'run')
  assert [entry['of'] for entry in entries] == ['images', 'images', 'runs']
  assert 'of 2 runs' in printed and 'Report: ' in printed
  card = models.load_model(export(tmp_path / 'run', tmp_path / 'model')).card
  # Where the autoencoder lay is nobody's business.
  assert card['training']['borrowed'] == {'generator': 'interpolative'}
  assert lenders['interpolative'] not in json.dumps(card)


def test_an_exported_autoencoder_is_the_same(lenders, tmp_path):
  workdir = lenders['autoencoder']
  folder = export(Path(workdir), tmp_path / 'model')
  ours, theirs = (
    borrowed.borrow(SHAPE, generator='autoencoder', folder=str(path))
    for path in (folder, workdir)
  )
  assert borrowed.told(ours) == borrowed.told(theirs)
  assert borrowed.told(ours) == {
    'generator trained on': 'mnist',
    'generator division': 'split train',
    'generator steps': 1,
  }
  chex.assert_trees_all_equal(ours.params, theirs.params)


def given_to_the_classifier(config, workdir, monkeypatch):
  """What a run would train its classifier on."""
  seen = []
  own, parts = opened(recognizer.system(), config, workdir)
  monkeypatch.setattr(
    recognizer.classifier, 'train', lambda run, given, **_: seen.append(given)
  )
  monkeypatch.setattr(recognizer.classifier, 'results_of', lambda *a: [])
  recognizer.work(own, parts)
  (given,) = seen
  return given


def test_half_of_what_a_classifier_sees_is_made(
  emnist, lenders, tmp_path, monkeypatch
):
  """By the borrowed generator, out of two images of one class."""
  config = run_of('autoencoder', lenders)
  given = given_to_the_classifier(config, tmp_path / 'run', monkeypatch)
  # Four classes of five images, in another order.
  rows = np.random.default_rng(0).permutation(20)
  batch = gather(given.data, rows, epoch=0)
  made = jax.jit(given.batch_fn)(jax.random.key(0), given.source, batch)
  np.testing.assert_array_equal(made.y, batch.y)
  np.testing.assert_array_equal(made.x[10:], batch.x[10:])
  assert made.rows.tolist() == [-1] * 10 + rows[10:].tolist()

  lent = borrowed.borrow(SHAPE, **settings(config)['borrowed'])
  z = lent.model.encode(lent.params, batch.x)
  for i in range(10):
    others = [j for j in range(20) if j != i and batch.y[j] == batch.y[i]]
    means = np.stack([(z[i] + z[j]) / 2 for j in others])
    possible = lent.model.decode(lent.params, means)
    errors = np.abs(possible - made.x[i : i + 1]).max((1, 2, 3))
    assert errors.min() < 1e-4


@pytest.mark.parametrize('pairs', ['same', 'any'])
@pytest.mark.parametrize('run', ['mixup', *LENDERS])
def test_one_setting_says_which_images_meet(
  emnist, lenders, tmp_path, monkeypatch, run, pairs
):
  """Of 'any' two all labels are soft, of the 'same' class none is."""
  config = run_of(run, lenders, batches__pairs=pairs)
  given = given_to_the_classifier(config, tmp_path / 'run', monkeypatch)
  batch = gather(given.data, np.arange(20), epoch=0)
  made = jax.jit(given.batch_fn)(jax.random.key(0), given.source, batch)
  if pairs == 'same':
    np.testing.assert_array_equal(made.y, batch.y)
    return
  np.testing.assert_array_equal(made.y[10:], np.eye(37)[batch.y[10:]])
  assert set(np.unique(made.y[:10])) <= {0, 0.5, 1}
  assert (np.asarray(made.y[:10]) == 0.5).any()


def settings(config):
  return settings_of(config, recognizer.system())


def test_what_cannot_be_borrowed(lenders, tmp_path):
  with pytest.raises(
    BadConfig, match=r"generator is 'interpolative', .* 'auto"
  ):
    borrowed.borrow(SHAPE, folder=lenders['autoencoder'])
  with pytest.raises(BadConfig, match=r'\(28, 28, 1\).* are \(32, 32, 3\)'):
    borrowed.borrow((32, 32, 3), folder=lenders['interpolative'])
  with pytest.raises(BadConfig, match='is not a run'):
    borrowed.borrow(SHAPE, folder=str(tmp_path))
  folder = exported(tmp_path / 'msgan', {'name': 'msgan', 'filters': 2})
  with pytest.raises(BadConfig, match="is 'msgan', which has no encoder"):
    borrowed.borrow(SHAPE, generator='msgan', folder=folder)
  # A card need not say what the training was on.
  section = {'name': 'autoencoder', 'width': 2}
  folder = exported(tmp_path / 'autoencoder', section)
  lent = borrowed.borrow(SHAPE, generator='autoencoder', folder=folder)
  assert borrowed.told(lent) == {'generator trained on': 'not said'}


SEEN = {
  'low_data/omniglot': [
    # The command that its text names: 1,200 other characters of one shuffle.
    ('lasium/omniglot.py:n-interpolative-protonets', {}, True),
    ('lasium/omniglot.py:n-interpolative-protonets', {'split_seed': 1}, False),
    ('interpolative/characters.py:interpolative', {}, False),
    ('interpolative/omniglot.py:interpolative', {}, False),
    ('interpolative/emnist.py:interpolative', {}, True),
  ],
  'low_data/emnist': [
    ('interpolative/emnist.py:interpolative', {}, True),
    ('interpolative/emnist.py:novel-vae', {}, False),
  ],
  'recognizer/emnist': [
    ('interpolative/emnist.py:autoencoder', {}, True),
    ('interpolative/emnist.py:novel-vae', {}, False),
  ],
  'recognizer/glyphs': [
    ('interpolative/glyphs.py:interpolative', {}, True),
    ('interpolative/glyphs.py:novel-vae', {}, False),
    ('lasium/glyphs.py:n-interpolative-protonets', {}, True),
  ],
}


@pytest.mark.parametrize(
  ('benchmark', 'path', 'fields', 'accepted'),
  [(name, *case) for name, cases in SEEN.items() for case in cases],
)
def test_no_generator_has_seen_what_is_judged(
  tmp_path, benchmark, path, fields, accepted
):
  """Of those that documented commands train none is refused."""
  data = config_of(path).data.to_dict() | fields
  section = {'name': 'interpolative', 'latent_size': 3, 'width': 2}
  lender = exported(tmp_path / 'lent', section, data=data)
  config = run_of('interpolative', {'interpolative': lender}, benchmark)
  parts = recognizer.build(settings(config))
  if accepted:
    return recognizer.ready(parts, None)
  with pytest.raises(BadConfig, match=rf'{benchmark}\.py says which to train'):
    recognizer.ready(parts, None)


@pytest.mark.parametrize(
  ('run', 'fields', 'said'),
  [
    (
      'autoencoder',
      {'borrowed__folder': ''},
      r"borrowed\.folder is ''.*export",
    ),
    ('autoencoder', {'batches__share': 1.5}, 'config.batches.share is 1.5'),
    ('mixup', {'batches__pairs': 'zz'}, "config.batches.pairs is 'zz'"),
    ('mixup', {'batches__name': 'mixed_codes'}, 'no section `borrowed`'),
    ('autoencoder', {'batches__name': 'mixed_pixels'}, 'a section `borrowed`'),
    ('none', {'held_out__share': 1.5}, 'config.held_out.share is 1.5'),
    ('none', {'augment__rotation': 9.0}, 'does not augment'),
    ('none', {'data__part': 'third'}, "config.data.part is 'third'"),
  ],
)
def test_settings_that_cannot_work(lenders, run, fields, said):
  config = run_of(run, lenders, **fields)
  with pytest.raises(ValueError, match=said):
    recognizer.build(settings(config))


def test_what_tells_characters_apart_sees_one_half(emnist):
  """The other half is what experiments/interpolative.py may be judged on."""
  config = run_of('characters', {})
  own = recognizer.read(settings(config), Places())
  assert own.train.class_names == tuple(map(str, range(47)))
  others = images.tfds_images(
    Places(),
    dataset='emnist/bymerge',
    split='test',
    part='second',
    first_class=10,
    transposed=True,
  )
  seen, unseen = (
    {image.tobytes() for part in parts for image in part.images}
    for parts in ((own.train, own.test), (others,))
  )
  # Three of the six images of each class; without the digits' 37 classes.
  assert (len(seen), len(unseen)) == (3 * 47, 3 * 37)
  assert not seen & unseen
  every = {image.tobytes() for image in characters(47).images.swapaxes(1, 2)}
  assert seen | unseen <= every


@pytest.mark.parametrize('run', [*ACCURACIES, 'characters', 'infogan'])
def test_every_run_can_work(lenders, run):
  config = run_of(run, lenders)
  recognizer.build(settings(config))
  json.dumps(settings(config))
