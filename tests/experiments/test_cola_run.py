"""Classifiers of very small samples, from COLA's real configs, shrunk."""

import functools
import json
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import whole_program
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

from experiments.components import measures
from experiments.components.small_sample import small_sample
from experiments.run.config import BadConfig, flatten
from experiments.run.run import Places
from experiments.stages import generator
from experiments.stages.distances import TO_TRAINING
from experiments.systems import cola
from experiments.systems.exports import export
from lasium_jax import batches, models
from lasium_jax.data import Dataset
from lasium_jax.models.build import make_classifier
from lasium_jax.ops.trivial_augment import trivial_augment
from lasium_jax.settings import Part
from lasium_jax.types import TrainingSet

GLYPHS = 'cola/glyphs.py'
CLASSES, SHOTS, BATCH = 3, 2, 8
SMALL = {
  'small_sample__classes': CLASSES,
  'small_sample__shots': SHOTS,
  'generator__clusters': CLASSES,
  'generator_training__steps': 4,
  'training__steps': 3,
  'training__batch_size': BATCH,
  'training__test_every': 3,
  'quality__images': 12,
  'classifier__name': 'infogan',  # It compiles in a tenth of the time.
  'classifier__width': 2,
  'seeds': 2,
}
CAS = 'classification accuracy score'
ON_MADE = ('scola', 'accuracy on made images (CAS-Test)')
DRAWN = 12


@pytest.fixture(scope='module')
def run(program):
  workdir = program.base / 'cola'
  command = program.command('cola', workdir, GLYPHS, **SMALL)
  return workdir, program.run(command)


def test_one_command_leaves_three_accuracies(run):
  workdir, printed = run
  found = results(workdir)[:12]
  kinds = [('scola', 'accuracy'), ('real', 'accuracy'), ON_MADE, ('scola', CAS)]
  assert [(e['name'], e['metric']) for e in found[::3]] == kinds
  for *entries, mean in (found[i : i + 3] for i in range(0, 12, 3)):
    assert [entry['member'] for entry in entries] == [{'seed': 0}, {'seed': 1}]
    assert (mean['n'], mean['of'], mean['steps']) == (2, 'runs', 3)
    own = [entry['value'] for entry in entries]
    assert mean['value'] == pytest.approx(np.mean(own))
    protocol = {'classes': CLASSES, 'images a class': SHOTS, 'sample': 0}
    for entry in (*entries, mean):
      assert entry['protocol'] == protocol
    # The 18 other drawings of each character are the test.
    drawn = (entries[0]['name'], entries[0]['metric']) == ON_MADE
    n = DRAWN if drawn else CLASSES * (20 - SHOTS)
    assert {entry['n'] for entry in entries} == {n}
  page = (workdir / 'report.html').read_text()
  for words in ('Images of each class', CAS, 'the real images alone', '<img'):
    assert words in page
  assert (workdir / 'samples/class_samples.png').exists()
  assert f'Report: {workdir}' in printed


def test_three_classifiers_learn_from_others(run):
  """In as many steps; test_cola_classifiers.py has what each is shown."""
  workdir, _ = run
  by_stage = {}
  for line in metrics(workdir):
    by_stage.setdefault(line['stage'], []).append(line)
  parts = [f'train_classifier_{part}' for part in ('mixed', 'real', 'made')]
  assert [len(by_stage[part]) for part in parts] == [3] * 3
  losses = {by_stage[part][0]['loss'] for part in parts}
  assert len(losses) == 3
  last = [by_stage[part][-1]['test_accuracy'] for part in parts]
  means = [results(workdir)[i]['value'] for i in (2, 5, 11)]
  assert last == pytest.approx(means, abs=1e-6)


def test_made_images_are_compared_with_real_ones(run):
  """Without a recognizer, with what they could be copies of."""
  own, real = results(run[0])[12:]
  assert own['metric'] == real['metric'] == TO_TRAINING
  assert (own['name'], own['n'], own['steps']) == ('scola', DRAWN, 4)
  assert real['floor'] and real['n'] == DRAWN
  for entry in (own, real):
    protocol = {'images a class': SHOTS, 'sample': 0, 'others': 6}
    assert entry['protocol'] == protocol and entry['value'] > 0


