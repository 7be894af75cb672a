"""Runs of COLA that are given networks: to compare images by, and to judge by.

In this process, of the real config, shrunk.
"""

import json
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from whole_program import config_of, final_states, results

from experiments.components import measures
from experiments.run import record
from experiments.run.app import settings_of
from experiments.run.config import BadConfig
from experiments.run.run import Places, open_run
from experiments.stages import generator
from experiments.stages.distances import Embedding
from experiments.systems import cola, cola_figures
from experiments.systems.exports import export
from lasium_jax import models
from lasium_jax.nets import ResNet
from lasium_jax.types import Classified

CLASSES, SHOTS = 2, 3
SMALL = {
  'small_sample.classes': CLASSES,
  'small_sample.shots': SHOTS,
  'generator.clusters': CLASSES,
  'generator.loss': 'trained_resnet32',
  'measure.weights': 'models/a',
  'generator_training.steps': 2,
  'training.steps': 2,
  'training.batch_size': 8,
  'classifier.name': 'infogan',
  'classifier.width': 2,
  'quality.images': 8,
  'quality.recognizer': 'runs/a',
  'seeds': 1,
}


@pytest.fixture(scope='module')
def given():
  """An exported classifier, as far as a run reads one, and a recognizer."""
  network = ResNet(3, depth=32, width=2)
  x = jnp.zeros((1, 28, 28, 1))
  params = jax.jit(network.init, static_argnums=2)(jax.random.key(0), x, False)
  card = {
    'kind': 'classifier',
    'architecture': {'network': {'name': 'resnet32'}},
    'image': {'height': 28, 'width': 28, 'channels': 1},
  }
  pixels = Embedding(
    'pixels',
    lambda params, x: Classified(x, params * x.reshape(len(x), -1)),
    1.0,
  )
  return SimpleNamespace(card=card, params=params), pixels


@pytest.fixture(scope='module')
def finished(given, tmp_path_factory):
  """The workdir, and where its characters are kept."""
  model, pixels = given
  base = tmp_path_factory.mktemp('weights')
  places = Places(cache_dir=base / 'data')
  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(measures.models, 'load_model', lambda folder: model)
    patch.setattr(cola, 'embedding_of', lambda settings: pixels)
    config = config_of('cola/glyphs.py')
    config.update_from_flattened_dict(SMALL)
    settings = settings_of(config, cola.system())
    parts = cola.build(settings)
    files = record.open_record(base / 'run', settings)
    files.keep_config(settings)
    cola.ready(parts, files)
    splits = cola.read(settings, places)
    files.keep_data(splits)
    cola.work(open_run(settings, files, splits), parts)
  return base / 'run', places


def test_images_are_compared_by_the_weights_that_are_given(given, finished):
  """They lie in the training's state, unchanged."""
  state = final_states(finished[0])['train_generator']
  kept = {name: leaf for name, leaf in state.items() if '.measure' in name}
  leaves = jax.tree.leaves(given[0].params)
  assert len(kept) == len(leaves)
  assert sum(map(np.sum, kept.values())) == pytest.approx(
    sum(float(leaf.sum()) for leaf in leaves), rel=1e-4
  )


@pytest.mark.parametrize('figure', ['spread', 'one-gaussian'])
def test_it_is_exported_and_drawn(
  given, finished, tmp_path, monkeypatch, figure
):
  workdir, places = finished
  monkeypatch.setattr(measures.models, 'load_model', lambda folder: given[0])
  request = cola_figures.Request(
    workdir, places, spreads=(1.0,), columns=2, images=8
  )
  cola_figures.draw(figure, tmp_path / 'figure', request)
  monkeypatch.undo()
  with pytest.raises(models.BadModel, match='models/a'):
    export(workdir, tmp_path / 'model', 'generator')


def test_what_was_compared_in_features_is_on_the_page(finished):
  found = results(finished[0])
  compared = [e for e in found if 'features' in e['protocol']]
  assert {entry['name'] for entry in compared} == {'scola', 'test'}
  assert {entry['protocol']['features'] for entry in compared} == {'pixels'}
  assert len(compared) == 2 * 7
  page = (finished[0] / 'report.html').read_text()
  for words in ('chet distance in the recognizer', 'CAS-Test', 'coverage'):
    assert words in page


def test_another_run_has_the_same_weights_or_no_such_generator(finished):
  settings = json.loads((finished[0] / 'config.json').read_text())
  settings['generator_training']['workdir'] = str(finished[0])
  generator.check_borrowed(settings)
  settings['measure']['weights'] = 'models/b'
  with pytest.raises(BadConfig, match=r'measure.weights = .models/a'):
    generator.check_borrowed(settings)
