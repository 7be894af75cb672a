"""LASIUM whose classes are clusters that a run finds, from its real configs."""

import json
import shutil

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from whole_program import (
  assert_same_run,
  config_of,
  final_states,
  interrupted,
  metrics,
  random_splits,
  results,
  shrink,
)

from experiments.run import record
from experiments.run.app import settings_of
from experiments.run.config import BadConfig
from experiments.run.run import open_run
from experiments.stages import clustered, generator, meta
from experiments.systems import class_size, features, lasium
from experiments.systems.exports import export
from lasium_jax import models
from lasium_jax.data import Dataset

RUN = 'lasium/glyphs.py:cola-protonets'
CLUSTERS = 6
SMALL = {
  'data.size': 16,
  'generator.clusters': CLUSTERS,
  'generator.levels': 2,
  'generator_training.steps': 4,
  'trunk.width': 2,
  'clustered_training.steps': 8,
  'clustered_training.batch_size': 10,
  'clustered_training.judge_every': 4,
  'floors.scratch.judge': False,  # Which has tests of its own.
}


def splits():
  found = random_splits(16)
  images = np.random.default_rng(1).integers(256, size=(40, 16, 16, 1))
  labels = np.repeat(np.arange(5, dtype=np.int32), 8)
  train = Dataset(images.astype(np.uint8), labels, tuple('abcde'))
  return found._replace(train=train)


def settings(run=RUN, **fields):
  config = config_of(run)
  config.update_from_flattened_dict(shrink(config, **SMALL | fields))
  return settings_of(config, lasium.system())


def finish(workdir, **fields):
  """Goes through all stages in this process."""
  own = settings(**fields)
  parts = lasium.build(own)
  files = record.open_record(workdir, own)
  files.keep_config(own)
  lasium.ready(parts, files)
  lasium.check_data(own, splits())
  generator.check_borrowed_data(own, splits())
  files.keep_data(splits())
  lasium.work(open_run(own, files, splits()), parts)


@pytest.fixture(scope='module')
def finished(tmp_path_factory):
  workdir = tmp_path_factory.mktemp('on_cola')
  finish(workdir)
  return workdir


def test_the_generator_has_clusters_for_classes(finished):
  """They are found in the first stage, and tasks are made of them."""
  states = final_states(finished)
  targets = states[clustered.NAME]['[0].targets']
  assert targets.shape == (40, CLUSTERS)
  clusters = states[generator.NAME]['[0].clusters']
  np.testing.assert_array_equal(clusters, np.sort(targets.argmax(1)))
  lines = metrics(finished)
  judged = [line['step'] for line in lines if 'nmi' in line]
  assert judged == [4, 8]
  found = results(finished)
  names = [entry['name'] for entry in found]
  of_clusters = [
    f'cluster-{kind}' for kind in ('features', 'probe', 'neighbors')
  ]
  assert names == ['cola-protonets', *of_clusters]
  assert [bool(entry.get('floor')) for entry in found] == [False] + 3 * [True]
  page = (finished / 'report.html').read_text()
  for words in ('cola-protonets', 'One cluster a row.', 'Synthetic task 1'):
    assert words in page
  counts = json.loads((finished / 'anchors.json').read_text())
  assert counts['rejected'] == 0


STAGES = (clustered.NAME, generator.NAME, meta.NAME)


@pytest.mark.parametrize('stage', STAGES[:2])
def test_it_resumes_bit_for_bit(finished, tmp_path, stage, capsys):
  again = interrupted(finished, tmp_path / 'run', stage)
  for later in STAGES[STAGES.index(stage) + 1 :]:
    shutil.rmtree(again / 'checkpoints' / later)
  finish(again)
  assert f'{stage}: going on from step' in capsys.readouterr().out
  assert_same_run(again, finished)


def test_its_generator_serves_other_runs(finished, tmp_path):
  """Which look for no clusters then."""
  lent = {'generator_training.workdir': str(finished), 'latents.alpha': 1.0}
  finish(tmp_path, **lent)
  assert clustered.NAME not in final_states(tmp_path)
  assert generator.NAME not in final_states(tmp_path)
  for field, value in (('clustered.sigma', 0.1), ('trunk.width', 3)):
    with pytest.raises(BadConfig, match=f'was trained with {field}'):
      finish(tmp_path / field, **lent | {field: value})
  own = lasium.build(settings(**lent | {'clustered_training.judge_every': 3}))
  lasium.ready(own, record.Record(tmp_path / 'third', {}))


def test_an_older_run_goes_on_and_lends_its_generator(finished, tmp_path):
  """Its views have the name that those of rounds have."""
  older = interrupted(finished, tmp_path / 'run', meta.NAME)
  config = json.loads((older / 'config.json').read_text())
  config['cluster_views'] = config.pop('clustered_views')
  (older / 'config.json').write_text(json.dumps(config))
  finish(older)
  assert_same_run(older, finished)
  lent = {'generator_training.workdir': str(older)}
  for run in ('n-cola-protonets', 'clustered-n-cola-protonets'):
    own = settings(f'lasium/glyphs.py:{run}', **lent)
    generator.check_borrowed(own)
    own['clustered_views']['rotation'] = 9.0
    with pytest.raises(BadConfig, match=r'with clustered_views\.rotation'):
      generator.check_borrowed(own)


