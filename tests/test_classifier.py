"""The classifier: scikit-learn's conventions, any classes, any images."""

import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import estimator_checks_generator
from small import small

from lasium_jax import FewShotClassifier, classifier, models
from lasium_jax.learners import protonets
from lasium_jax.models import build
from lasium_jax.ops.sizes import padded_size
from lasium_jax.settings import Part
from lasium_jax.types import Examples

SIDE, TRAINED = 8, 3
OPTIONS = {
  'maml': {'name': 'maml', 'steps': 3, 'learning_rate': 0.2},
  'protonets': {'name': 'protonets', 'distance': 'mean'},
}
NAMES = tuple(OPTIONS)
HEADED = {**OPTIONS['protonets'], 'head_steps': 4}


@pytest.fixture(autouse=True)
def small_network(monkeypatch):
  monkeypatch.setitem(build.NETWORKS, 'small', Part(small))


def make(name, *, channels=1, invert=False, **parameters):
  card = {
    'kind': 'learner',
    'architecture': {
      'network': {'name': 'small'},
      'learner': OPTIONS[name],
      'ways': TRAINED,
    },
    'image': {
      'height': SIDE,
      'width': SIDE,
      'channels': channels,
      'invert': invert,
    },
  }
  rng = np.random.default_rng(0)
  params = jax.tree.map(
    lambda spec: 0.3 * rng.normal(size=spec.shape).astype(spec.dtype),
    build.shapes(card),
  )
  return FewShotClassifier(models.Model(card, params), **parameters)


def pictures(counts, seed=0, noise=20):
  """Images whose pattern tells the class, `counts[c]` of class c."""
  patterns = np.random.default_rng(1).integers(
    20, 235, (len(counts), SIDE, SIDE)
  )
  rng = np.random.default_rng(seed)
  y = np.repeat(np.arange(len(counts)), counts)
  x = patterns[y] + rng.integers(-noise, noise, (len(y), SIDE, SIDE))
  return x.astype(np.uint8), y


@pytest.mark.parametrize('name', NAMES)
@pytest.mark.parametrize('counts', [(1,) * 5, (4, 1, 2), (3,), (2,) * 11])
def test_any_number_of_classes_and_images(name, counts):
  x, y = pictures(counts)
  query, truth = pictures((3,) * len(counts), seed=1)
  learned = make(name).fit(x, y)
  probabilities = learned.predict_proba(query)
  assert probabilities.shape == (len(query), len(counts))
  np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-14)
  assert (probabilities >= 0).all()
  assert learned.score(query, truth) > 0.8


def test_protonets_by_hand():
  """The softmax of negative distances to the classes' mean features."""
  x, y = pictures((1, 3, 2))
  query, _ = pictures((2, 2, 2), seed=1)
  learned = make('protonets').fit(x, y)
  network, params = small(None), learned.model.params
  features, moments = network.apply(params, x[..., None] / np.float32(255))
  queries, _ = network.apply(
    params, query[..., None] / np.float32(255), moments
  )
  means = np.stack([np.mean(features[y == c], 0) for c in range(3)])
  distances = ((np.asarray(queries)[:, None] - means[None]) ** 2).mean(-1)
  weights = np.exp(-distances)
  np.testing.assert_allclose(
    learned.predict_proba(query),
    weights / weights.sum(1, keepdims=True),
    rtol=1e-4,
  )


def judged_with_a_head(**parameters):
  plain = make('protonets').model
  architecture = {**plain.card['architecture'], 'learner': HEADED}
  card = {**plain.card, 'architecture': architecture}
  return FewShotClassifier(models.Model(card, plain.params), **parameters)


# By the model, without and with a head when it was judged: what is asked for,
# and how many steps are taken then.
ASKED = {
  'judged without': (make, {}, 0),
  'prototypes': (make, {'head': 'prototypes'}, 0),
  "ProtoTransfer's": (make, {'head': 'fitted'}, 15),
  'told': (make, {'head': 'fitted', 'steps': 7}, 7),
  'none': (make, {'head': 'fitted', 'steps': 0}, 0),
  'judged with': (judged_with_a_head, {}, 4),
  'the same': (judged_with_a_head, {'head': 'fitted'}, 4),
  'others': (judged_with_a_head, {'steps': 9}, 9),
  'without it': (judged_with_a_head, {'head': 'prototypes'}, 0),
}


