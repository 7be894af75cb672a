"""COLA without labels, from its real configs, shrunk."""

import json
from types import SimpleNamespace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import whole_program
from whole_program import (
  assert_same_run,
  config_of,
  final_states,
  interrupted,
  metrics,
  results,
)

from experiments.run.config import BadConfig
from experiments.run.run import Places
from experiments.stages import class_samples, classifier, clustered
from experiments.systems import clustered_images, cola
from experiments.systems.exports import export
from lasium_jax import models
from lasium_jax.data import Dataset, Splits
from lasium_jax.metrics import agreement
from lasium_jax.types import Trainer, TrainingSet

GLYPHS = 'cola/glyphs.py:cola'
CLASSES, SHOTS = 3, 6
STEPS = 12  # Two epochs of each task, of three batches.
SMALL = {
  'small_sample__classes': CLASSES,
  'small_sample__shots': SHOTS,
  'generator__clusters': CLASSES,
  'generator_training__steps': 4,
  'clustered_training__steps': STEPS,
  'clustered_training__batch_size': 6,
  'clustered_training__judge_every': 3,
  'clustered__views': 1,
  'trunk__width': 2,
  'classifier__name': 'infogan',  # It compiles in a tenth of the time.
  'classifier__width': 2,
  'training__steps': 3,
  'training__batch_size': 8,
  'quality__images': 12,
}


class Run(NamedTuple):
  """As much of a run as clusters change."""

  splits: Splits


METRICS = ['accuracy by assignment', 'NMI', 'ARI']


@pytest.fixture(scope='module')
def run(program):
  workdir = program.base / 'unlabeled'
  command = program.command('cola', workdir, GLYPHS, **SMALL)
  return workdir, program.run(command)


def targets_and_labels(workdir):
  """By the last state, and by the order of a sample: class by class."""
  targets = final_states(workdir)['cluster_images']['[0].targets']
  return targets, np.repeat(np.arange(CLASSES), SHOTS)


def test_clusters_are_judged_by_labels(run):
  """While they are found, and in the end."""
  workdir, printed = run
  found, pixels = results(workdir)[:3], results(workdir)[3:6]
  for entries in (found, pixels):
    assert [entry['metric'] for entry in entries] == METRICS
  targets, labels = targets_and_labels(workdir)
  expected = agreement(targets.argmax(1), labels)
  assert [entry['value'] for entry in found] == pytest.approx(expected)
  protocol = {'clusters': CLASSES, 'images a class': SHOTS, 'sample': 0}
  for entry in found:
    assert (entry['name'], entry['n'], entry['steps']) == ('cola', 18, STEPS)
    assert entry['protocol'] == protocol
  for entry in pixels:
    assert (entry['name'], entry['n'], entry['floor']) == ('k-means', 18, True)
    assert entry['protocol'] == protocol
  lines = [line for line in metrics(workdir) if line['stage'] == clustered.NAME]
  judged = [line for line in lines if 'ari' in line]
  assert [line['step'] for line in judged] == [3, 6, 9, 12]
  last = [judged[-1][name] for name in ('accuracy', 'nmi', 'ari')]
  assert last == pytest.approx(expected, abs=1e-6)
  # Epochs of both tasks alternate.
  rotated = ['rotation_loss' in line for line in lines]
  assert rotated == [False] * 3 + [True] * 3 + [False] * 3 + [True] * 3
  page = (workdir / 'report.html').read_text()
  for words in ('accuracy by assignment', 'Images of each class', '<img'):
    assert words in page
  captions = json.loads((workdir / 'samples/pictures.json').read_text())
  counts = np.bincount(targets.argmax(1))
  assert counts.min() < counts.max()
  caption = captions['class_samples']['caption']
  assert caption.startswith('One cluster a row.')
  assert f'real images, of the {counts.min()} or more of the' in caption
  assert f'Report: {workdir}' in printed