def test_what_found_the_clusters_is_an_embedding(finished):
  """By which images are classified here, and compared in other runs."""
  given = {'quality': {'recognizer': str(finished)}, 'data': settings()['data']}
  found = features.embedding_of(given)
  assert found.name == 'halvings of glyphs, by clusters'
  seen = found.classify(found.params, jnp.ones((3, 16, 16, 1)))
  assert seen.logits.shape == (3, CLUSTERS) and seen.features.shape == (3, 2)
  np.testing.assert_allclose(np.linalg.norm(seen.logits, axis=1), 1, rtol=1e-4)
  saved = final_states(finished)[clustered.NAME]
  name = "[0].network.variables['params']['Dense_0']['kernel']"
  kernel = found.params['network']['params']['Dense_0']['kernel']
  np.testing.assert_array_equal(kernel, saved[name])


def test_generator_and_learner_are_exported(finished, tmp_path):
  export(finished, tmp_path / 'generator', 'generator')
  model = models.load_model(tmp_path / 'generator')
  assert model.card['training']['labels'] is False
  assert model.card['training']['clustered']['rotations'] is False
  made = models.generator(model.card)
  y = jnp.arange(CLUSTERS)
  z = made.sample_class(jax.random.key(0), model.params, y)
  assert np.isfinite(made.decode(model.params, z)).all()
  export(finished, tmp_path / 'learner', 'learner')
  assert models.load_model(tmp_path / 'learner').card['kind'] == 'learner'


def test_the_size_of_a_class_is_explored_within_clusters(finished, monkeypatch):
  monkeypatch.setattr(lasium, 'read', lambda *_: splits())
  monkeypatch.setattr(class_size.class_size, 'TASKS', 2)
  monkeypatch.setattr(class_size.class_size, 'SETTINGS', ())
  page = class_size.explore(finished, None, 0.85).read_text()
  assert 'LASIUM-IC' in page and 'alpha = 0.75' in page


BAD = [
  ({'anchors.name': 'prior'}, "config.anchors.name is 'prior'; it must be 'cl"),
  (
    {'generator.clusters': 4},
    'config.generator.clusters is 4; it must be conf',
  ),
  (
    {'generator.clusters': 41},
    r'clusters is 41, and there are only 40 training',
  ),
  ({'generator.loss': 'vgg'}, 'config.generator.loss'),
  ({'generator.loss': 'vgg16'}, 'these runs are given no weights'),
  (
    {'clustered_training.batch_size': 41},
    'clustered_training.batch_size is 41',
  ),
  ({'clustered.views': 0}, 'config.clustered.views'),
  ({'trunk.name': 'conv4'}, 'config.trunk.name'),
  ({'data.size': 18}, 'divisible by 4'),
  ({'latents.alpha': 1.5}, 'config.latents.alpha'),
]


@pytest.mark.parametrize(('fields', 'said'), BAD)
def test_what_cannot_be_is_refused_before_any_work(fields, said, tmp_path):
  with pytest.raises(ValueError, match=said):
    finish(tmp_path, **fields)
  assert not (tmp_path / 'checkpoints').exists()


def test_views_that_are_none_are_refused():
  own = settings()
  own['clustered_views'] |= {
    'rotation': 0.0,
    'translation': 0.0,
    'scale': 1.0,
    'shear': 0.0,
    'stretch': 1.0,
  }
  with pytest.raises(BadConfig, match='clustered_views leaves images as they'):
    lasium.build(own)


def test_a_generator_that_reads_labels_needs_clusters():
  own = settings()
  sections = ('clustered', 'trunk', 'clustered_views', 'clustered_training')
  for name in sections:
    del own[name]
  with pytest.raises(BadConfig, match='one that is trained without labels'):
    lasium.build(own)
  config = config_of('lasium/glyphs.py:ro-vae-maml')
  config.update_from_flattened_dict(shrink(config, **{'data.size': 16}))
  other = settings_of(config, lasium.system())
  other |= {name: settings()[name] for name in sections}
  with pytest.raises(BadConfig, match='trained with labels, for which'):
    lasium.build(other)


@pytest.mark.parametrize('benchmark', ['glyphs', 'omniglot'])
@pytest.mark.parametrize(
  ('run', 'sampler'),
  [
    ('cola-maml', 'ic'),
    ('cola-protonets', 'ic'),
    ('ic-cola-maml', 'ic'),
    ('ro-cola-maml', 'ro'),
    ('n-cola-protonets', 'n'),
    ('clustered-cola-protonets', 'ic'),
    ('clustered-n-cola-protonets', 'n'),
    ('clustered-ro-cola-protonets', 'ro'),
  ],
)
def test_every_sampler_goes_with_it(benchmark, run, sampler):
  config = config_of(f'lasium/{benchmark}.py:{run}')
  own = settings_of(config, lasium.system())
  assert own['latents']['name'] == sampler
  assert own['anchors']['name'] == 'clusters'
  assert own['latents'].get('relative', True)
  parts = lasium.build(own)
  assert parts.generating.clusters is not None
  assert (parts.clustering is not None) == run.startswith('clustered-')


@pytest.mark.parametrize('run', ['clustered-cola-maml', 'cola', 'vae-maml'])
def test_runs_that_there_are_not(run):
  with pytest.raises(ValueError, match=f"no run '{run}'. .* cola-{{maml,"):
    config_of(f'lasium/glyphs.py:{run}')
