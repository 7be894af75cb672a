"""What a config says reaches what it is about: no setting is left hanging.

Every test here fails if its setting is not handed on, or handed on to another
place.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from whole_program import config_of, results

from experiments.components import data, tasks
from experiments.components.few_shot import as_judged, parts_of
from experiments.run.app import settings_of
from experiments.run.config import flatten
from experiments.run.run import Places
from experiments.stages import meta
from experiments.systems import lasium, lasium_stages
from lasium_jax.data import Dataset, image_set
from lasium_jax.types import GeneratorSource, TrainingSet


def settings(config):
  return settings_of(config, lasium.system())


@pytest.mark.parametrize('run', ['ro-vae-maml', 'umtra-maml'])
def test_queries_alone_are_shifted_and_by_minus_5_to_4(shrunk, splits, run):
  """Of Omniglot's runs, as the released code shifts them (docs/papers.md)."""
  config = shrunk(run, 'omniglot', tasks__queries=40)
  own = settings(config)
  assert own['augment']['shift'] == (-5, 4)
  augment = tasks.augmentation(**own['augment'])
  dots = jnp.zeros((4_000, 16, 16, 1)).at[:, 8, 8].set(1.0)
  moved = np.asarray(augment(jax.random.key(0), dots))[..., 0]
  _, rows, columns = np.nonzero(moved)
  for places in (rows, columns):
    assert set(places - 8) == set(range(-5, 5))

  parts = parts_of(own)
  source = image_set(splits.train)
  if parts.generating:
    data = TrainingSet(source.images)
    trainer = parts.generating.trainer
    params = trainer.params(trainer.init(jax.random.key(0), data))
    source = GeneratorSource(params, source.images)
  still = parts_of({**own, 'augment': {'shift': (0, 0)}})
  key = jax.random.key(1)
  shifted, plain = (
    jax.jit(made.meta.task_fn({}))(key, source) for made in (parts, still)
  )
  np.testing.assert_allclose(shifted.support.x, plain.support.x, atol=1e-6)
  changed = np.abs(shifted.query.x - plain.query.x).max((1, 2, 3)) > 1e-6
  assert changed.mean() > 0.9


def test_supervised_tasks_are_not_shifted():
  own = settings(config_of('lasium/omniglot.py:supervised-maml'))
  assert own['augment']['shift'] == (0, 0)


@pytest.mark.parametrize('clip', [0.0, 1e-3])
def test_outer_gradients_are_clipped_elementwise(clip):
  """By what Adam's first moments are after one step."""
  optimizer = meta._optimizer(1e-3, 'constant', 10, clip)({})
  gradient = {'a': jnp.array([1e-4, -5.0, 0.2])}
  state = optimizer.init(gradient)
  _, state = optimizer.update(gradient, state)
  (moments,) = [
    leaf.mu['a']
    for leaf in jax.tree.leaves(state, is_leaf=lambda leaf: hasattr(leaf, 'mu'))
    if hasattr(leaf, 'mu')
  ]
  expected = np.clip(gradient['a'], -clip, clip) if clip else gradient['a']
  np.testing.assert_allclose(moments, 0.1 * expected, rtol=1e-5)


def test_a_runs_clip_reaches_its_optimizer(shrunk, opened, monkeypatch):
  seen = []
  monkeypatch.setattr(
    meta, '_optimizer', lambda *given: seen.append(given) or _stop()
  )
  run, parts = opened(
    shrunk('supervised-maml', meta__clip=7.0, meta__learning_rate=0.25)
  )
  with pytest.raises(StopIteration):
    lasium.meta_train(run, parts, None)
  assert seen == [(0.25, 'constant', 6, 7.0)]


def _stop():
  raise StopIteration