def test_what_it_draws_is_judged_by_the_classes_of_its_clusters(run):
  """A classifier learns of made images alone; there are others for a test."""
  score, own, real = results(run[0])[6:]
  assert score['metric'] == 'classification accuracy score'
  assert (score['name'], score['steps']) == ('cola', 3)
  assert score['n'] == CLASSES * (20 - SHOTS)
  assert (own['n'], real['n']) == (12, 12) and real['floor']


def test_classes_of_the_test_are_numbered_as_their_clusters():
  """Of three kinds of gray, clusters have found two, and half of the third."""
  labels = np.repeat(np.arange(3, dtype=np.int32), 4)
  grays = np.uint8(100 * labels[:, None, None, None])
  images = Dataset(grays, labels, ('black', 'gray', 'white'))
  splits = Splits(images, images, images)
  found = np.array([2, 2, 2, 2, 0, 0, 0, 0, 1, 1, 0, 0])
  params = {'targets': jnp.eye(3)[found]}
  run = Run(splits=splits)
  kinds = [(100, 0), (200, 1), (0, 2)]  # Gray is cluster 0, and so on.
  judged = clustered_images.by_cluster(run, params, judged=True)[0].splits
  test = judged.test
  assert test.class_names == ('gray', 'white', 'black')
  pairs = zip(test.images.ravel(), test.labels, strict=True)
  assert sorted(set(pairs), key=lambda pair: pair[1]) == kinds
  assert judged.train.images.ravel().tolist()[:4] == [100] * 4
  plain = clustered_images.by_cluster(run, params)[0].splits
  assert plain.test is splits.test


FEWER_AND_MORE = {
  # Cluster 0 is black and 1 is white. Gray has none, and is wrong.
  2: ([0] * 4 + [1, 1, 1, 0] + [1] * 4, [0] * 4 + [1, 0, 1, 0] + [1] * 4, 8),
  # Cluster 3 has one black image, and is no class. A gray one is called white.
  4: (
    [0, 0, 0, 3] + [1] * 4 + [2] * 4,
    [0, 3, 0, 0, 1, 1, 2, 1, 2, 2, 2, 2],
    10,
  ),
}


@pytest.mark.parametrize('clusters', FEWER_AND_MORE)
def test_the_score_of_fewer_and_of_more_clusters_than_classes(clusters):
  """By hand: of three classes, what is matched to none is wrong."""
  found, predicted, right = FEWER_AND_MORE[clusters]
  labels = np.repeat(np.arange(3, dtype=np.int32), 4)
  numbered = np.arange(12, dtype=np.uint8)[:, None, None, None]
  images = Dataset(numbered, labels, ('black', 'gray', 'white'))
  run = Run(splits=Splits(images, images, images))
  params = {'targets': jnp.eye(clusters)[np.array(found)]}
  test = clustered_images.by_cluster(run, params, judged=True)[0].splits.test
  assert len(test.images) == 12

  def classify(params, x):
    places = jnp.rint(255 * x).astype(int).ravel()
    return SimpleNamespace(logits=jax.nn.one_hot(params[places], clusters))

  tested = classifier.tester(classify, test)(jnp.asarray(predicted))
  assert tested.sum() == right
  told = clustered_images.matching(clusters, 3)
  rest = 'classes' if clusters == 2 else 'clusters'
  assert told == {
    'classes': 3,
    'clusters': clusters,
    'matching': f'one to one; the {rest} left over are wrong',
  }
  assert clustered_images.matching(3, 3) == {}


@pytest.mark.parametrize('clusters', [2, 5, 18])
def test_steps_are_of_the_images_whatever_the_clusters(clusters):
  """Three classes of six images are 18, of which a batch may have all."""
  fields = {name: SMALL[name] for name in SMALL if 'steps' not in name}
  settings = settings_with(**{**fields, 'generator__clusters': clusters})
  assert settings['generator_training']['batch_size'] == 30
  assert settings['generator_training']['steps'] == 500
  # Two tasks of 200 epochs, of three batches each.
  assert settings['clustered_training']['steps'] == 2 * 200 * 3
  assert cola.build(settings).clustering is not None
  splits = cola.read(settings, Places())
  assert len(splits.train.images) == 18 and len(splits.test.images) == 42