@pytest.mark.parametrize('name', ASKED)
def test_a_head_is_fitted_in_so_many_steps(name):
  """As the learner does it with the images as they are, without padding."""
  maker, parameters, steps = ASKED[name]
  x, y = pictures((1, 3, 2))
  query, _ = pictures((2, 2, 2), seed=1)
  named = () if maker is judged_with_a_head else ('protonets',)
  learned = maker(*named, **parameters).fit(x, y)
  assert learned.head_ == ('fitted' if steps else None)
  learner = protonets(small(None), ways=3, inductive=True, head_steps=steps)
  images = [i[..., None] / np.float32(255) for i in (x, query)]
  adapted = learner.adapt(
    jax.random.key(0), learned.model.params, Examples(images[0], y)
  )
  logits = np.asarray(learner.predict(adapted, images[1]), np.float64)
  np.testing.assert_allclose(
    learned.predict_proba(query),
    np.exp(logits) / np.exp(logits).sum(1, keepdims=True),
    rtol=1e-3,
  )


@pytest.mark.parametrize('steps', [None, 3])
def test_queries_refine_prototypes(steps):
  """As the learner does it with the images as they are, without padding."""
  x, y = pictures((1, 3, 2))
  query, _ = pictures((2, 2, 2), seed=1)
  options = {'head': 'refined', 'inductive': False, 'steps': steps}
  learned = make('protonets', **options).fit(x, y)
  assert learned.head_ == 'refined'
  learner = protonets(small(None), ways=3, refine_steps=steps or 1)
  images = [i[..., None] / np.float32(255) for i in (x, query)]
  adapted = learner.adapt(
    jax.random.key(0), learned.model.params, Examples(images[0], y)
  )
  logits = np.asarray(learner.predict(adapted, images[1]), np.float64)
  expected = np.exp(logits - logits.max(1, keepdims=True))
  np.testing.assert_allclose(
    learned.predict_proba(query),
    expected / expected.sum(1, keepdims=True),
    rtol=1e-3,
    atol=1e-6,
  )


def test_queries_by_themselves_refine_nothing():
  x, y = pictures((1, 1))
  with pytest.raises(ValueError, match='needs inductive=False'):
    make('protonets', head='refined').fit(x, y)
  # A model that was judged so is used by its prototypes.
  plain = make('protonets').model
  learner = {**plain.card['architecture']['learner'], 'refine_steps': 4}
  architecture = {**plain.card['architecture'], 'learner': learner}
  model = models.Model(
    {**plain.card, 'architecture': architecture}, plain.params
  )
  assert FewShotClassifier(model).fit(x, y).head_ is None
  together = FewShotClassifier(model, inductive=False).fit(x, y)
  assert together.head_ == 'refined'


@pytest.mark.parametrize(
  ('name', 'head', 'said'),
  [
    ('maml', 'fitted', r"maml has not; say one of \('auto', 'trained', 'mean'"),
    ('maml', 'prototypes', 'maml has not'),
    ('protonets', 'mean', r"protonets has not; say one of \('auto', 'proto"),
  ],
)
def test_a_head_that_the_learner_has_not_is_refused(name, head, said):
  x, y = pictures((1, 1))
  with pytest.raises(ValueError, match=said):
    make(name, head=head).fit(x, y)


def test_maml_starts_every_class_from_the_mean_column():
  x, y = pictures((2,) * TRAINED)
  learned = make('maml', steps=0, head='mean').fit(x, y)
  np.testing.assert_allclose(learned.predict_proba(x), 1 / TRAINED, rtol=1e-6)
  trained = learned.model.params['Dense_1']
  head = learned.adapted_.params['Dense_1']
  for leaf in ('kernel', 'bias'):
    for way in range(TRAINED):
      np.testing.assert_allclose(
        head[leaf][..., way], trained[leaf].mean(-1), rtol=1e-6
      )


@pytest.mark.parametrize('classes', [2, TRAINED])
def test_the_trained_head_for_as_many_classes_as_it_has(classes):
  """Without a step the logits are the trained network's, in any order."""
  x, y = pictures((2,) * classes)
  learned = make('maml', steps=0, head='trained').fit(x, y)
  network, params = small(TRAINED), learned.model.params
  logits, _ = network.apply(params, x[..., None] / np.float32(255))
  weights = np.exp(np.asarray(logits)[:, :classes])
  np.testing.assert_allclose(
    learned.predict_proba(x)[:, np.argsort(learned.ways_)],
    weights / weights.sum(1, keepdims=True),
    rtol=1e-4,
  )
  again = make('maml', steps=0, head='trained').fit(x[::-1], -y[::-1])
  np.testing.assert_array_equal(
    again.predict_proba(x)[:, ::-1], learned.predict_proba(x)
  )


