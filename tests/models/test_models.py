"""Models as files: the same back, and what is wrong is refused by name."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from lasium_jax import models
from lasium_jax.types import Examples

VERSION_1 = Path(__file__).parent / 'version_1'
IMAGE = {'height': 8, 'width': 8, 'channels': 1, 'invert': True}
CONV4 = {'name': 'conv4', 'filters': 2}
ARCHITECTURES = {
  'maml': {
    'network': CONV4,
    'learner': {'name': 'maml', 'steps': 2, 'learning_rate': 0.4},
    'ways': 3,
  },
  'protonets': {
    'network': CONV4,
    'learner': {'name': 'protonets', 'distance': 'sum'},
    'ways': 3,
  },
  'vae': {'name': 'vae', 'latent_size': 2, 'filters': [2, 2]},
  'msgan': {'name': 'msgan', 'latent_size': 2, 'filters': 2},
  # Images of 8x8 have two levels.
  'cola': {
    'name': 'cola',
    'clusters': 2,
    'latent_size': 2,
    'width': 2,
    'levels': 2,
  },
  # One of 8x8 has fewer patches than a layer of the loss has kernels.
  'glo': {
    'name': 'glo',
    'classes': 2,
    'latent_size': 2,
    'width': 2,
    'loss': 'kmeans_resnet32',
  },
  'cgan_pd': {
    'name': 'cgan_pd',
    'classes': 2,
    'latent_size': 2,
    'width': 1,
    'decay_steps': 10**6,
  },
  'resnet20': {'network': {'name': 'resnet20', 'width': 2}, 'classes': 5},
  'wide_resnet': {
    'network': {'name': 'wide_resnet', 'depth': 10, 'width': 1},
    'classes': 5,
  },
}
KINDS = dict.fromkeys(('vae', 'msgan', 'cola', 'glo', 'cgan_pd'), 'generator')
KINDS |= dict.fromkeys(('resnet20', 'wide_resnet'), 'classifier')


def make(name):
  """A model with random parameters."""
  card = {
    'kind': KINDS.get(name, 'learner'),
    'architecture': ARCHITECTURES[name],
    'image': IMAGE,
    'training': {'data': 'none'},
    'accuracy': [{'accuracy': 0.5}],
  }
  rng = np.random.default_rng(0)
  params = jax.tree.map(
    lambda spec: rng.normal(size=spec.shape).astype(spec.dtype),
    models.shapes(card),
  )
  return models.Model(card, params)


@pytest.mark.parametrize('name', ARCHITECTURES)
def test_a_model_comes_back_as_it_was(name, tmp_path):
  model = make(name)
  loaded = models.load_model(models.save_model(tmp_path / 'a/model', model))
  assert model.card.items() <= loaded.card.items()
  assert jax.tree.structure(loaded.params) == jax.tree.structure(model.params)
  jax.tree.map(np.testing.assert_array_equal, loaded.params, model.params)
  assert name in repr(loaded)
  if loaded.card['kind'] == 'generator':
    generator = models.generator(loaded.card)
    decoded = jax.eval_shape(
      lambda params: generator.decode(
        params, generator.sample(jax.random.key(0), params, 5)
      ),
      loaded.params,
    )
    assert decoded.shape == (5, 8, 8, 1)
  elif loaded.card['kind'] == 'classifier':
    logits, features = jax.eval_shape(
      models.classifier(loaded.card), loaded.params, jnp.zeros((3, 8, 8, 1))
    )
    assert logits.shape == (3, 5)
    assert features.shape == (3, {'resnet20': 4 * 2, 'wide_resnet': 64}[name])
  else:
    learner = models.learner(loaded.card, inductive=True)
    x = jnp.zeros((3, 8, 8, 1))
    logits = jax.eval_shape(
      lambda params: learner.predict(
        learner.adapt(jax.random.key(0), params, Examples(x, jnp.arange(3))), x
      ),
      loaded.params,
    )
    assert logits.shape == (3, 3)


def test_the_first_format_stays_loadable():
  """Never to be written anew: models of this format are out there."""
  model = models.load_model(VERSION_1)
  assert model.card['format_version'] == 1
  assert model.card['architecture']['ways'] == 3
  assert model.params['Dense_0']['kernel'].shape == (2, 3)


def test_a_folder_loads_with_the_library_alone():
  code = (
    'import sys\n'
    "for name in ('orbax', 'tensorflow_datasets', 'ml_collections',\n"
    "             'matplotlib', 'experiments', 'configs'):\n"
    '  sys.modules[name] = None\n'
    'import lasium_jax\n'
    f'lasium_jax.FewShotClassifier.load({str(VERSION_1)!r})\n'
  )
  subprocess.run([sys.executable, '-c', code], check=True)


def edit_card(change):
  def damage(folder):
    card = json.loads((folder / 'card.json').read_text())
    change(card)
    (folder / 'card.json').write_text(json.dumps(card))

  return damage


def edit_weights(change):
  """Also makes the card's sha256 that of the new file."""

  def damage(folder):
    tensors = load_file(folder / 'weights.safetensors')
    change(tensors)
    save_file(tensors, folder / 'weights.safetensors')
    digest = hashlib.sha256((folder / 'weights.safetensors').read_bytes())
    edit_card(lambda c: c.update(weights_sha256=digest.hexdigest()))(folder)

  return damage


def set_in(*path, value):
  def change(card):
    for name in path[:-1]:
      card = card[name]
    card[path[-1]] = value

  return edit_card(change)


