"""Every field of every card, damaged in many ways: refused by name, or usable.

No damage may load and end in an error later, when hours of somebody's work
depend on the model.
"""

import copy
import functools
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lasium_jax import FewShotClassifier, classifier, models, settings
from lasium_jax.models import build, files

SIDE = 8
NETWORK = {'name': 'conv4', 'filters': 2}
ARCHITECTURES = {
  'maml': {
    'network': NETWORK,
    'learner': {'name': 'maml', 'steps': 1},
    'ways': 3,
  },
  'protonets': {
    'network': NETWORK,
    'learner': {'name': 'protonets'},
    'ways': 3,
  },
  'vae': {'name': 'vae', 'latent_size': 2, 'filters': [2, 2]},
  'msgan': {'name': 'msgan', 'latent_size': 2, 'filters': 2},
  'inverted': {
    **{'name': 'wgan_gp', 'latent_size': 2, 'width': 2},
    'inversion': {'width': 2},
  },
  'resnet20': {'network': {'name': 'resnet20', 'width': 1}, 'classes': 3},
}
KINDS = dict.fromkeys(('vae', 'msgan', 'inverted'), 'generator')
KINDS |= {'resnet20': 'classifier'}
TABLES = {
  'learner': {'network': build.NETWORKS, 'learner': build.LEARNERS},
  'classifier': {'network': build.CLASSIFIERS},
}
ENTRY = {
  'name': 'run',
  'metric': 'accuracy',
  'value': 0.5,
  'ci95': 0.1,
  'dataset': 'none',
  'protocol': {'ways': 3, 'shots': 1},
  'use': {'head': 'trained', 'inductive': False},
}


def filled(table, section):
  """A section with all the settings that it could have."""
  chosen = settings.defaults(table[section['name']]) | section
  return json.loads(json.dumps(chosen))


def full_card(name):
  """A card that says everything that it can."""
  architecture = copy.deepcopy(ARCHITECTURES[name])
  kind = KINDS.get(name, 'learner')
  if kind == 'generator':
    architecture = filled(build.GENERATORS, architecture)
    if own := architecture.get('inversion'):
      architecture['inversion'] = settings.defaults(build.INVERSION) | own
  for part, table in TABLES.get(kind, {}).items():
    architecture[part] = filled(table, architecture[part])
  own = {'class_names': ['a', 'b', 'c']} if kind == 'classifier' else {}
  return {
    **own,
    'kind': kind,
    'architecture': architecture,
    'image': {'height': SIDE, 'width': SIDE, 'channels': 1, 'invert': True},
    'training': {'run': 'none'},
    'accuracy': [ENTRY],
  }


def paths(tree, prefix=()):
  """Every field, those that hold others too."""
  items = tree.items() if isinstance(tree, dict) else enumerate(tree)
  for name, value in items:
    yield (*prefix, name)
    if isinstance(value, dict | list):
      yield from paths(value, (*prefix, name))


def nested(depth):
  value = {}
  for _ in range(depth):
    value = {'name': value}
  return value


REMOVED = object()
DAMAGES = {
  'null': None,
  'word': 'conv4 ' * 3,
  'empty word': '',
  'negative': -1,
  'zero': 0,
  'half': 0.5,
  'true': True,
  'large': 10**6,
  'huge': 10**400,
  'nan': float('nan'),
  'empty list': [],
  'list': [2, None],
  'long list': [2] * 1_000,
  'nested': nested(3),
  'deep': nested(400),
  'removed': REMOVED,
}


def damaged(card, path, value):
  card = copy.deepcopy(card)
  *parents, last = path
  place = card
  for name in parents:
    place = place[name]
  if value is REMOVED:
    del place[last]
  else:
    place[last] = value
  return card


@functools.cache
def decoded_shape(built):
  """Of three images that a card's generator makes, and encodes if it can."""
  card = json.loads(built)
  generator = models.generator(card)

  def three(params):
    z = generator.sample(jax.random.key(0), params, 3)
    x = generator.decode(params, z)
    if generator.encode is not None:
      assert generator.encode(params, x).shape == z.shape
    return x

  return jax.eval_shape(three, models.shapes(card)).shape


@functools.cache
def classified_shapes(built):
  """Of what a card's classifier says of three images."""
  card = json.loads(built)
  x = jnp.zeros((3, *models.image_shape(card)))
  return jax.eval_shape(models.classifier(card), models.shapes(card), x)


def use(model):
  """Whatever a person does with a model."""
  assert repr(model)
  for known in models.uses(model.card):
    assert models.expected(known)
  built = classifier._built(model.card)
  if model.card['kind'] == 'generator':
    assert decoded_shape(built)[0] == 3
  elif model.card['kind'] == 'classifier':
    assert all(models.account_of_classifier(model.card))
    logits, _ = classified_shapes(built)
    assert logits.shape == (3, model.card['architecture']['classes'])
  else:
    images = np.zeros((2, SIDE, SIDE), np.uint8)
    images[1] = 255
    learned = FewShotClassifier(model).fit(images, [0, 1])
    assert learned.predict_proba(images).shape == (2, 2)