def test_codes_are_on_their_spheres_and_of_their_classes(run):
  workdir, _ = run
  state = final_states(workdir)['train_generator']
  codes, clusters = state['[0].codes'], state['[0].clusters']
  np.testing.assert_array_equal(clusters, np.repeat(np.arange(CLASSES), SHOTS))
  t, v = np.split(codes, [CLASSES], axis=1)
  for part in (t, v):
    np.testing.assert_allclose(np.linalg.norm(part, axis=1), 1, rtol=1e-5)


def test_it_resumes_bit_for_bit(program, run, tmp_path):
  workdir, _ = run
  again = interrupted(workdir, tmp_path / 'run', 'train_classifier_real')
  command = program.command('cola', again, GLYPHS, **SMALL)
  assert 'train_classifier_real: going on from step 2' in program.run(command)
  assert_same_run(again, workdir)


@pytest.mark.parametrize('kind', ['generator', 'classifier'])
def test_it_is_exported(run, tmp_path, kind):
  workdir, _ = run
  model = models.load_model(export(workdir, tmp_path / 'model', kind))
  training = model.card['training']
  assert training['small_sample']['shots'] == SHOTS
  assert training['labels'] is True
  if kind == 'generator':
    generator = models.generator(model.card)
    y = jnp.arange(CLASSES)
    z = generator.sample_class(jax.random.key(0), model.params, y)
    x = generator.decode(model.params, z)
    assert x.shape == (CLASSES, 28, 28, 1) and np.isfinite(x).all()
    return
  (entry,) = model.card['accuracy']
  assert (entry['name'], entry['metric']) == ('scola', 'accuracy')
  trained = final_states(workdir)['train_classifier_mixed']
  for path, leaf in jax.tree_util.tree_leaves_with_path(model.params['params']):
    name = f"[0].variables['params']{jax.tree_util.keystr(path)}"
    np.testing.assert_array_equal(leaf, trained[name])


RUNS = [
  f'cola/{path.name}:{run}'
  for path in sorted((ROOT / 'configs/cola').glob('[a-z]*.py'))
  for run in (
    *('scola', 'glo', 'cgan-pd', 'scola-strong', 'cgan-pd-onecycle'),
    *('cola', 'glo-unlabeled'),
  )
]


def settings_with(path=GLYPHS, **fields):
  return whole_program.settings_with(cola.system(), path, **fields)


@pytest.mark.parametrize('path', RUNS)
def test_every_run_can_work_and_draws_each_class(path):
  settings = settings_with(path)
  parts = cola.build(settings)
  json.dumps(settings)
  assert parts.model.sample_class is not None
  assert settings['generator_training']['steps'] >= 1


@pytest.mark.parametrize('run', ['zz', 'scola-', 'scola-strong-resnet32'])
def test_a_run_that_is_not_there(run):
  with pytest.raises(ValueError, match=f"no run '{run}'. It has scola, glo"):
    config_of(f'{GLYPHS}:{run}')


NETWORKS = {
  'scola': ('resnet20', {}),
  'glo-resnet32': ('resnet32', {}),
  'scola-wrn-16-8': ('wide_resnet', {'depth': 16, 'width': 8}),
  'cgan-pd-wrn-28-10': ('wide_resnet', {'depth': 28, 'width': 10}),
  'scola-wrn-16-2-strong': ('wide_resnet', {'depth': 16, 'width': 2}),
  'scola-strong': ('wide_resnet', {'depth': 16, 'width': 8}),
  'scola-resnet20-strong': ('resnet20', {'width': 16}),
}


@pytest.mark.parametrize('run', NETWORKS)
def test_a_run_says_its_network(run):
  name, fields = NETWORKS[run]
  section = settings_with(f'cola/cifar10.py:{run}')['classifier']
  assert section['name'] == name and section.items() >= fields.items()