def test_the_trained_head_has_no_more_classes():
  x, y = pictures((1,) * 4)
  with pytest.raises(ValueError, match='for 3 classes, and there are 4'):
    make('maml', head='trained').fit(x, y)
  with pytest.raises(ValueError, match="head is 'other'"):
    make('maml', head='other').fit(x, y)


@pytest.mark.parametrize(
  ('classes', 'head'),
  [(2, 'trained'), (TRAINED, 'trained'), (TRAINED + 1, 'mean'), (9, 'mean')],
)
def test_the_trained_head_wherever_the_classes_fit(classes, head):
  x, y = pictures((2,) * classes)
  default, named = make('maml').fit(x, y), make('maml', head=head).fit(x, y)
  assert default.head_ == named.head_ == head
  np.testing.assert_array_equal(
    default.predict_proba(x), named.predict_proba(x)
  )
  assert make('protonets').fit(x, y).head_ is None


@pytest.mark.parametrize('name', NAMES)
def test_a_class_more_is_no_class_more_in_the_padding(name):
  """9 classes run in a program for 10; the tenth has no part in it."""
  assert padded_size(9) == 10
  x, y = pictures((2,) * 9)
  card = make(name).model.card
  learned = make(name).fit(x, y)
  model = learned.model
  network = models.learner(card, ways=9, inductive=True)
  params = classifier._params_for(model, 9, 9, 'mean')
  images = x[..., None] / np.float32(255)
  adapted = network.adapt(
    jax.random.key(0), params, classifier.Examples(images, y)
  )
  logits = np.asarray(network.predict(adapted, images), np.float64)
  weights = np.exp(logits - logits.max(1, keepdims=True))
  np.testing.assert_allclose(
    learned.predict_proba(x),
    weights / weights.sum(1, keepdims=True),
    atol=1e-4,
  )


@pytest.mark.parametrize('inductive', [True, False])
@pytest.mark.parametrize('counts', [(3, 1, 2, 2), (1, 3, 2)])
@pytest.mark.parametrize('name', NAMES)
def test_no_order_changes_anything(name, counts, inductive):
  x, y = pictures(counts)
  query, _ = pictures((3,) * len(counts), seed=1)
  # The same picture in two classes tells neither which of them comes first.
  x[-1] = x[0]
  expected = make(name, inductive=inductive).fit(x, y).predict_proba(query)
  rng = np.random.default_rng(2)
  for _ in range(4):
    order, shuffled = rng.permutation(len(y)), rng.permutation(len(query))
    renamed = rng.permutation(len(counts))
    learned = make(name, inductive=inductive)
    learned.fit(x[order], renamed[y[order]])
    probabilities = learned.predict_proba(query[shuffled])[:, renamed]
    tolerance = 0 if inductive else 1e-5
    np.testing.assert_allclose(
      probabilities, expected[shuffled], atol=tolerance
    )


@pytest.mark.parametrize('name', NAMES)
def test_a_prediction_is_independent_of_other_queries_if_inductive(name):
  x, y = pictures((1, 2, 3))
  query, _ = pictures((30,) * 3, seed=1)
  for inductive in (True, False):
    learned = make(name, inductive=inductive).fit(x, y)
    together = learned.predict_proba(query)[:7]
    alone = np.concatenate([learned.predict_proba(q[None]) for q in query[:7]])
    assert (together == alone).all() == inductive


@pytest.mark.parametrize('name', NAMES)
def test_few_programs_for_many_sizes(name):
  classifier._compiled.cache_clear()
  for images in range(8, 17):
    x, y = pictures((images, 1))
    learned = make(name).fit(x, y)
    learned.predict(np.repeat(x, images, axis=0))
  card = classifier._built(learned.model.card)
  adapt, predict = classifier._compiled(card, 2, inductive=True)
  assert classifier._compiled.cache_info().misses == 1
  assert adapt._cache_size() == len({10, 12, 14, 16, 20})
  assert predict._cache_size() == 1


