"""GLO whose codes are clustered without labels, from its real configs, shrunk.

There are four clusters of three classes, so that one of them is left over.
"""

import json
from types import SimpleNamespace

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
  results,
)

from experiments.components import batches
from experiments.components.parts import make
from experiments.run.config import BadConfig
from experiments.run.record import Record, WrongWorkdir, open_record
from experiments.run.run import Places
from experiments.run.saved import saved_settings
from experiments.stages import generator
from experiments.systems import (
  code_clusters,
  cola,
  cola_figures,
  cola_generator,
  small_sample_classifiers,
)
from experiments.systems.cola_figures import Request
from experiments.systems.exports import export
from lasium_jax import models
from lasium_jax.clustering import mixture_clusters
from lasium_jax.metrics import agreement
from lasium_jax.types import Batch, Generator, Trainer

GLYPHS = 'cola/glyphs.py:glo-unlabeled'
CLASSES, CLUSTERS, SHOTS, STEPS = 3, 4, 6, 6
SIZE = 4  # Of a code.
SMALL = {
  'small_sample__classes': CLASSES,
  'small_sample__shots': SHOTS,
  'generator__classes': CLUSTERS,
  'generator_training__steps': STEPS,
  'classifier__name': 'infogan',  # It compiles in a tenth of the time.
  'classifier__width': 2,
  'training__steps': 3,
  'training__batch_size': 8,
  'quality__images': 12,
  'batches__made': 5,
}
LABELS = np.repeat(np.arange(CLASSES), SHOTS)


@pytest.fixture(scope='module')
def run(program):
  workdir = program.base / 'glo-unlabeled'
  program.run(program.command('cola', workdir, GLYPHS, **SMALL))
  return workdir


@pytest.fixture(scope='module')
def found(run):
  """The parameters, the cluster of each image, and the codes, of a run."""
  settings, files = saved_settings(run, 'cola'), Record(run, {})
  params = cola_generator.trained(settings, files)
  targets = cola_generator.found_clusters(settings, files)['targets']
  codes = final_states(run)['train_generator']['[0].codes']
  return params, np.asarray(targets).argmax(1), codes


def test_clusters_are_judged_by_labels_that_nothing_learned_from(run, found):
  expected = agreement(found[1], LABELS)
  own, pixels = results(run)[:3], results(run)[3:6]
  assert [entry['value'] for entry in own] == pytest.approx(expected)
  for entry in own:
    assert (entry['name'], entry['n']) == ('glo-unlabeled', 18)
    assert entry['steps'] == STEPS
  for entry in (*own, *pixels):
    assert entry['protocol'] == {
      'classes': CLASSES,
      'clusters': CLUSTERS,
      'images a class': SHOTS,
      'matching': 'one to one; the clusters left over are wrong',
      'sample': 0,
    }
  assert all(entry['floor'] for entry in pixels)
  # The state has no label of an image.
  state = final_states(run)['train_generator']
  assert not any('clusters' in name for name in state)


def test_what_it_draws_is_judged_by_the_classes_of_its_clusters(run):
  """A classifier learns of made images alone; the test is of all classes."""
  score, own, real = results(run)[6:]
  assert score['metric'] == 'classification accuracy score'
  assert (score['name'], score['steps']) == ('glo-unlabeled', 3)
  assert score['n'] == CLASSES * (20 - SHOTS)
  assert score['protocol']['classes'] == CLASSES
  assert score['protocol']['made images a class'] == 5
  assert score['protocol']['matching'].startswith('one to one')
  assert (own['n'], real['n']) == (12, 12) and real['floor']
  page = (run / 'report.html').read_text()
  for words in ('accuracy by assignment', 'Images of each class', '<img'):
    assert words in page


def test_each_cluster_has_the_gaussian_of_its_codes(found):
  params, clusters, codes = found
  assert codes.shape == (18, SIZE)
  assert sorted(set(clusters.tolist())) == list(range(CLUSTERS))
  prior = params['prior']
  for own in range(CLUSTERS):
    members = codes[clusters == own]
    np.testing.assert_allclose(prior['mean'][own], members.mean(0), atol=1e-6)
    covariance = np.cov(members.T) if len(members) > 1 else 0 * np.eye(SIZE)
    root = prior['root'][own]
    np.testing.assert_allclose(root @ root.T, covariance, atol=1e-6)