@pytest.mark.parametrize(
  ('schedule', 'shares'), [('constant', [1, 1, 1]), ('cosine', [1, 0.75, 0.25])]
)
def test_a_swept_rate_is_that_of_the_optimizer(schedule, shares):
  """Adam's step on a constant gradient is as long as its rate."""
  for rate in (0.5, 0.25):
    optimizer = meta._optimizer(1e-3, schedule, 3, 0.0)({'meta_rate': rate})
    gradient = {'a': jnp.ones(3)}
    state = optimizer.init(gradient)
    for share in shares:
      updates, state = optimizer.update(gradient, state)
      np.testing.assert_allclose(updates['a'], -rate * share, rtol=1e-3)


def adaptation(learner, task):
  """How far a learner's parameters go from where they are."""
  params = learner.init(jax.random.key(0), task.support.x)
  adapted = learner.adapt(jax.random.key(1), params, task.support)
  moves = jax.tree.map(
    lambda new, old: float(jnp.abs(new - old).max()), adapted.params, params
  )
  return max(jax.tree.leaves(moves))


@pytest.mark.parametrize(
  ('fields', 'trains', 'judges'),
  [
    # A rate of 0 stands still, and so do no steps.
    ({}, True, True),
    ({'learner__steps': 0}, False, True),
    ({'evaluation_learner__steps': 0}, True, False),
    # The rate of training is that of evaluation unless that has its own.
    ({'learner__learning_rate': 0.0}, False, False),
    ({'evaluation_learner__learning_rate': 0.0}, True, False),
    (
      {
        'learner__learning_rate': 0.0,
        'evaluation_learner__learning_rate': 0.1,
      },
      False,
      True,
    ),
  ],
)
def test_evaluation_has_steps_and_a_rate_of_its_own(
  shrunk, task, fields, trains, judges
):
  config = shrunk(
    'supervised-maml',
    **{'data__size': 16, 'tasks__ways': 3, 'evaluation__ways': 3, **fields},
  )
  parts = parts_of(settings(config))
  assert (adaptation(parts.meta.learner({}), task) > 0) == trains
  assert (adaptation(parts.meta.judged({}), task) > 0) == judges


def test_a_swept_inner_rate_is_that_of_evaluation_too(shrunk, task):
  fields = {'data__size': 16, 'tasks__ways': 3, 'evaluation__ways': 3}
  parts = parts_of(settings(shrunk('supervised-maml', **fields)))
  assert adaptation(parts.meta.judged({'inner_rate': 0.0}), task) == 0
  assert adaptation(parts.meta.judged({'inner_rate': 0.5}), task) > 0


def test_an_evaluation_within_groups_mixes_none(shrunk, opened, splits):
  """All images of a group are equal, and so chance is all that is reached."""
  shades = np.repeat(np.uint8([50, 200]), 32)[:, None, None, None]
  test = splits.test._replace(
    images=np.broadcast_to(shades, splits.test.images.shape).copy(),
    class_names=tuple(f'{name}_{i}' for name in 'ab' for i in range(4)),
  )
  accuracies = []
  for within in (True, False):
    config = shrunk(
      'scratch', evaluation__ways=2, evaluation__within_groups=within
    )
    config.floors.scratch.judge = False
    config.floors.nearest.judge = True
    run, parts = opened(config, f'{within}', splits._replace(test=test))
    lasium.evaluate(run, parts, None)
    (entry,) = results(run.files.workdir)
    assert entry['protocol'].get('within_groups', False) is within
    accuracies.append(entry['value'])
  assert accuracies[0] == 0.5 < accuracies[1]


@pytest.mark.parametrize(
  ('run', 'fields', 'ringed'),
  [
    ('ro-vae-maml', {}, True),
    ('umtra-maml', {}, True),
    ('umtra-maml', {'tasks__augment_support': True}, False),
    ('cactus-vae-protonets', {}, False),
  ],
)
def test_only_anchors_are_ringed(
  shrunk, opened, task, monkeypatch, run, fields, ringed
):
  """A view is none, and what is said of the pictures goes with them."""
  rings = []
  monkeypatch.setattr(
    lasium_stages,
    'keep_task',
    lambda *_, anchors, **more: rings.append(anchors),
  )
  opened_run, parts = opened(shrunk(run, **fields))
  lasium_stages._show_tasks(
    opened_run, parts.settings, lambda key, source: task, None
  )
  assert rings == [False, *[ringed] * 3]
  about = lasium_stages._about(parts.settings['tasks'])
  assert ('in a thick dark ring' in about) == ringed


