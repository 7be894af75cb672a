"""SmallSampleClassifier: scikit-learn's conventions, and what it refuses."""

import copy
from typing import get_args

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image, ImageOps
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from lasium_jax import SmallSampleClassifier, models, small_sample
from lasium_jax.image_classifier import common_shape
from lasium_jax.models.build import CLASSIFIERS
from lasium_jax.settings import BadSetting, defaults, parameters
from lasium_jax.types import Batch, TrainingSet

SIDE, NAMES = 8, np.array(['ant', 'bee', 'cat'])
TINY = {
  'network': 'infogan',  # It compiles in a tenth of the time.
  'width': 2,
  'steps': 40,
  'batch_size': 12,
  'learning_rate': 0.02,
  'margin': 0,
  'mirror': False,
}
WITH_COLA = {'generator': 'cola', 'generator_epochs': 5, 'generator_width': 2}


def pictures(counts=(4, 4, 4), seed=0):
  """Images whose pattern tells the class, `counts[c]` of class c."""
  patterns = np.random.default_rng(1).integers(40, 215, (3, SIDE, SIDE))
  rng = np.random.default_rng(seed)
  y = np.repeat(np.arange(3), counts)
  x = patterns[y] + rng.integers(-20, 20, (len(y), SIDE, SIDE))
  return x.astype(np.uint8), NAMES[y]


@pytest.fixture(scope='module')
def fitted():
  return SmallSampleClassifier(**TINY).fit(*pictures())


@pytest.fixture(scope='module')
def drawing():
  return SmallSampleClassifier(**TINY, **WITH_COLA, members=2).fit(*pictures())


def test_it_learns(fitted):
  x, y = pictures(seed=2)
  assert fitted.score(x, y) > 0.8
  probabilities = fitted.predict_proba(x)
  np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-14)
  assert fitted.classes_.tolist() == NAMES.tolist()
  assert (fitted.predict(x) == NAMES[probabilities.argmax(1)]).all()


def test_a_picture_is_classified_by_itself(fitted):
  x, _ = pictures(seed=2)
  alone = np.concatenate([fitted.predict_proba(x[i : i + 1]) for i in (0, 7)])
  np.testing.assert_array_equal(alone, fitted.predict_proba(x)[[0, 7]])


def test_images_may_come_in_any_form(fitted, tmp_path):
  x, _ = pictures(seed=2)
  expected = fitted.predict_proba(x)
  files = [tmp_path / f'{i}.png' for i in range(len(x))]
  for file, image in zip(files, x, strict=True):
    Image.fromarray(image).save(file)
  for same in (x[..., None], x / 255, list(x), files, jnp.asarray(x)):
    np.testing.assert_allclose(fitted.predict_proba(same), expected, atol=1e-6)


def test_flat_images_with_their_shape(fitted):
  x, y = pictures()
  flat = SmallSampleClassifier(**TINY, shape=(SIDE, SIDE, 1))
  flat.fit(x.reshape(len(x), -1), y)
  np.testing.assert_allclose(
    flat.predict_proba(x.reshape(len(x), -1)), fitted.predict_proba(x)
  )


def test_the_same_seed_learns_the_same_and_another_does_not(fitted):
  x, y = pictures()
  expected = fitted.predict_proba(x)
  again = clone(fitted).fit(x, y).predict_proba(x)
  np.testing.assert_array_equal(again, expected)
  other = clone(fitted).set_params(seed=1).fit(x, y).predict_proba(x)
  assert abs(other - expected).max() > 1e-3


def test_members_are_averaged(drawing):
  """Each as if it had been fitted alone, but for the generator they share."""
  x, _ = pictures(seed=2)
  both = drawing.predict_proba(x)
  alone = copy.deepcopy(drawing)
  each = []
  for params in drawing.params_:
    alone.params_ = [params]
    each.append(alone.predict_proba(x))
  np.testing.assert_allclose(both, np.mean(each, 0), rtol=1e-12)
  assert abs(each[0] - each[1]).max() > 1e-3


