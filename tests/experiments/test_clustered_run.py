"""Rounds of clustering, from the real config, shrunk."""

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
  go_through,
  interrupted,
  metrics,
  random_splits,
  results,
  shrink,
)

from experiments.components.clustering import finder
from experiments.run import record, streams
from experiments.run.app import settings_of
from experiments.run.config import BadConfig
from experiments.run.run import open_run
from experiments.stages import clustered, found_clusters, rounds
from experiments.systems import lasium, lasium_stages, learned
from experiments.systems.exports import export
from lasium_jax import clustering, models
from lasium_jax.data import Dataset
from lasium_jax.nets import conv4
from lasium_jax.ops import xla_convolutions
from lasium_jax.tasks import cluster_set

CLASSES, EACH = 9, 8
SMALL = {
  'data.size': 16,
  'network.filters': 16,
  'network.last_filters': 24,
  'meta.batch': 1,
  'tasks.ways': 6,
  'rounds.number': 2,
  'rounds.iterations': 6,
  'rounds.steps_per_dispatch': 2,
  'cluster_tasks.ways': 4,
  'clustering.neighbors': 6,
  'clustering.most': 12,
  'clustering.views': 2,
}
WARM_UPS = ('', 'ro-vae-', 'n-interpolative-', 'cola-', 'ro-cola-')


def drawings(seed):
  """Noisy copies of coarse random images, which any network tells apart."""
  rng = np.random.default_rng(seed)
  centers = rng.integers(256, size=(CLASSES, 1, 4, 4, 1))
  centers = centers.repeat(4, axis=2).repeat(4, axis=3)
  noise = rng.normal(scale=6, size=(CLASSES, EACH, 16, 16, 1))
  images = np.clip(centers + noise, 0, 255).astype(np.uint8)
  return Dataset(
    images.reshape(-1, 16, 16, 1),
    np.repeat(np.arange(CLASSES, dtype=np.int32), EACH),
    tuple(map(str, range(CLASSES))),
  )


def settings(run='clustered-protonets', **fields):
  config = config_of(f'lasium/glyphs.py:{run}')
  small = shrink(config, **SMALL | fields)
  config.update_from_flattened_dict(small)
  return settings_of(config, lasium.system())


def finish(workdir, images=None, **fields):
  """Goes through all stages in this process."""
  splits = random_splits(16)._replace(train=images or drawings(0))
  return go_through(workdir, settings(**fields), splits)


@pytest.fixture(scope='module')
def finished(tmp_path_factory):
  workdir = tmp_path_factory.mktemp('clustered')
  return workdir, *finish(workdir)


@pytest.mark.parametrize('file', ['omniglot', 'glyphs', 'cifar_fs', 'folder'])
@pytest.mark.parametrize('warm_up', WARM_UPS)
def test_no_label_chooses_parameters(file, warm_up):
  config = config_of(f'lasium/{file}.py:clustered-{warm_up}protonets')
  assert config.meta.validate_every == 0


@pytest.mark.parametrize('warm_up', WARM_UPS)
def test_photographs_have_one_network_whatever_the_warm_up(warm_up):
  config = config_of(f'lasium/folder.py:clustered-{warm_up}protonets')
  config.data.path, config.data.channels = 'x', 1
  own = settings_of(config, lasium.system())
  lasium.build(own)
  assert own['network']['downsample'] == 'max_pool'
  assert own['network']['filters'] == 32
  assert own['augment']['views']  # Gray ones are seen anew in rounds too.