@pytest.mark.parametrize(
  ('tasks', 'same'), [('umtra', True), ('labeled', False)]
)
def test_rows_of_labeled_tasks_are_not_of_one_image(tasks, same):
  about = lasium_stages._about({'name': tasks, 'augment_support': True})
  assert ('other views of one image' in about) == same


# What a word behind a run changes of what the run has without it.
VARIANTS = {
  'n-vae-maml-paper': {
    'network.downsample': 'max_pool',
    'network.head': 'flatten',
    'latents.sigma': 0.5**0.5,
  },
  'n-msgan-protonets-paper': {
    'network.downsample': 'max_pool',
    'network.head': 'flatten',
    'latents.sigma': 0.5**0.5,
    'learner.distance': 'sum',
  },
  'ro-vae-maml-paper': {
    'network.downsample': 'max_pool',
    'network.head': 'flatten',
  },
  'n-vae-maml-released': {
    'generator.kl_weighting': 'mean',
    'anchors.posterior': 'sample',
    'latents.sigma': 0.0,
    'latents.sigma_max': 2.0,
  },
  'n-vae-protonets-released': {
    'generator.kl_weighting': 'mean',
    'anchors.posterior': 'sample',
    'latents.sigma': 2.0,
  },
  'oc-vae-maml-released': {
    'generator.kl_weighting': 'mean',
    'anchors.posterior': 'sample',
  },
  'ro-msgan-maml-released': {
    'generator.label_noise': 'released',
    'anchors.epsilon': 246.09,
  },
  'supervised-maml-released': {},
  'scratch-paper': {
    'network.downsample': 'max_pool',
    'network.head': 'flatten',
  },
}


@pytest.mark.parametrize('run', VARIANTS)
def test_what_the_papers_text_and_the_released_code_set(run):
  """docs/papers.md has the sources."""
  plain, variant = (
    flatten(settings(config_of(f'lasium/omniglot.py:{name}')))
    for name in (run.rpartition('-')[0], run)
  )
  changed = {
    field: value
    for field, value in variant.items()
    if field != 'name' and plain[field] != value
  }
  assert changed == pytest.approx(VARIANTS[run])


@pytest.mark.parametrize(
  ('run', 'anchors', 'relative'),
  [
    ('n-interpolative-maml', 'encoded', True),
    ('oc-autoencoder-protonets', 'encoded', True),
    ('n-vae-maml', 'encoded', False),
    ('oc-msgan-maml', 'prior', False),
    ('ro-interpolative-maml', 'encoded', None),
  ],
)
def test_noise_is_relative_where_there_is_no_prior(run, anchors, relative):
  for benchmark in ('omniglot', 'glyphs', 'folder'):
    own = config_of(f'lasium/{benchmark}.py:{run}')
    assert own.latents.get('relative') is relative
    assert own.anchors.name == anchors


def test_the_papers_network_has_64_filters_at_any_size():
  config = config_of('lasium/folder.py:ro-vae-maml-paper')
  config.data.update(path='x', size=84)
  network = settings(config)['network']
  assert network['filters'] == 64
  assert network['downsample'] == 'max_pool'
  plain = config_of('lasium/folder.py:ro-vae-maml')
  plain.data.size = 84
  assert settings(plain)['network']['filters'] == 32