def test_a_generator_draws_of_each_class(drawing, fitted):
  made = drawing.draw(['bee', 'ant', 'bee'])
  assert made.shape == (3, SIDE, SIDE, 1)
  assert 0 <= made.min() < made.max() <= 1
  with pytest.raises(ValueError, match=r"no class .*'wasp'"):
    drawing.draw(['wasp'])
  with pytest.raises(ValueError, match="fit with generator='cola'"):
    fitted.draw(['ant'])


def test_what_the_generator_draws_is_learned_from(drawing):
  """A half of each batch changes what is learned, and a share of none not."""
  x, y = pictures()
  shared = {**TINY, **WITH_COLA, 'steps': 3}
  half = SmallSampleClassifier(**shared, share=0.5).fit(x, y)
  none = SmallSampleClassifier(**shared, share=0.0).fit(x, y)
  plain = SmallSampleClassifier(**TINY | {'steps': 3}).fit(x, y)
  leaf = [c.params_[0]['params']['Dense_0']['kernel'] for c in (half, none)]
  assert abs(leaf[0] - leaf[1]).max() > 0
  np.testing.assert_allclose(
    leaf[1], plain.params_[0]['params']['Dense_0']['kernel'], atol=1e-6
  )


def test_parameters_are_those_of_a_recipe_and_their_defaults():
  parameters = SmallSampleClassifier().get_params()
  own = {'shape': None, 'members': 1, 'seed': 0, 'invert': False}
  assert parameters == {**defaults(small_sample.RECIPE), **own}
  changed = SmallSampleClassifier(**TINY, members=3, seed=5, invert=True)
  assert clone(changed).get_params() == changed.get_params()


# Of the card, and parameters by hand: 269,722 and 464,154 of ten classes, as
# is known of He et al.'s networks, and 691,674 of WRN-16-2.
NETWORKS = {
  'resnet20': ({'width': 16}, 269_722),
  'resnet32': ({'width': 16}, 464_154),
  'wide_resnet': ({'width': 2, 'depth': 16}, 691_674),
}


@pytest.mark.parametrize('name', NETWORKS)
def test_a_network_has_the_size_of_its_paper(name):
  """WRN-16-2 where nothing is said of a wide one."""
  section, count = NETWORKS[name]
  made = small_sample.checked_recipe({'network': name}, 'recipe')
  card = small_sample.card_of(
    *(made, (SIDE, SIDE, 3), '0123456789'), invert=False, seed=0
  )
  assert card['architecture']['network'] == {'name': name, **section}
  leaves = jax.tree.leaves(models.shapes(card)['params'])
  assert sum(leaf.size for leaf in leaves) == count
  trainer = small_sample.parts(made, (SIDE, SIDE, 3), 10).learning.trainer
  data = TrainingSet(jax.ShapeDtypeStruct((2, SIDE, SIDE, 3), jnp.uint8))
  key = jax.eval_shape(lambda: jax.random.key(0))
  trained = jax.eval_shape(lambda k: trainer.params(trainer.init(k, data)), key)
  assert jax.tree.leaves(trained['params']) == leaves
  assert small_sample.recipe(**made._asdict()) == made


def test_every_classifier_can_learn_a_small_sample():
  annotation = parameters(small_sample.RECIPE)['network'].annotation
  assert set(get_args(annotation)) == set(CLASSIFIERS)


def test_a_wide_network_comes_back_as_it_was(tmp_path):
  """Nothing of it is trained: its weights are zeros."""
  recipe = small_sample.recipe(network='wide_resnet', width=1, depth=10)
  card = small_sample.card_of(
    *(recipe, (SIDE, SIDE, 1), 'ab'), invert=False, seed=0
  )
  params = jax.tree.map(
    lambda leaf: np.zeros(leaf.shape, leaf.dtype), models.shapes(card)
  )
  path = models.save_model(tmp_path / 'model', models.Model(card, params))
  loaded = SmallSampleClassifier.load(path)
  found = loaded.get_params()
  assert (found['width'], found['depth']) == (1, 10)
  halves = loaded.predict_proba(np.zeros((1, SIDE, SIDE), np.uint8))
  np.testing.assert_allclose(halves, 0.5)