def test_codes_within_an_epoch_are_clustered_on_their_sphere(monkeypatch):
  """Where training may end."""
  codes = jnp.float32([[3.0, 4.0], [0.0, 0.5]])
  trainer = Trainer(init=None, updates=(), params=lambda state: {'params': {}})
  monkeypatch.setattr(code_clusters, 'trainer_of', lambda settings: trainer)
  own = code_clusters._trainer(settings_with())
  found = own.params(SimpleNamespace(codes=codes))['codes']
  np.testing.assert_allclose(found, [[0.6, 0.8], [0.0, 1.0]], rtol=1e-6)


@pytest.fixture
def planted():
  """Settings of three clusters, that of each code, and parameters."""
  settings = settings_with(**{**SMALL, 'generator__classes': 3})
  rng = np.random.default_rng(0)
  truth = rng.permutation(np.repeat(np.arange(3), 6))
  codes = np.eye(3, 8)[truth] + 0.01 * rng.normal(size=(18, 8))
  return settings, truth, {'params': {}, 'codes': jnp.float32(codes)}


def test_planted_codes_are_divided_as_they_were_planted(planted):
  """Into one cluster each; equal codes are of one cluster, and refused."""
  settings, truth, given = planted
  params, found = code_clusters.divided(settings, given)
  clusters = np.asarray(found['targets']).argmax(1)
  assert agreement(clusters, truth).accuracy == 1
  assert set(params) == {'params', 'prior'}
  assert params['prior']['root'].shape == (3, 8, 8)
  same = {**given, 'codes': jnp.ones((18, 8))}
  with pytest.raises(BadConfig, match='Of 3 clusters of codes 2 have no image'):
    code_clusters.divided(settings, same)


@pytest.mark.parametrize('failures', [1, 4, 5])
def test_a_trained_generator_is_not_lost_to_an_empty_cluster(
  planted, monkeypatch, capsys, failures
):
  """Mixtures begin elsewhere, and last there is k-means, which has none."""
  settings, truth, given = planted
  keys = []

  def clusters(key, codes, **rest):
    keys.append(key)
    if len(keys) <= failures:
      return np.zeros(len(codes), np.int32)
    return mixture_clusters(key, codes, **rest)

  monkeypatch.setattr(code_clusters, 'mixture_clusters', clusters)
  params, found = code_clusters.divided(settings, given)
  assert agreement(np.asarray(found['targets']).argmax(1), truth).accuracy == 1
  assert np.isfinite(params['prior']['mean']).all()
  tried = {tuple(jax.random.key_data(key).tolist()) for key in keys}
  assert len(tried) == min(failures + 1, 5)
  assert ('those of k-means' in capsys.readouterr().out) == (failures == 5)


def test_it_resumes_bit_for_bit(program, run, tmp_path):
  again = interrupted(run, tmp_path / 'run', generator.NAME)
  program.run(program.command('cola', again, GLYPHS, **SMALL))
  assert_same_run(again, run)


def test_its_generator_is_exported_and_there_is_no_classifier(
  run, found, tmp_path
):
  model = models.load_model(export(run, tmp_path / 'model', 'generator'))
  assert model.card['training']['labels'] is False
  assert model.card['training']['code_clusters']['steps'] == 100
  made = models.generator(model.card)
  z = made.sample_class(jax.random.key(0), model.params, jnp.arange(CLUSTERS))
  assert z.shape == (CLUSTERS, SIZE) and np.isfinite(z).all()
  np.testing.assert_allclose(
    model.params['prior']['mean'], found[0]['prior']['mean'], atol=1e-6
  )
  with pytest.raises(BadConfig, match='has no labels, and so its classifier'):
    export(run, tmp_path / 'other', 'classifier')


@pytest.mark.parametrize('figure', ['spread', 'one-gaussian'])
def test_its_figures_are_of_its_clusters(program, run, tmp_path, figure):
  places = Places(cache_dir=program.base / 'data')
  request = Request(run, places, spreads=(0.5, 2.0), columns=2, images=20)
  png = cola_figures.draw(figure, tmp_path / figure, request)
  told = json.loads(png.with_suffix('.json').read_text())
  if figure == 'spread':
    assert told['classes'] == [f'cluster {i}' for i in range(CLUSTERS)]
  else:
    assert told['clusters'] == CLUSTERS