# As docs/cola.md has them, in millions, of ten classes.
PARAMETERS = {
  'resnet20': 0.27,
  'resnet32': 0.46,
  'wrn-16-2': 0.69,
  'wrn-16-8': 10.96,
  'wrn-28-10': 36.48,
}


@pytest.mark.parametrize('network', PARAMETERS)
def test_networks_have_the_numbers_of_parameters_of_the_documents(network):
  section = settings_with(f'cola/cifar10.py:scola-{network}')['classifier']
  _, trainer = make_classifier(section, 10, (32, 32, 3), optax.sgd(0.1))
  data = TrainingSet(jnp.zeros((1, 32, 32, 3), jnp.uint8), jnp.zeros(1, int))

  def made(key):
    return trainer.params(trainer.init(key, data))['params']

  shapes = jax.eval_shape(made, jax.random.key(0))
  count = sum(leaf.size for leaf in jax.tree.leaves(shapes)) / 1e6
  assert count == pytest.approx(PARAMETERS[network], abs=0.005)


def test_the_paper_has_two_schedules():
  """Appendix B.3: ResNet-20's of 180 epochs, and WRN-16-8's of 200."""
  plain, wide = (
    settings_with(f'cola/cifar10.py:scola{end}')['optimizer']
    for end in ('', '-wrn-16-8')
  )
  epochs = [round(180 * share) for share in plain['decay_at']]
  assert (epochs, plain['decay_by']) == ([30, 60, 90, 120, 150], 0.5)
  epochs = [round(200 * share) for share in wide['decay_at']]
  assert (epochs, wide['decay_by']) == ([60, 120, 180], 0.2)


VIEWS = {'augment.edges': 'reflect', 'augment.trivial_augment': True}
# What a recipe changes of the paper's; docs/cola.md has the sources.
RECIPES = {
  'strong': {
    **VIEWS,
    'optimizer.schedule': 'cosine',
    'optimizer.learning_rate': 4.55e-3,
    'optimizer.weight_decay': 5.3e-3,
    'training.steps': 25_000,
    'training.batch_size': 10,
  },
  'onecycle': {
    **VIEWS,
    'optimizer.schedule': 'cosine',
    'optimizer.warmup_steps': 2_340,
  },
}


@pytest.mark.parametrize('recipe', RECIPES)
def test_what_a_recipe_changes(recipe):
  plain, other = (
    flatten(settings_with(f'cola/cifar10.py:scola-wrn-16-8{end}'))
    for end in ('', f'-{recipe}')
  )
  changed = {
    field: value
    for field, value in other.items()
    if field != 'name' and plain[field] != value
  }
  assert changed == RECIPES[recipe]


def test_a_strong_run_has_real_images_beside_mixed_ones(program):
  """By its own views and batches, in as many steps."""
  workdir = program.base / 'strong'
  path = f'{GLYPHS}:scola-resnet20-strong'
  small = {**SMALL, 'seeds': 1, 'training__batch_size': 10}
  small['batches__made'] = 4
  program.run(program.command('cola', workdir, path, **small))
  found = results(workdir)
  names = [(entry['name'], entry['steps']) for entry in found[:2]]
  assert names == [('scola-resnet20-strong', 3), ('real', 3)]
  augment = json.loads((workdir / 'config.json').read_text())['augment']
  assert augment['trivial_augment'] and augment['edges'] == 'reflect'
  # What learned of made images had four of each class in all.
  told = [entry['protocol'].get('made images a class') for entry in found[:4]]
  assert told == [4, None, None, 4]


@pytest.mark.parametrize(
  ('shots', 'batch', 'steps'),
  [
    *((1, 16, 500), (5, 16, 1_500), (20, 16, 6_000), (50, 32, 7_500)),
    *((100, 64, 7_500),),
    (1_000, 128, 39_000),
  ],
)
def test_the_generator_has_500_epochs_whatever_the_sample(shots, batch, steps):
  """Of eight batches or some more, or of fewer that are not too small."""
  settings = settings_with('cola/cifar10.py', small_sample__shots=shots)
  how = settings['generator_training']
  assert (how['batch_size'], how['steps']) == (batch, steps)
  given = settings_with('cola/cifar10.py', generator_training__steps=7)
  assert given['generator_training']['steps'] == 7