def test_vinyals_division_is_of_both_parts_of_omniglot(monkeypatch):
  """964 background characters and 659 others, of an image each."""

  def read(places, dataset, split, **form):
    number = {'train': 964, 'test': 659}[split]
    names = tuple(f'{split}_{i}' for i in range(number))
    images = np.zeros((number, 2, 2, 1), np.uint8)
    return Dataset(images, np.arange(number, dtype=np.int32), names)

  monkeypatch.setattr(data, 'read_prepared', read)
  own = {'split': 'vinyals', 'validation_classes': 172}
  result = data.tfds(Places(), dataset='omniglot', **own)
  assert [len(d.class_names) for d in result] == [1_028, 172, 423]
  assert set(result.test.class_names) == {f'test_{i}' for i in range(236, 659)}


def test_prepared_images_are_stretched_and_cut(monkeypatch):
  """Each by its own extremes; 0 leaves them gray."""
  images = np.zeros((1_002, 2, 2, 1), np.uint8)
  images[:, 1] = [[[60], [140]]] * 1_002
  # From 100 to 200 the cut at 0.5 is at 150, from 0 to 140 at 70.
  images[-1, ..., 0] = [[100, 149], [151, 200]]

  def read(places, dataset, split, **form):
    labels = np.arange(501, dtype=np.int32)
    names = tuple(f'{split}{i}' for i in labels)
    half = images[:501] if split == 'test' else images[501:]
    return Dataset(half, labels, names)

  monkeypatch.setattr(data, 'read_prepared', read)
  numbers = {'train_classes': 1_000, 'validation_classes': 1, 'test_classes': 1}

  def read_by_name(**form):
    return {
      name: image
      for part in data.tfds(Places(), **numbers, **form)
      for name, image in zip(
        part.class_names, part.images[..., 0].tolist(), strict=True
      )
    }

  black_and_white = read_by_name(threshold=0.5)
  assert len(black_and_white) == 1_002
  assert black_and_white['test0'] == [[0, 0], [0, 255]]
  assert black_and_white['train500'] == [[0, 0], [255, 255]]
  assert read_by_name(threshold=0.4)['test0'] == [[0, 0], [255, 255]]
  assert read_by_name()['train500'] == [[100, 149], [151, 200]]


PHOTOGRAPHS = ('umtra-protonets', 'clustered-protonets', 'ro-vae-maml')


@pytest.mark.parametrize('run', PHOTOGRAPHS)
def test_photographs_have_one_recipe(run):
  """Wherever they are from; and CIFAR's are of the size that folders have."""
  cifar, folder = (
    config_of(f'lasium/{name}.py:{run}').to_dict()
    for name in ('cifar_fs', 'folder')
  )
  for field in ('size', 'channels', 'invert'):
    assert cifar['data'][field] == folder['data'][field]
  assert (cifar['data']['split'], folder['data']['name']) == (
    'cifar_fs',
    'folder',
  )
  own = ('data', 'file', 'evaluation')
  assert {k: v for k, v in cifar.items() if k not in own} == {
    k: v for k, v in folder.items() if k not in own
  }


def test_photographs_are_seen_anew_and_nothing_is_chosen_by_labels():
  config = config_of('lasium/folder.py')
  config.data.path = 'PHOTOS'
  assert config.name == 'umtra-protonets'
  own = settings(config)
  assert own['augment']['views'] and own['augment']['shift'] == (0, 0)
  assert own['meta']['validate_every'] == 0
  parts = lasium.build(own).meta
  assert as_judged(own)['tune_network'] and as_judged(own)['head_steps'] == 50
  assert as_judged(own)['head_views']
  assert {other.name: other.note for other in parts.others} == {
    'prototypes': 'its prototypes, without the head',
    'prototypes-inductive': (
      'its prototypes, without the head; each query by itself'
    ),
    'inductive': (
      'each query by itself; all weights, 50 steps on views from prototypes'
    ),
  }
  config.evaluation_learner.head_steps = 0
  parts = lasium.build(settings(config)).meta
  assert [other.name for other in parts.others] == ['inductive']
  papers = settings(config_of('lasium/folder.py:umtra-protonets-paper'))
  assert papers['tasks']['ways'] == 5
  assert papers['network']['filters'] == 64