RECIPES = {  # What stands in place of None: steps, images, rate.
  'paper': (2_000, 64, 0.1),
  'strong': (10_000, 10, 4.55e-3),
}


@pytest.mark.parametrize('name', RECIPES)
def test_a_recipe_has_its_own_numbers_where_none_is_given(name):
  made = small_sample.recipe(recipe=name)
  found = made.steps, made.batch_size, made.learning_rate
  assert found == RECIPES[name] and made.recipe == name
  given = {'steps': 7, 'batch_size': 3, 'learning_rate': 0.0}
  made = small_sample.recipe(recipe=name, **given)
  assert given.items() <= made._asdict().items()
  # A card has numbers, of which the same is made again.
  assert small_sample.recipe(**made._asdict()) == made


@pytest.mark.parametrize(
  ('name', 'decay', 'rates'),
  [
    ('paper', 5e-4, [0.1, 0.05, 0.025, 0.0125, 0.00625, 0.003125]),
    (
      'strong',
      5.3e-3,
      [4.55e-3 * (1 + np.cos(np.pi * s / 6)) / 2 for s in range(6)],
    ),
  ],
)
def test_what_a_recipe_descends_by(name, decay, rates, monkeypatch):
  """By Nesterov's momentum of the gradient and the decay, by hand."""
  given, names = [], small_sample.parts.__globals__
  make = names['make_classifier']

  def noted(*arguments):
    given.append(arguments[-1])
    return make(*arguments)

  monkeypatch.setitem(names, 'make_classifier', noted)
  made = small_sample.recipe(**TINY | {'recipe': name, 'steps': 6})
  made = made._replace(learning_rate=rates[0])
  small_sample.parts(made, (SIDE, SIDE, 1), 3)
  weight, velocity, gradient = 2.0, 0.0, 0.3
  state = given[0].init(weight)
  for rate in rates:
    step, state = given[0].update(gradient, state, weight)
    decayed = gradient + decay * weight
    velocity = 0.9 * velocity + decayed
    np.testing.assert_allclose(step, -rate * (decayed + 0.9 * velocity), 1e-4)
    weight += float(step)


def test_what_a_recipe_does_to_images():
  """Beside what is moved, nothing is empty where images are reflected."""
  x = 0.5 + 0.4 * jax.random.uniform(jax.random.key(1), (64, SIDE, SIDE, 1))
  batch = Batch(x, jnp.arange(64), jnp.int32(0), jnp.zeros(64, jnp.int32))
  seen = {}
  for name in RECIPES:
    made = small_sample.recipe(recipe=name, margin=2, mirror=False)
    batch_fn = small_sample.parts(made, (SIDE, SIDE, 1), 2).learning.batch_fn
    seen[name] = np.asarray(jax.jit(batch_fn)(jax.random.key(0), (), batch).x)
  pixels = np.asarray(x).reshape(64, -1)
  known = [
    np.isin(seen[name].reshape(64, -1), pixels).all(1) for name in RECIPES
  ]
  # The paper's are the same pixels, and zeros in all that moved; 1 of 14
  # operations of TrivialAugment leaves all of them, others with some strength.
  empty = {name: (seen[name] == 0).any((1, 2, 3)).mean() for name in RECIPES}
  assert empty['paper'] > 0.8 and known[0].mean() < 0.2
  assert empty['strong'] < 0.5 and 0 < known[1].mean() < 0.6


def test_another_recipe_learns_otherwise_and_is_on_the_card():
  recipe = {'recipe': 'strong', 'margin': 2, 'steps': 60, 'batch_size': 10}
  classifier = SmallSampleClassifier(**{**TINY, **recipe}).fit(*pictures())
  told = classifier.card_['training']['recipe']
  assert told.items() >= recipe.items()
  plain = SmallSampleClassifier(**{**TINY, **recipe, 'recipe': 'paper'})
  leaves = [
    c.params_[0]['params']['Dense_0']['kernel']
    for c in (classifier, plain.fit(*pictures()))
  ]
  assert abs(leaves[0] - leaves[1]).max() > 1e-4