def test_a_generator_that_is_older_than_the_ridge_may_be_borrowed(tmp_path):
  """It has none; what is wrong here is only that it was never trained."""
  own = settings_with('cola/cifar10.py')
  older = json.loads(json.dumps(own))
  del older['generator']['ridge']
  (tmp_path / 'config.json').write_text(json.dumps(older))
  (tmp_path / 'data.json').write_text('{}')
  own['generator_training']['workdir'] = str(tmp_path)
  with pytest.raises(FileNotFoundError):
    generator.check_borrowed(own)
  own['generator']['ridge'] = 0.1
  with pytest.raises(ValueError, match=r'ridge = 0.0, and this .* 0.1'):
    generator.check_borrowed(own)


@pytest.mark.parametrize(
  ('own', 'other', 'said'),
  [
    ('scola', 'cola', 'found without labels.* trained on the classes'),
    ('cola', 'scola', 'was trained with clustered'),
  ],
)
def test_clusters_and_classes_lend_each_other_nothing(
  tmp_path, own, other, said
):
  """Though all that they say of the generator and of the images is the same."""
  settings, theirs = (
    settings_with(f'cola/cifar10.py:{run}') for run in (own, other)
  )
  for section in ('generator', 'generator_training', 'data'):
    theirs[section] = settings[section]
  (tmp_path / 'config.json').write_text(json.dumps(theirs))
  (tmp_path / 'data.json').write_text('{}')
  settings['generator_training']['workdir'] = str(tmp_path)
  with pytest.raises(BadConfig, match=said):
    generator.check_borrowed(settings)


def test_the_gans_rates_fall_until_its_last_step():
  settings = settings_with(
    'cola/cifar10.py:cgan-pd', generator_training__steps=900
  )
  assert settings['generator']['decay_steps'] == 900


BAD = {
  'small_sample__shots': (0, 'config.small_sample.shots is 0'),
  'generator__clusters': (1, 'config.generator.clusters is 1'),
  'batches__share': (1.5, 'config.batches.share is 1.5'),
  'optimizer__momentum': (1.5, 'config.optimizer.momentum is 1.5'),
  'devices': (3, 'a divisor of 16, the images of a batch'),
  'augment__margin': (-1, 'config.augment.margin is -1'),
  'augment__edges': ('wrapped', "config.augment.edges is 'wrapped'"),
}


@pytest.mark.parametrize('field', BAD)
def test_settings_that_cannot_work(field):
  value, said = BAD[field]
  with pytest.raises(ValueError, match=said):
    cola.build(settings_with(**{field: value}))


@pytest.mark.parametrize('run', ['scola', 'glo', 'cola', 'glo-unlabeled'])
def test_a_pyramid_is_no_deeper_than_images_are_large(run):
  """Before step I, which may take days."""
  path = f'cola/cifar10.py:{run}'
  cola.build(settings_with(path, generator__levels=4))
  with pytest.raises(ValueError, match=r'levels=5.* of 32x32 .* at most 4'):
    cola.build(settings_with(path, generator__levels=5))
  other = {'generator__levels': 5, 'generator__loss': 'l1'}
  cola.build(settings_with(path, **other))


WEIGHTS = {
  'none': (
    {'generator__loss': 'vgg16'},
    "loss is 'vgg16', which needs weights",
  ),
  'too many': ({'measure__weights': 'a.npz'}, "'l2' needs no weights"),
  'no file': (
    {'generator__loss': 'vgg16', 'measure__weights': 'a.npz'},
    'There is no file a.npz',
  ),
  'no model': (
    {'generator__loss': 'trained_resnet32', 'measure__weights': 'runs/none'},
    'runs/none',
  ),
}


@pytest.mark.parametrize('name', WEIGHTS)
def test_weights_that_a_loss_cannot_have(name):
  """Before the images are read."""
  fields, said = WEIGHTS[name]
  parts = cola.build(settings_with(**fields))
  with pytest.raises((ValueError, OSError), match=said):
    cola.ready(parts, None)