def test_numbers_of_clusters_that_cannot_be():
  few = {**SMALL, 'generator__clusters': 19}
  with pytest.raises(ValueError, match='clusters is 19; it must be at most 18'):
    cola.build(settings_with(**few))
  untold = {**SMALL, 'small_sample__classes': 0, 'generator__clusters': 5}
  with pytest.raises(ValueError, match=r'sample\.classes is 0; it must be \d+'):
    cola.read(settings_with(**untold), Places())


@pytest.mark.parametrize('most', [12, 30])
def test_k_means_finds_what_pixels_tell(monkeypatch, most):
  """Three kinds of gray, of as many images as it is given."""
  monkeypatch.setattr(clustered, 'KMEANS_IMAGES', most)
  labels = np.repeat(np.arange(3, dtype=np.int32), 10)
  noise = np.random.default_rng(0).integers(9, size=(30, 4, 4, 1))
  grays = np.uint8(100 * labels[:, None, None, None] + noise)
  images = Dataset(grays, labels, ('black', 'gray', 'white'))
  run = SimpleNamespace(
    **{'name': 'cola', 'dataset': 'grays', 'config': 'x.py', 'seed': 0},
    splits=SimpleNamespace(train=images),
  )
  wrong = {'targets': jnp.eye(3)[np.arange(30) % 3]}
  found = clustered.results_of(run, wrong, {}, 5)
  assert [result.n for result in found] == [30] * 3 + [most] * 3
  assert [result.value for result in found[3:]] == [1, 1, 1]
  assert found[0].value < 0.5 and not found[0].floor


def test_images_of_all_parts_of_a_cluster_are_shown(monkeypatch):
  """Their gray tells their place; those of a true class lie together."""
  sheets = {}

  def labeled_grid(shown, names, **_):
    sheets['left'] = shown
    return np.zeros((1, 1, 3), np.uint8)

  monkeypatch.setattr(class_samples.pictures, 'labeled_grid', labeled_grid)
  monkeypatch.setattr(class_samples, 'keep', lambda *own, **_: None)
  monkeypatch.setattr(
    class_samples.pictures, 'side_by_side', lambda sheets: sheets[0]
  )
  labels = np.repeat(np.arange(2, dtype=np.int32), [6, 4])
  grays = np.arange(10, dtype=np.uint8)[:, None, None, None]
  images = Dataset(np.tile(grays, (1, 4, 4, 1)), labels, ('cluster 0', '1'))
  run = SimpleNamespace(
    **{'seed': 0, 'ink': False, 'files': None},
    splits=SimpleNamespace(train=images),
  )
  model = SimpleNamespace(
    sample_class=lambda key, params, y: y,
    decode=lambda params, z: jnp.zeros((len(z), 4, 4, 1)),
  )
  class_samples.show(run, model, {}, real=2, images=1)
  assert (255 * sheets['left'][..., 0, 0, 0]).round().tolist() == [
    [0, 3],
    [6, 8],
  ]


def test_the_generator_has_clusters_for_classes(run):
  """Its codes begin, and stay, with the images of one cluster together."""
  workdir, _ = run
  targets, _ = targets_and_labels(workdir)
  state = final_states(workdir)['train_generator']
  clusters = state['[0].clusters']
  np.testing.assert_array_equal(clusters, np.sort(targets.argmax(1)))
  assert (np.diff(clusters) >= 0).all()


def test_it_resumes_bit_for_bit(program, run, tmp_path):
  workdir, _ = run
  again = interrupted(workdir, tmp_path / 'run', clustered.NAME)
  command = program.command('cola', again, GLYPHS, **SMALL)
  assert f'{clustered.NAME}: going on from step' in program.run(command)
  assert_same_run(again, workdir)