def test_each_round_finds_clusters_and_learns_from_them(finished):
  workdir, run, _ = finished
  entries = [m for m in metrics(workdir) if m['stage'] == rounds.NAME]
  assert [entry['step'] for entry in entries] == [2, 4, 6, 8, 10, 12]
  begun = [entry for entry in entries if 'clusters' in entry]
  assert [entry['step'] for entry in begun] == [2, 8]
  for entry in begun:
    assert 4 <= entry['clusters'] <= CLASSES
    assert 6 <= entry['images'] <= 12
    within = entry['clusters'] * entry['images']
    assert entry['covered'] == pytest.approx(within / (CLASSES * EACH))
    assert 0.8 < entry['purity'] <= 1
  judged = [
    (r['name'], r['protocol']['normalization']) for r in results(workdir)
  ]
  assert judged[:2] == [
    ('clustered-protonets', 'transductive'),
    ('clustered-protonets-inductive', 'inductive'),
  ]
  assert {r['steps'] for r in results(workdir)[:2]} == {6 + 2 * 6}
  assert run.files.sample('clusters_001').exists()
  assert run.files.sample('clusters_002').exists()
  page = (workdir / 'report.html').read_text()
  assert 'Clusters of round 2' in page and 'looked at' in page
  curves = page[page.index('Rounds of clustering') :]
  for name in ('clusters', 'images', 'covered', 'purity'):
    assert f'{name}, at last ' in curves


def test_a_run_that_stopped_within_a_round_ends_as_if_nothing_had_been(
  finished, tmp_path
):
  workdir, *_ = finished
  place = interrupted(workdir, tmp_path / 'again', rounds.NAME)
  finish(place)
  assert_same_run(place, workdir)


def test_the_last_round_is_what_is_exported(finished, tmp_path):
  workdir, run, parts = finished
  export(workdir, tmp_path / 'model', 'learner')
  model = models.load_model(tmp_path / 'model')
  learned = lasium.learned.left_behind(parts, run.members, run.files)
  for ours, theirs in zip(
    jax.tree.leaves(model.params), jax.tree.leaves(learned.params), strict=True
  ):
    np.testing.assert_array_equal(ours, theirs[0])
  assert model.card['architecture']['ways'] == 6
  training = model.card['training']
  assert training['clustering']['neighbors'] == 6
  assert training['rounds']['number'] == settings()['rounds']['number']


@pytest.mark.parametrize(('steps', 'programs'), [(1, 2), (2, 0)])
def test_single_steps_are_compiled_for_fast_convolutions(
  steps, programs, monkeypatch, tmp_path
):
  """Those of the warm-up and those of the rounds."""
  compiled = []

  def compile_program(function, **options):
    compiled.append(function)
    return jax.jit(function, **options)

  monkeypatch.setattr(xla_convolutions, 'jit', compile_program)
  sections = 'meta.steps_per_dispatch', 'rounds.steps_per_dispatch'
  fields = {'meta.iterations': 2, 'rounds.number': 1, 'rounds.iterations': 2}
  finish(tmp_path, **fields | dict.fromkeys(sections, steps))
  assert len(compiled) == programs


@pytest.mark.parametrize(
  ('batches', 'cores'), [((4, 1), 1), ((1, 2), 1), ((4, 2), 2), ((6, 3), 3)]
)
def test_meta_training_has_cores_that_suit_its_rounds(batches, cores, tmp_path):
  fields = dict(zip(('meta.batch', 'rounds.batch'), batches, strict=True))
  own = settings(**fields)
  run = open_run(own, record.open_record(tmp_path, own), random_splits(16))
  assert (run.task_mesh.size if run.task_mesh else 1) == cores