def traced(function):
  """Zeros of the shapes that a function returns, without compiling it."""

  results = {}

  def zeros(*arguments):
    shapes = str(jax.tree.map(jax.typeof, arguments))
    if shapes not in results:
      results[shapes] = jax.eval_shape(function, *arguments)
    return jax.tree.map(
      lambda leaf: np.zeros(leaf.shape, leaf.dtype), results[shapes]
    )

  return zeros


@pytest.fixture
def quick(monkeypatch):
  """Nothing is compiled, and nothing is traced twice."""

  @functools.cache
  def programs(built, ways, **changes):
    card = json.loads(built)
    learner = models.learner(card, ways=ways, padded=True, **changes)
    return traced(learner.adapt), traced(learner.predict)

  @functools.cache
  def shapes(built):
    return build.shapes(json.loads(built))

  monkeypatch.setattr(classifier, '_compiled', programs)
  monkeypatch.setattr(
    files, 'shapes', lambda card: shapes(classifier._built(card))
  )


@pytest.mark.parametrize('name', ARCHITECTURES)
def test_no_damaged_card_ends_in_another_error(name, tmp_path, quick):
  card = full_card(name)
  params = jax.tree.map(
    lambda spec: jnp.zeros(spec.shape, spec.dtype), models.shapes(card)
  )
  folder = models.save_model(tmp_path / 'model', models.Model(card, params))
  whole = json.loads((folder / 'card.json').read_text())
  use(models.load_model(folder))
  refused = 0
  for path in paths(whole):
    for damage, value in DAMAGES.items():
      text = json.dumps(damaged(whole, path, value))
      (folder / 'card.json').write_text(text)
      case = f'{".".join(map(str, path))}: {damage}'
      try:
        use(models.load_model(folder))
      except models.BadModel as error:
        refused += 1
        named(path, str(error), case)
      except Exception as error:
        pytest.fail(f'{case} ends in {error!r}')
  assert refused > 200


def named(path, said, case):
  """A message is of the field, or of the tensor that the field is not for."""
  field = [part for part in path if isinstance(part, str)][-1]
  assert field in said or 'tensor' in said or 'cannot be built' in said, (
    f'{case} is refused without its name: {said}'
  )


@pytest.mark.parametrize('name', ['maml', 'protonets'])
@pytest.mark.parametrize('value', [None, 'fast', -1, [0.4], {}, float('inf')])
def test_a_wrong_setting_is_refused_in_the_words_of_settings(
  name, value, tmp_path
):
  card = full_card(name)
  setting = {'maml': 'learning_rate', 'protonets': 'distance'}[name]
  card['architecture']['learner'][setting] = value
  model = models.Model(card, {})
  said = rf'card\.json: architecture\.learner\.{setting} is .*; it must be '
  with pytest.raises(models.BadModel, match=said):
    models.save_model(tmp_path / 'model', model)


@pytest.mark.parametrize(
  'inversion,said',
  [
    (None, 'inversion is None; it must be a section'),
    ([], r'inversion is \[\]; it must be a section'),
    ({'steps': 5}, "inversion has no 'steps'"),
    ({'width': 0}, r'inversion\.width is 0; it must be'),
    ({'width': 2**18}, r'inversion\.width is 262144, not in'),
    ({'decay_steps': 2**31}, r'inversion\.decay_steps is 2147483648, not in'),
    ({'network': 'conv4'}, r"inversion\.network is 'conv4'"),
  ],
)
def test_a_wrong_inversion_is_refused_by_name(inversion, said, tmp_path):
  card = full_card('inverted')
  card['architecture']['inversion'] = inversion
  with pytest.raises(models.BadModel, match=rf'architecture\.{said}'):
    models.save_model(tmp_path / 'model', models.Model(card, {}))


def test_what_has_no_prior_has_no_inversion(tmp_path):
  card = full_card('inverted')
  card['architecture'] = {'name': 'autoencoder', 'inversion': {}}
  with pytest.raises(models.BadModel, match=r'cannot be built .*no prior'):
    models.save_model(tmp_path / 'model', models.Model(card, {}))


@pytest.mark.parametrize('names', [['a', 'b'], ['a', 'b', 'b'], 'abc'])
def test_class_names_must_be_one_for_each_class(names, tmp_path):
  card = full_card('resnet20') | {'class_names': names}
  with pytest.raises(models.BadModel, match='class_names'):
    models.save_model(tmp_path / 'model', models.Model(card, {}))