LOADED = {
  'its own': ('classifier', 'resnet32', 1, ''),
  'another kind': ('learner', 'resnet32', 1, 'the model of a learner'),
  'another network': ('classifier', 'resnet20', 1, 'network is resnet20'),
  'other colors': ('classifier', 'resnet32', 3, 'for images of 3 channels'),
}


@pytest.mark.parametrize('name', LOADED)
def test_a_loss_has_the_weights_of_an_exported_classifier(monkeypatch, name):
  kind, network, channels, said = LOADED[name]
  card = {
    'kind': kind,
    'architecture': {'network': {'name': network}},
    'image': {'shape': [8, 8, channels]},
  }
  model = SimpleNamespace(card=card, params={'params': {}})
  monkeypatch.setattr(measures.models, 'load_model', lambda folder: model)
  monkeypatch.setattr(
    measures.models, 'image_shape', lambda card: tuple(card['image']['shape'])
  )
  load = functools.partial(
    measures.measure_weights, 'trained_resnet32', 1, weights='models/a'
  )
  if not said:
    assert load() is model.params
    return
  with pytest.raises(ValueError, match=said):
    load()


@pytest.mark.parametrize('path', [GLYPHS, 'cola/cifar10.py'])
def test_vgg_compares_images_of_any_colors(monkeypatch, path):
  """Those of one channel are given to it as gray ones of three."""
  weights = {'params': {}}
  monkeypatch.setattr(measures.models, 'load_vgg16', lambda path: weights)
  fields = {'generator__loss': 'vgg16', 'measure__weights': 'a.npz'}
  settings = settings_with(path, **fields)
  assert measures.weights_of(settings) is weights
  cola.ready(cola.build(settings), None)


def test_no_image_is_reflected_beyond_its_other_side():
  settings = settings_with(augment__edges='reflect', augment__margin=28)
  with pytest.raises(ValueError, match=r'margin is 28; it must be below 28'):
    cola.build(settings)


def test_images_of_another_size_are_no_test():
  settings = settings_with('cola/cifar10.py', data__size=28)
  with pytest.raises(ValueError, match=r'evaluation_data.size is 32.*size, 28'):
    cola.build(settings)


def test_a_sample_has_its_images_of_each_class():
  splits = random_splits(8)  # 8 images of each of 8 classes.
  few, test = small_sample(splits.train, None, shots=3, classes=5)
  assert np.bincount(few.labels).tolist() == [3] * 5
  assert np.bincount(test.labels).tolist() == [5] * 5
  assert few.class_names == test.class_names
  seen, held = ({x.tobytes() for x in part.images} for part in (few, test))
  assert not seen & held and len(seen | held) == 40
  again, _ = small_sample(splits.train, None, shots=3, classes=5)
  np.testing.assert_array_equal(again.images, few.images)
  other, _ = small_sample(splits.train, None, shots=3, classes=5, split_seed=1)
  assert other.class_names == few.class_names
  assert (other.images != few.images).any()
  classes = {
    small_sample(splits.train, None, shots=3, classes=5, class_seed=i)[
      0
    ].class_names
    for i in range(5)
  }
  assert len(classes) > 1


def test_a_test_of_its_own_is_whole():
  splits = random_splits(8)
  test = splits.test._replace(class_names=splits.train.class_names)
  few, tested = small_sample(splits.train, test, shots=3)
  assert len(few.images) == 24 and tested is test
  everything, _ = small_sample(splits.train, test, shots=8)
  np.testing.assert_array_equal(everything.images, splits.train.images)
  few, tested = small_sample(splits.train, test, shots=3, classes=2)
  assert few.class_names == tested.class_names
  assert np.bincount(tested.labels).tolist() == [8, 8]


def unequal(counts):
  """Classes of so many images, none of which is twice there."""
  labels = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
  images = np.arange(len(labels), dtype=np.uint8)[:, None, None, None]
  return Dataset(images, labels, tuple('abc'))