def test_each_member_learns_from_clusters_of_its_own(tmp_path):
  own = settings(seeds=2, **{'rounds.number': 1, 'rounds.iterations': 2})
  parts = lasium.build(own)
  splits = random_splits(16)._replace(train=drawings(0))
  run = open_run(own, record.open_record(tmp_path, own), splits)
  given = lasium_stages.clustered_learning(run, parts.clustering)
  keys = jax.random.split(jax.random.key(0))
  params = jax.vmap(parts.meta.learner({}).init, in_axes=(0, None))(
    keys, jnp.zeros((1, 16, 16, 1))
  )
  seen = []

  def find(key, params):
    """The first member sees the first four classes, the second the rest."""
    seen.append((key, params))
    first = CLASSES - 4 if len(seen) > 1 else 0
    labels = given.classes - first
    labels = np.where((labels < 0) | (labels > 3), -1, labels)
    return cluster_set(given.images, labels, least=6)

  learning = given._replace(find=find)
  trained = rounds.train(run, learning, params, **own['rounds'])
  assert len(seen) == 2
  for i, (key, theirs) in enumerate(seen):
    expected = streams.stream(own['seed'] + i, streams.CLUSTER_VIEWS)
    assert (jax.random.key_data(key) == jax.random.key_data(expected)).all()
    for leaf, ours in zip(
      jax.tree.leaves(theirs), jax.tree.leaves(params), strict=True
    ):
      np.testing.assert_array_equal(leaf, ours[i])
  moved = jax.tree.map(lambda new, old: np.abs(new - old), trained, params)
  kernels = [leaf for leaf in jax.tree.leaves(moved) if leaf.ndim > 2]
  assert all((leaf > 0).any() for kernel in kernels for leaf in kernel)


@pytest.mark.parametrize(('turned', 'width'), [(False, 5), (True, 20)])
def test_clusters_are_found_by_what_is_seen_of_turns(
  turned, width, monkeypatch
):
  images, seen = drawings(0).images, []
  similarity = clustering.reciprocal_similarity
  monkeypatch.setattr(
    clustering,
    'reciprocal_similarity',
    lambda x, *args, **options: (
      seen.append(x) or similarity(x, *args, **options)
    ),
  )
  network, key = conv4(None, filters=5), jax.random.key(0)
  find = finder(
    network, None, 2, '', neighbors=6, most=12, turned_features=turned
  )
  params = network.init(key, jnp.zeros((1, 16, 16, 1)))
  find(key, params, jnp.asarray(images))
  assert seen[0].shape == (len(images), width)


def test_purity_counts_the_most_frequent_class_of_each_cluster():
  images = np.zeros((8, 2, 2, 1), np.uint8)
  found = cluster_set(images, np.array([0, 1, 0, -1, 0, 1, 1, 1]), least=3)
  classes = np.array([5, 3, 5, 7, 3, 3, 3, 5])
  assert found_clusters.purity(found, classes) == pytest.approx((2 + 3) / 7)
  described = found_clusters.describe([found], None)
  assert {name: float(value[0]) for name, value in described.items()} == {
    'clusters': 2,
    'images': 3.5,
    'covered': 7 / 8,
  }


@pytest.mark.parametrize(
  ('fields', 'words'),
  [
    ({'clustering.least': 5}, 'config.clustering.least'),
    ({'clustering.expansion': 8}, 'config.clustering.expansion'),
    ({'clustering.neighbors': 72}, 'less than the 72 training images'),
    ({'device_bytes': 6 * 16 * 16}, 'the 6 training images that .* of 72'),
    ({'cluster_tasks.ways': 13}, 'at most 12: a cluster has'),
    ({'clustering.views': 0}, 'config.clustering.views'),
    (
      {'cluster_views.shift': (1, 0)},
      r'config\.cluster_views: shift is \(1, 0\)',
    ),
    (
      {'meta.workdir': 'one', 'rounds.workdir': 'other'},
      "config.rounds.workdir is 'other'; it must be ''",
    ),
    ({'rounds.batch': 0}, 'config.rounds.batch'),
    ({'cluster_tasks.ways': 1}, 'config.cluster_tasks.ways'),
  ],
)
def test_what_cannot_be_is_refused_before_any_work(fields, words, tmp_path):
  with pytest.raises((BadConfig, ValueError), match=words):
    finish(tmp_path, **fields)
  assert not (tmp_path / 'checkpoints').exists()