def test_its_generator_is_lent_to_no_run_with_labels(run):
  fields = {'generator_training__workdir': str(run)}
  settings = settings_with('cola/glyphs.py:glo', **fields)
  with pytest.raises(BadConfig, match='clusters that were found in its codes'):
    generator.check_borrowed(settings)


def settings_with(path=GLYPHS, **fields):
  return whole_program.settings_with(cola.system(), path, **fields)


@pytest.mark.parametrize(
  'file', ['cifar10', 'glyphs', 'mnist', 'stl10', 'tiny_imagenet']
)
def test_it_has_what_cola_is_compared_by(file):
  """The same images, the same classifier and as many steps."""
  ours, theirs = (
    settings_with(f'cola/{file}.py:{run}') for run in ('glo-unlabeled', 'cola')
  )
  for name in ('data', 'small_sample', 'generator_training', 'classifier'):
    assert ours[name] == theirs[name]
  assert ours['training'] == theirs['training']
  assert ours['generator']['classes'] == theirs['generator']['clusters']
  for field in ('latent_size', 'loss', 'width'):
    assert ours['generator'][field] == theirs['generator'][field]
  assert 'clustered' not in ours
  parts = cola.build(ours)
  assert parts.clustering is None and parts.augment is None


def test_settings_that_cannot_work():
  with pytest.raises(ValueError, match='seeds is 2; it must be 1'):
    cola.build(settings_with(seeds=2))
  with pytest.raises(ValueError, match='classes is 19; it must be at most 18'):
    cola.build(settings_with(**{**SMALL, 'generator__classes': 19}))
  with pytest.raises(ValueError, match="no run 'glo-unlabeled-strong'"):
    config_of(f'{GLYPHS}-strong')


@pytest.mark.parametrize('run', ['cola', 'glo-unlabeled'])
def test_the_score_may_be_of_a_set_of_made_images(run):
  """Of which some are met again and again, in batches without a real one."""
  path = f'cola/cifar10.py:{run}'
  settings = settings_with(path, batches__made=2)
  cola.build(settings)
  drawn = Generator(
    decode=lambda params, z: z[:, None, None, None],
    sample_class=lambda key, params, y: jax.random.uniform(key, y.shape),
  )
  (diet,) = small_sample_classifiers._diets(settings)
  batch_fn = make(
    batches.OF_A_SAMPLE,
    small_sample_classifiers._batches(settings, diet),
    **{'generator': drawn, 'classes': 3, 'augment': None},
  )
  real = Batch(jnp.full((64, 1, 1, 1), 2.0), jnp.arange(64), jnp.int32(0))
  batch = batch_fn(jax.random.key(0), (), real)
  assert (batch.rows == -1).all() and (batch.x <= 1).all()
  for label in range(3):
    assert len(np.unique(np.asarray(batch.x)[batch.y == label])) == 2


@pytest.mark.parametrize(
  ('run', 'other'), [('cola', 'scola'), ('scola', 'cola')]
)
def test_batches_are_those_of_runs_with_labels_or_without(run, other):
  settings, others = (
    settings_with(f'cola/cifar10.py:{name}') for name in (run, other)
  )
  own = settings['batches']['name']
  settings['batches'] = others['batches']
  with pytest.raises(BadConfig, match=f"batches.name is .* must be '{own}'"):
    cola.build(settings)


@pytest.mark.parametrize('run', ['cola', 'glo-unlabeled'])
def test_runs_without_labels_that_had_no_batches_go_on(run, tmp_path):
  settings = json.loads(json.dumps(settings_with(f'cola/cifar10.py:{run}')))
  older = {k: v for k, v in settings.items() if k != 'batches'}
  open_record(tmp_path, settings)
  (tmp_path / 'config.json').write_text(json.dumps(older))
  open_record(tmp_path, settings)
  settings['batches']['made'] = 9
  with pytest.raises(WrongWorkdir, match=r'batches\.made: 0 there, 9 now'):
    open_record(tmp_path, settings)