@pytest.mark.parametrize('name', NAMES)
def test_few_programs_for_many_queries_together(name):
  classifier._compiled.cache_clear()
  x, y = pictures((8, 8))
  learned = make(name, inductive=False).fit(x, y)
  for queries in range(9, 17):
    learned.predict(x[:queries])
  card = classifier._built(learned.model.card)
  _, predict = classifier._compiled(card, 2, inductive=False)
  assert predict._cache_size() == len({10, 12, 14, 16})


def test_sizes_waste_at_most_a_fourth():
  for n in range(1, 5_000):
    assert n <= padded_size(n) < 1.25 * n + 1e-9
    assert padded_size(padded_size(n)) == padded_size(n)
  assert len({padded_size(n) for n in range(1, 1025)}) == 36


@pytest.mark.parametrize(
  'labels',
  [
    ['cat', 'dog', 'cat'],
    [True, False, True],
    [10, -3, 10],
    np.array(['a', 'b', 'a'], object),
  ],
  ids=['words', 'bools', 'numbers', 'objects'],
)
def test_labels_of_any_type(labels):
  x, _ = pictures((1, 1, 1))
  learned = make('protonets').fit(x[[0, 1, 0]], labels)
  assert learned.classes_.tolist() == sorted(set(labels))
  assert learned.predict(x[:2]).tolist() == list(labels[:2])
  assert learned.score(x[[0, 1, 0]], labels) == 1


@pytest.mark.parametrize('channels', [1, 3])
def test_images_of_any_kind(channels, tmp_path):
  x, y = pictures((2, 2, 2))
  if channels == 3:
    x = np.stack([x, x.transpose(0, 2, 1), 255 - x], -1)
  learned = make('protonets', channels=channels, invert=True).fit(x, y)
  expected = learned.predict_proba(x)
  images = [Image.fromarray(image) for image in x]
  for i, image in enumerate(images):
    image.save(tmp_path / f'{i}.png')
  names = [str(tmp_path / f'{i}.png') for i in range(len(x))]
  mixed = [names[0], tmp_path / '1.png', images[2], x[3], x[4] / 255, images[5]]
  kinds = {
    'floats': x / np.float32(255),
    'channels': x.reshape(len(x), SIDE, SIDE, channels),
    "JAX's": jnp.asarray(x),
    "JAX's, flat": jnp.asarray(x.reshape(len(x), -1)),
    'flat bytes': x.reshape(len(x), -1),
    'flat lists': (x.reshape(len(x), -1) / 255).tolist(),
    'pillow': images,
    'names': names,
    'array of names': np.array(names),
    'mixed': mixed,
  }
  for kind, query in kinds.items():
    probabilities = learned.predict_proba(query)
    np.testing.assert_allclose(probabilities, expected, atol=1e-5, err_msg=kind)
    again = make('protonets', channels=channels, invert=True).fit(query, y)
    np.testing.assert_allclose(
      again.predict_proba(x), expected, atol=1e-5, err_msg=kind
    )


def test_images_of_another_size_are_made_the_models():
  x, y = pictures((1, 1, 1))
  learned = make('protonets').fit(x, y)
  large = np.kron(x, np.ones((1, 4, 4), np.uint8))
  wide = np.pad(large, ((0, 0), (0, 0), (8, 8)), constant_values=255)
  color = np.stack([large] * 3, -1)
  for query in (large, large / 255, wide, color, list(large), list(wide)):
    assert learned.predict(query).tolist() == y.tolist()


def test_polarity_is_the_models_unless_told():
  x, y = pictures((1, 1, 1))
  plain, inverted = make('protonets'), make('protonets', invert=True)
  inverted.fit(x, y)
  plain.fit(255 - x, y)
  told = clone(inverted).set_params(invert=False).fit(255 - x, y)
  expected = inverted.predict_proba(x)
  for other in (plain, told):
    probabilities = other.predict_proba(255 - x)
    np.testing.assert_allclose(probabilities, expected, atol=1e-6)


BAD = {
  'float range': (np.full((2, SIDE, SIDE), 3.0), r'must be in \[0, 1\]'),
  'nan': (np.full((2, SIDE, SIDE), np.nan), r'must be in \[0, 1\]'),
  'flat nan': (np.full((2, SIDE**2), np.nan), 'NaN'),
  'int range': (np.full((2, SIDE, SIDE), 256), r'must be in \[0, 255\]'),
  'flat size': (np.zeros((2, 63)), r'64 values \(8x8x1\), not 63'),
  'channels': (np.zeros((2, SIDE, SIDE, 2)), '1, 3 or 4 channels, not 2'),
  'no file': (['nothing.png', 'nothing.png'], 'no picture nothing.png'),
  'no picture': ([__file__, __file__], 'cannot be read as a picture'),
  'none': (np.zeros((0, SIDE, SIDE)), 'no images'),
  'lengths': (np.zeros((3, SIDE, SIDE)), 'inconsistent numbers of samples'),
}