@pytest.fixture
def lender(finished):
  """The finished run, as a door would leave it."""
  workdir, _, _ = finished
  record.write_json(workdir / 'data.json', {})
  return workdir


def test_rounds_begin_with_the_warm_up_of_another_run(lender, tmp_path):
  """Whatever becomes of that run's own rounds."""
  lent = {'rounds.workdir': str(lender), 'rounds.number': 1}
  finish(tmp_path, **lent)

  def first_round(workdir):
    entries = metrics(workdir)
    return [
      {k: v for k, v in entry.items() if k != 'seconds'}
      for entry in entries
      if entry['stage'] == rounds.NAME and entry['step'] <= 6
    ]

  assert first_round(tmp_path) == first_round(lender)
  assert not any(entry['stage'] == 'meta_train' for entry in metrics(tmp_path))
  assert results(tmp_path)[0]['steps'] == 6 + 6


def test_a_warm_up_is_judged_without_rounds(lender, tmp_path):
  """By its last parameters, in a run of no rounds that borrows it."""
  lent = {'rounds.workdir': str(lender), 'rounds.number': 0}
  run, parts = finish(tmp_path, **lent)
  begun = final_states(lender)['meta_train']
  learned_ = learned.left_behind(parts, run.members, run.files).params
  for path, leaf in jax.tree_util.tree_leaves_with_path(learned_):
    name = jax.tree_util.keystr(path)
    saved = [v for k, v in begun.items() if k.endswith(f'best{name}')]
    np.testing.assert_array_equal(leaf, saved[0], name)
  assert results(tmp_path)[0]['steps'] == 6
  stages = {entry['stage'] for entry in metrics(tmp_path)}
  assert not stages & {'meta_train', rounds.NAME}
  page = (tmp_path / 'report.html').read_text()
  assert 'Accuracy' in page and 'Clusters of round' not in page
  run.files.keep_data(run.splits)
  card = models.load_model(export(tmp_path, tmp_path / 'model')).card
  assert card['kind'] == 'learner'


@pytest.mark.parametrize(
  ('fields', 'words'),
  [
    ({'tasks.ways': 5}, 'tasks.ways: 6 there, 5 here'),
    ({'rounds.workdir': 'no_run'}, 'rounds.workdir: no_run is not'),
    ({'meta.iterations': 8}, 'meta.iterations: 6 there, 8 here'),
  ],
)
def test_another_warm_up_is_not_taken(lender, fields, words):
  own = settings(**{'rounds.workdir': str(lender)} | fields)
  with pytest.raises(BadConfig, match=words):
    learned.check_borrowed(own)


def test_a_warm_up_that_is_not_finished_is_not_taken(lender, tmp_path):
  for name in ('config.json', 'data.json'):
    shutil.copy(lender / name, tmp_path)
  with pytest.raises(FileNotFoundError, match='0 of 6 steps'):
    learned.check_borrowed(settings(**{'rounds.workdir': str(tmp_path)}))


def test_learners_with_logits_have_no_clusters():
  for run in ('scratch', 'maml', 'supervised-protonets'):
    with pytest.raises(ValueError, match='has no run'):
      config_of(f'lasium/glyphs.py:clustered-{run}')


# What has tests of its own is left out.
ONCE = {
  'rounds.number': 1,
  'also_judged.inductive': False,
  'also_judged.refine_steps': 0,
  'floors.scratch.judge': False,
}


def test_a_generator_s_tasks_may_be_the_warm_up(tmp_path):
  """Rounds begin with what these have taught."""
  small = {'generator.filters': (4, 4)} | ONCE
  finish(tmp_path, run='clustered-ro-vae-protonets', **small)
  stages = list(dict.fromkeys(m['stage'] for m in metrics(tmp_path)))
  assert stages[:3] == ['train_generator', 'meta_train', rounds.NAME]
  assert results(tmp_path)[0]['steps'] == 6 + 6