def test_its_generator_is_exported_and_there_is_no_classifier(run, tmp_path):
  workdir, _ = run
  model = models.load_model(export(workdir, tmp_path / 'model', 'generator'))
  assert model.card['training']['labels'] is False
  assert model.card['training']['clustered']['rotations'] is True
  generator = models.generator(model.card)
  z = generator.sample_class(jax.random.key(0), model.params, jnp.arange(3))
  assert z.shape[0] == 3 and np.isfinite(z).all()
  with pytest.raises(BadConfig, match="'cola' has no labels, and so its class"):
    export(workdir, tmp_path / 'other', 'classifier')


def settings_with(path=GLYPHS, **fields):
  return whole_program.settings_with(cola.system(), path, **fields)


@pytest.mark.parametrize(
  ('fields', 'steps'),
  [
    ({}, 156_000),  # 390 batches an epoch of the 50,000 images.
    ({'clustered__rotations': False}, 78_000),
    ({'small_sample__shots': 5}, 400),  # One batch of all.
    ({'clustered_training__steps': 7}, 7),
  ],
)
def test_each_task_has_200_epochs(fields, steps):
  settings = settings_with('cola/cifar10.py:cola', **fields)
  assert settings['clustered_training']['steps'] == steps
  assert cola.build(settings).clustering is not None
  json.dumps(settings)


BAD = {
  'seeds': (2, 'config.seeds is 2; it must be 1'),
  'generator_training__workdir': ('runs/a', "workdir is 'runs/a'; it must be"),
  'clustered__sigma': (-1.0, 'config.clustered.sigma is -1'),
  'trunk__name': ('resnet20', "config.trunk.name is 'resnet20'"),
  'clustered_training__batch_size': (1, 'batch_size is 1'),
}


@pytest.mark.parametrize('field', BAD)
def test_settings_that_cannot_work(field):
  value, said = BAD[field]
  with pytest.raises(ValueError, match=said):
    cola.build(settings_with(**{field: value}))


def test_views_that_are_none_are_refused():
  settings = settings_with('cola/cifar10.py:cola', clustered_views__views=False)
  with pytest.raises(BadConfig, match=r'clustered_views leaves images as they'):
    cola.build(settings)


@pytest.mark.parametrize('run', ['cola-resnet20', 'cola-strong'])
def test_a_run_without_labels_names_no_network_or_recipe(run):
  with pytest.raises(
    ValueError, match=f"no run '{run}'. .* all but cola and glo"
  ):
    config_of(f'cola/cifar10.py:{run}')


def test_a_cluster_without_images_is_refused_at_once():
  """Before the first step: what no image begins in stays empty."""
  targets = jnp.eye(4)[jnp.array([0, 1, 3, 3])]
  trainer = Trainer(lambda key, data: {'targets': targets}, (), lambda s: s)
  data = TrainingSet(np.zeros((4, 2, 2, 1), np.uint8))
  init = clustered._checked(trainer)
  with pytest.raises(BadConfig, match='Of 4 clusters 1 have no image'):
    init(jax.random.key(0), data)
  targets = jnp.eye(3)[jnp.array([0, 1, 2, 2])]
  assert init(jax.random.key(0), data)['targets'].shape == (4, 3)


def test_images_stand_cluster_by_cluster_with_their_targets():
  images = np.arange(5, dtype=np.uint8).reshape(5, 1, 1, 1)
  whole = Dataset(images, np.zeros(5, np.int32), ('a',))
  targets = jnp.eye(3)[jnp.array([2, 0, 1, 0, 2])]
  found, ordered = clustered.by_cluster(whole, {'targets': targets})
  assert found.images.ravel().tolist() == [1, 3, 2, 0, 4]
  assert found.labels.tolist() == [0, 0, 1, 2, 2]
  assert found.class_names == ('cluster 0', 'cluster 1', 'cluster 2')
  np.testing.assert_array_equal(ordered, np.eye(3)[found.labels])