@pytest.mark.parametrize('name', BAD)
def test_images_that_cannot_be_used(name):
  images, said = BAD[name]
  with pytest.raises((ValueError, OSError), match=said):
    make('protonets').fit(images, [0, 1])


def test_a_bomb_is_refused_before_it_is_decoded(tmp_path):
  Image.new('1', (9_000, 9_000)).save(tmp_path / 'bomb.png')
  with pytest.raises(ValueError, match=r'bomb\.png.*9000x9000'):
    make('protonets').fit([tmp_path / 'bomb.png'], [0])


def test_models_that_cannot_be_used(tmp_path):
  x, y = pictures((1, 1))
  with pytest.raises(ValueError, match='needs a model'):
    FewShotClassifier().fit(x, y)
  with pytest.raises(models.BadModel, match='no model'):
    FewShotClassifier(tmp_path).fit(x, y)
  with pytest.raises(models.BadModel, match='no model'):
    FewShotClassifier.load(tmp_path)
  with pytest.raises(ValueError, match=r"5, and prototypes.*head='fitted'"):
    make('protonets', steps=5).fit(x, y)
  with pytest.raises(
    ValueError, match='steps is -1; it must be a whole number'
  ):
    make('maml', steps=-1).fit(x, y)
  card = {**make('maml').model.card, 'kind': 'generator'}
  with pytest.raises(models.BadModel, match='is a generator'):
    FewShotClassifier(models.Model(card, {})).fit(x, y)


@pytest.mark.parametrize('name', NAMES)
def test_saved_and_loaded_it_is_the_same(name, tmp_path):
  x, y = pictures((2, 1, 1))
  here = make(name)
  card = {**here.model.card, 'training': {}, 'accuracy': []}
  models.save_model(tmp_path, models.Model(card, here.model.params))
  expected = here.fit(x, y).predict_proba(x)
  for other in (
    FewShotClassifier.load(tmp_path),
    FewShotClassifier(tmp_path),
    FewShotClassifier(str(tmp_path)),
    clone(here),
    pickle.loads(pickle.dumps(here)),
  ):
    np.testing.assert_array_equal(other.fit(x, y).predict_proba(x), expected)
  fitted = pickle.loads(pickle.dumps(here))
  np.testing.assert_array_equal(fitted.predict_proba(x), expected)


def test_cross_validation_and_pipelines():
  x, y = pictures((6,) * 3)
  flat = x.reshape(len(x), -1)
  assert cross_val_score(make('protonets'), x, y, cv=3).mean() > 0.8
  assert cross_val_score(make('protonets'), flat, y, cv=3).mean() > 0.8
  pipeline = make_pipeline(
    FunctionTransformer(lambda images: images / 255), make('maml')
  )
  assert pipeline.fit(x, y).score(x, y) > 0.8
  pipeline.set_params(fewshotclassifier__inductive=False)
  assert not pipeline[-1].inductive


class Tables(FewShotClassifier):
  """Takes tables of any width and range, as scikit-learn's checks have them.

  Everything else, what is checked of a table included, is the classifier's.
  """

  def _unflatten(self, table, shape):
    # Negative values stay so, to be refused.
    table = table.astype(np.float64)
    squashed = np.arcsinh(table) / (1 + np.abs(np.arcsinh(table)))
    flat = np.resize(squashed.T, (SIDE * SIDE, len(table))).T
    return flat.reshape(-1, *shape)


def checks():
  for name in NAMES:
    with pytest.MonkeyPatch.context() as patch:
      patch.setitem(build.NETWORKS, 'small', Part(small))
      estimator = Tables(make(name).model)
    for _, check in estimator_checks_generator(estimator, legacy=True):
      yield pytest.param(estimator, check, id=f'{name}-{check.func.__name__}')


@pytest.mark.parametrize('estimator,check', list(checks()))
@pytest.mark.filterwarnings('ignore')
def test_scikit_learns_own_checks(estimator, check):
  """On tables of any width, made images by `Tables`."""
  check(estimator)