ON_COLA = ONCE | {
  'generator.clusters': CLASSES,
  'generator.levels': 2,
  'generator_training.steps': 4,
  'trunk.width': 2,
  'clustered_training.steps': 4,
  'clustered_training.batch_size': 12,
  'clustered_training.judge_every': 4,
}


def test_cola_s_clusters_may_be_the_warm_up(tmp_path, monkeypatch):
  """They are not those of the rounds, and have views of their own."""
  monkeypatch.setattr(lasium_stages, 'rejections', lambda *_: 0)
  run = 'clustered-cola-protonets'
  lender = tmp_path / 'run'
  finish(lender, run=run, **ON_COLA)
  stages = list(dict.fromkeys(m['stage'] for m in metrics(lender)))
  trained = [clustered.NAME, 'train_generator', 'meta_train', rounds.NAME]
  assert stages[:4] == trained
  targets = final_states(lender)[clustered.NAME]['[0].targets']
  assert targets.shape == (CLASSES * EACH, CLASSES)
  names = [entry['name'] for entry in results(lender)]
  floors = [f'cluster-{name}' for name in ('features', 'probe', 'neighbors')]
  assert names == [run, *floors]
  page = (lender / 'report.html').read_text()
  assert 'Clusters of round 1' in page and 'One cluster a row.' in page
  # Another run begins with its warm-up, and compares images by other views.
  record.write_json(lender / 'data.json', {})
  lent = ON_COLA | {'rounds.workdir': str(lender), 'rounds.number': 0}
  learned.check_borrowed(settings(run, **lent, **{'cluster_views.scale': 1.1}))
  other = settings(run, **lent, **{'clustered_views.scale': 1.1})
  with pytest.raises(BadConfig, match=r'clustered_views\.scale: 1\.2 there'):
    learned.check_borrowed(other)
  finish(tmp_path / 'judged', run=run, **lent)
  assert [e['name'] for e in results(tmp_path / 'judged')] == [run]


@pytest.mark.parametrize(
  ('fields', 'words'),
  [
    ({'clustering.links': 40}, 'All vanish'),
    ({'cluster_tasks.ways': 10}, r'config\.cluster_tasks\.ways is 10'),
  ],
)
def test_too_few_clusters_say_what_to_change(fields, words, tmp_path):
  """The learner that was trained before is kept."""
  with pytest.raises(BadConfig, match=f'{words}.*name this workdir.*anew'):
    finish(tmp_path, **fields)
  saved = tmp_path / 'checkpoints/meta_train'
  assert json.loads(next(saved.glob('*/manifest.json')).read_text())


def test_rounds_that_change_nothing_are_refused():
  nothing = {'rotation': 0.0, 'translation': 0.0, 'scale': 1.0}
  nothing |= {'shear': 0.0, 'stretch': 1.0}
  own = {f'augment.{name}': value for name, value in nothing.items()}
  run = 'clustered-ro-vae-protonets'
  with pytest.raises(BadConfig, match=r'augment_support is True.*False where'):
    lasium.build(settings(run, **own))
  lasium.build(settings(run, **own, **{'cluster_tasks.augment_support': False}))


def test_another_run_s_meta_training_serves_again():
  own = settings(**{'rounds.workdir': 'lent', 'clustering.links': 40})
  parts = lasium.build(own)
  params = parts.meta.learner({}).init(
    jax.random.key(0), jnp.zeros((1, 16, 16, 1))
  )
  with pytest.raises(BadConfig, match=r'All vanish.*training of lent serves'):
    parts.clustering.find(jax.random.key(1), params, drawings(0).images)


def test_images_of_one_color_are_refused_before_the_warm_up(tmp_path):
  images = drawings(0)
  plain = np.broadcast_to(images.images[:, :1, :1], images.images.shape)
  with pytest.raises(BadConfig, match='72 training images is of one color'):
    finish(tmp_path, images._replace(images=plain))
  assert not (tmp_path / 'checkpoints').exists()