def flip_a_byte(folder):
  path = folder / 'weights.safetensors'
  content = bytearray(path.read_bytes())
  content[-1] ^= 1
  path.write_bytes(content)


def no_safetensors(folder):
  (folder / 'weights.safetensors').write_bytes(b'no tensors at all')
  digest = hashlib.sha256(b'no tensors at all').hexdigest()
  set_in('weights_sha256', value=digest)(folder)


def too_long(folder):
  with (folder / 'weights.safetensors').open('ab') as file:
    file.truncate(2**22)


BIAS = 'Dense_0/bias'
DAMAGES = {
  'no card': (lambda f: (f / 'card.json').unlink(), 'no file card.json'),
  'no weights': (
    lambda f: (f / 'weights.safetensors').unlink(),
    r'no file weights\.safetensors',
  ),
  'no json': (lambda f: (f / 'card.json').write_text('{'), 'is not JSON'),
  'deep json': (
    lambda f: (f / 'card.json').write_text('[' * 100_000),
    'is not JSON',
  ),
  'long card': (
    lambda f: (f / 'card.json').write_text(' ' * 2**21),
    'bytes; 1,048,576 are the most',
  ),
  'list': (lambda f: (f / 'card.json').write_text('[]'), 'not the card'),
  'other format': (set_in('format', value='x'), 'not the card of a lasium_jax'),
  'newer': (set_in('format_version', value=2), 'version is 2.*up to 1.*newer'),
  'version': (set_in('format_version', value='1'), "format_version is '1'"),
  'kind': (set_in('kind', value='x'), "kind is 'x'"),
  'no image': (edit_card(lambda c: c.pop('image')), 'image is missing'),
  'huge image': (
    set_in('image', 'width', value=10**6),
    r'image\.width is 1000000; it must be a whole number, 1 to 1024\.',
  ),
  'channels': (
    set_in('image', 'channels', value=2),
    r'image\.channels is 2; it must be one of \[1, 3\]\.',
  ),
  'invert': (
    set_in('image', 'invert', value='no'),
    r"image\.invert is 'no'; it must be True or False\.",
  ),
  'learner': (
    set_in('architecture', 'learner', 'name', value='os.system'),
    r"architecture\.learner\.name is 'os\.system'; it must be one of",
  ),
  'argument': (
    set_in('architecture', 'network', 'depth', value=4),
    r"architecture\.network has no 'depth'; it has filters, ",
  ),
  'no rate': (
    set_in('architecture', 'learner', 'learning_rate', value=None),
    r'architecture\.learner\.learning_rate is None; it must be a number, 0 or',
  ),
  'steps': (
    set_in('architecture', 'learner', 'steps', value=10**9),
    'steps is 1000000000, not in 0 to 131072',
  ),
  'nan': (
    set_in('architecture', 'learner', 'learning_rate', value=float('nan')),
    'learning_rate is nan',
  ),
  'other size': (
    set_in('architecture', 'network', 'filters', value=3),
    r"tensor '.*' is float32\[2.*needs float32\[3",
  ),
  'bytes': (flip_a_byte, 'its sha256 is'),
  'long weights': (too_long, 'are the most'),
  'no safetensors': (no_safetensors, 'no safetensors file'),
  'missing': (edit_weights(lambda t: t.pop(BIAS)), f'{BIAS}.* is absent'),
  'extra': (
    edit_weights(lambda t: t.update({'../x': t[BIAS]})),
    r"'\.\./x' is float32\[3\].*needs absent",
  ),
  'dtype': (
    edit_weights(lambda t: t.update({BIAS: t[BIAS].astype(np.float64)})),
    f'{BIAS}.* is float64',
  ),
  'not finite': (
    edit_weights(lambda t: t.update({BIAS: t[BIAS] + np.inf})),
    f'{BIAS}.*not finite',
  ),
}


@pytest.mark.parametrize('name', DAMAGES)
def test_damage_is_refused_with_the_reason(name, tmp_path):
  damage, said = DAMAGES[name]
  folder = tmp_path / 'model'
  shutil.copytree(VERSION_1, folder)
  damage(folder)
  with pytest.raises(models.BadModel, match=said) as error:
    models.load_model(folder)
  assert str(folder) in str(error.value)


def test_settings_that_do_not_go_together(tmp_path):
  model = make('vae')
  architecture = {**model.card['architecture'], 'halvings': 3}
  card = {**model.card, 'architecture': architecture}
  with pytest.raises(models.BadModel, match=r'cannot be built.*halve.*3 times'):
    models.save_model(tmp_path / 'model', model._replace(card=card))


def test_a_folder_that_is_in_use_is_left_alone(tmp_path):
  (tmp_path / 'mine').touch()
  with pytest.raises(FileExistsError, match='not empty'):
    models.save_model(tmp_path, make('protonets'))
  assert [p.name for p in tmp_path.iterdir()] == ['mine']


def test_a_card_that_is_no_json_leaves_nothing(tmp_path):
  model = make('protonets')
  card = {**model.card, 'training': {'seed': np.int64(1)}}
  with pytest.raises(TypeError, match='not JSON serializable'):
    models.save_model(tmp_path / 'model', model._replace(card=card))
  assert not (tmp_path / 'model').exists()


def test_parameters_must_fit_their_card(tmp_path):
  model = make('maml')
  with pytest.raises(models.BadModel, match="'Dense_0/bias' is absent"):
    params = {**model.params, 'Dense_0': {}}
    models.save_model(tmp_path / 'model', model._replace(params=params))
  assert not (tmp_path / 'model').exists()