def test_a_sample_may_have_all_of_the_smallest_class():
  """Where there is a test; it would have none of that class otherwise."""
  images, test = unequal([9, 4, 6]), unequal([2, 1, 3])
  few, tested = small_sample(images, test, shots=4)
  assert tested is test
  assert np.bincount(few.labels).tolist() == [4, 4, 4]
  assert few.images[4:8].ravel().tolist() == [9, 10, 11, 12]
  with pytest.raises(ValueError, match=r"shots is 5; class 'b' .* has 4"):
    small_sample(images, test, shots=5)
  with pytest.raises(ValueError, match='shots is 4, and at least one is'):
    small_sample(images, None, shots=4)
  few, others = small_sample(images, None, shots=3)
  assert np.bincount(others.labels).tolist() == [6, 1, 3]


TOO_FEW = {
  'images': ({'shots': 9}, "shots is 9; class '0-0' of config.data has 8"),
  'classes': ({'classes': 9}, 'classes is 9, and config.data has 8'),
}


@pytest.mark.parametrize('name', TOO_FEW)
def test_too_few_images_are_refused(name):
  settings, said = TOO_FEW[name]
  splits = random_splits(8)
  test = splits.test._replace(class_names=splits.train.class_names)
  with pytest.raises(ValueError, match=said):
    small_sample(splits.train, test, **settings)


def test_what_leaves_nothing_for_the_test_is_refused():
  splits = random_splits(8)
  with pytest.raises(ValueError, match='shots is 8, and at least one is'):
    small_sample(splits.train, None, shots=8)
  with pytest.raises(ValueError, match=r'other classes than config\.data'):
    small_sample(splits.train, splits.test, shots=2)


def test_other_numbers_of_classes_are_refused(monkeypatch, tmp_path):
  """Before the generator is trained; the error says which number would do."""
  images = Part(lambda places, **_: random_splits(28).train)
  monkeypatch.setitem(cola.IMAGES, 'glyphs', images)
  settings = settings_with(small_sample__classes=5, small_sample__shots=3)
  with pytest.raises(ValueError, match=r'clusters is 10; it must be 5'):
    cola.read(settings, Places(cache_dir=tmp_path))
  settings = settings_with(
    small_sample__classes=5, small_sample__shots=3, generator__clusters=5
  )
  splits = cola.read(settings, Places(cache_dir=tmp_path))
  assert [len(part.images) for part in splits] == [15, 0, 25]


@pytest.mark.parametrize('margin', [0, 2])
@pytest.mark.parametrize('mirror', [False, True])
@pytest.mark.parametrize('edges', ['zero', 'reflect'])
def test_crops_are_parts_of_an_image_with_a_margin(key, margin, mirror, edges):
  """Each view is one of all that NumPy cuts out, and all of these come up."""
  augment = batches.crops(margin=margin, mirror=mirror, edges=edges)
  image = np.random.default_rng(0).random((4, 4, 1), np.float32)
  if not margin and not mirror:
    assert augment is None
    return
  margins = [(margin, margin), (margin, margin), (0, 0)]
  mode = 'constant' if edges == 'zero' else edges
  padded = np.pad(image, margins, mode=mode)
  side = range(2 * margin + 1)
  views = {padded[i : i + 4, j : j + 4].tobytes() for i in side for j in side}
  if mirror:
    views |= {
      np.frombuffer(view, np.float32).reshape(4, 4)[:, ::-1].tobytes()
      for view in views
    }
  images = jnp.broadcast_to(jnp.asarray(image), (800, 4, 4, 1))
  made = np.asarray(jax.jit(augment)(key, images))
  assert {view.tobytes() for view in made} == views


def test_trivial_augment_comes_after_crops(key):
  """Of an image alone, its views are what TrivialAugment makes of it."""
  augment = batches.crops(margin=0, mirror=False, trivial_augment=True)
  images = jnp.asarray(
    np.random.default_rng(0).random((6, 5, 5, 3), np.float32)
  )
  expected = jax.jit(trivial_augment)(jax.random.split(key, 1)[0], images)
  np.testing.assert_array_equal(jax.jit(augment)(key, images), expected)