def test_no_fold_is_judged_by_what_saw_it(monkeypatch):
  """scikit-learn's own folds, through what each fit was given."""
  seen = []
  train = SmallSampleClassifier._train

  def noted(self, recipe, data):
    seen.append(np.asarray(data.images)[..., 0])
    train(self, recipe, data)

  monkeypatch.setattr(SmallSampleClassifier, '_train', noted)
  x, y = pictures()
  folds = StratifiedKFold(2)
  found = cross_val_predict(SmallSampleClassifier(**TINY), x, y, cv=folds)
  assert found.shape == y.shape
  for given, (train_rows, _) in zip(seen, folds.split(x, y), strict=True):
    np.testing.assert_array_equal(given, x[train_rows])


def test_a_folder_and_back(fitted, tmp_path):
  x, _ = pictures(seed=2)
  loaded = SmallSampleClassifier.load(fitted.save(tmp_path / 'model'))
  np.testing.assert_array_equal(
    loaded.predict_proba(x), fitted.predict_proba(x)
  )
  np.testing.assert_array_equal(loaded.predict(x), fitted.predict(x))
  with pytest.raises(FileExistsError):
    fitted.save(tmp_path / 'model')


@pytest.mark.parametrize('labels', [[2, 10, 30], ['2', '10', '30']])
def test_whole_numbers_come_back_as_such(labels, fitted, tmp_path):
  numbers = copy.deepcopy(fitted)
  x, y = pictures()
  y = np.array(labels)[np.searchsorted(NAMES, y)]
  numbers.set_params(steps=1).fit(x, y)
  loaded = SmallSampleClassifier.load(numbers.save(tmp_path / 'model'))
  assert loaded.classes_.tolist() == numbers.classes_.tolist()
  assert loaded.score(x, y) == numbers.score(x, y)


def test_names_that_are_no_numbers_are_refused_as_such(fitted, tmp_path):
  damaged = copy.deepcopy(fitted)
  damaged.card_['training']['whole_number_labels'] = True
  path = damaged.save(tmp_path / 'model')
  with pytest.raises(models.BadModel, match='are no whole numbers'):
    SmallSampleClassifier.load(path)


def test_settings_may_be_numbers_of_numpy(fitted, tmp_path):
  x, y = pictures()
  numbers = {'width': np.int64(2), 'seed': np.int64(0), 'share': np.float32(1)}
  shape = tuple(np.array([SIDE, SIDE, 1]))
  same = SmallSampleClassifier(**TINY | numbers, shape=shape).fit(x, y)
  np.testing.assert_array_equal(same.predict_proba(x), fitted.predict_proba(x))
  loaded = SmallSampleClassifier.load(same.save(tmp_path / 'model'))
  np.testing.assert_array_equal(loaded.predict(x), fitted.predict(x))


def test_a_fitted_one_keeps_what_it_learned(fitted):
  x, _ = pictures(seed=2)
  changed = copy.deepcopy(fitted).set_params(width=9, invert=True)
  np.testing.assert_array_equal(
    changed.predict_proba(x), fitted.predict_proba(x)
  )


def test_several_members_are_no_file(drawing, tmp_path):
  with pytest.raises(ValueError, match='this has 2: fit with members=1'):
    drawing.save(tmp_path / 'model')
  assert not (tmp_path / 'model').exists()


def test_a_model_of_another_kind_is_refused():
  with pytest.raises(models.BadModel, match='is a learner'):
    SmallSampleClassifier.load('tests/models/version_1')


def test_before_fit_there_is_nothing(tmp_path):
  classifier = SmallSampleClassifier()
  for use in (classifier.predict, classifier.draw, classifier.save):
    with pytest.raises(NotFittedError):
      use(tmp_path)


def unequal():
  x, y = pictures()
  return [*x[:-1], x[-1][:4]], y


def sides(side):
  x, y = pictures()
  return np.repeat(x, 2, 1)[:, :side, :side], y


REFUSED = {
  'one image of a class': ({}, lambda: pictures((4, 1, 4)), "'bee' has one"),
  'one class': ({}, lambda: pictures((4, 0, 0)), 'only 1 class'),
  'no images': ({}, lambda: (np.zeros((0, 8, 8)), []), 'no images'),
  'unequal sizes': ({}, unequal, r'Image 0 is \(8, 8, 1\) and image 11 is \(4'),
  'flat': ({}, lambda: (np.zeros((4, 9)), [0, 0, 1, 1]), r'shape=\(H, W, C\)'),
  'sides for COLA': (WITH_COLA, lambda: sides(6), '4 divides, and .* 6x6'),
  'no labels': ({}, lambda: (pictures()[0], None), 'requires y'),
  'too few labels': ({}, lambda: (pictures()[0], [1, 2]), 'inconsistent'),
  'no steps': ({'steps': 0}, pictures, r'\.steps is 0; it must be'),
  'a depth': (
    {'network': 'wide_resnet', 'depth': 18},
    pictures,
    r'\.depth is 18; it must be one of \[10',
  ),
  "a thin network's depth": (
    {'network': 'resnet32', 'depth': 16},
    pictures,
    r'\.depth is 16, and resnet32 has its own',
  ),
  'a share': ({'share': 2.0}, pictures, r'\.share is 2.0'),
  'a recipe': ({'recipe': 'weak'}, pictures, r"\.recipe is 'weak'; .*strong"),
  'a margin': (
    {'recipe': 'strong', 'margin': 8},
    pictures,
    'margin, which is 8, must be below their sides: these images are 8x8',
  ),
  'a generator': ({'generator': 'gan'}, pictures, r"\.generator is 'gan'"),
  'no members': ({'members': 0}, pictures, r'\.members is 0'),
  'a shape': ({'shape': (8, 8)}, pictures, r'\.shape is \(8, 8\)'),
  'channels': ({'shape': (8, 8, 2)}, pictures, '1 channel or 3'),
}


@pytest.mark.parametrize('name', REFUSED)
def test_what_cannot_be_learned_from_is_refused(name, monkeypatch):
  """Before anything is trained."""
  monkeypatch.setattr(SmallSampleClassifier, '_train', None)
  parameters, data, said = REFUSED[name]
  with pytest.raises((ValueError, BadSetting), match=said):
    SmallSampleClassifier(**{**TINY, **parameters}).fit(*data())


FORMS = {  # Mode, suffix, orientation, and the shape of 8x4 pixels.
  'colors': ('RGB', 'jpg', 1, (4, 8, 3)),
  'gray': ('LA', 'png', 3, (4, 8, 1)),
  'a palette': ('P', 'png', 1, (4, 8, 3)),
  'turned': ('RGB', 'jpg', 6, (8, 4, 3)),
  'turned gray': ('L', 'png', 8, (8, 4, 1)),
  'turned already': ('RGB', 'tiff', 6, (8, 4, 3)),
}


@pytest.mark.parametrize('name', FORMS)
def test_a_shape_is_that_of_pictures_as_they_look(name, tmp_path):
  mode, suffix, orientation, shape = FORMS[name]
  path, exif = tmp_path / f'picture.{suffix}', Image.Exif()
  exif[0x0112] = orientation
  Image.new(mode, (8, 4)).save(path, exif=exif)
  with Image.open(path) as opened:
    for picture in (path, opened):
      assert common_shape([picture], None) == shape
    opened.load()
    assert common_shape([opened], None) == shape
    upright = ImageOps.exif_transpose(opened)
  assert (upright.height, upright.width) == shape[:2]


def test_pictures_of_several_sizes_are_made_of_one_that_is_asked_for():
  x, y = unequal()
  classifier = SmallSampleClassifier(**TINY, shape=(12, 12, 1)).fit(x, y)
  assert models.image_shape(classifier.card_) == (12, 12, 1)
  assert classifier.predict(x).shape == y.shape
