"""A finished run as a folder, without its data."""

import json
import shutil

import jax
import numpy as np
import pytest
from whole_program import checkpoint, results

from experiments import export
from experiments.checks import BadConfig
from lasium_jax import FewShotClassifier, models


def newest(stage):
  return checkpoint(max(p for p in stage.iterdir() if p.is_dir()))


def leaves(params):
  return [np.asarray(leaf) for leaf in jax.tree.leaves(params)]


def test_the_learner_of_a_run(reference, tmp_path):
  model = models.load_model(export.export(reference, tmp_path / 'model'))
  saved = newest(reference / 'checkpoints/meta_train')
  best = [leaf for name, leaf in saved.items() if name.startswith('.best[')]
  assert sum(map(np.size, best)) == sum(map(np.size, leaves(model.params)))
  for leaf in leaves(model.params):
    assert any(np.array_equal(leaf, other[0]) for other in best)
  config = json.loads((reference / 'config.json').read_text())
  assert (
    model.card['architecture']['learner']['steps']
    == (config['evaluation']['inner_steps'])
  )
  accuracies = [entry['accuracy'] for entry in model.card['accuracy']]
  assert accuracies == [
    entry['accuracy']
    for entry in results(reference)
    if entry['name'] == config['name']
  ]
  side = config['data']['size']
  x = np.random.default_rng(0).integers(256, size=(4, side, side))
  learned = FewShotClassifier(model).fit(x, [0, 1, 1, 2])
  assert learned.predict_proba(x).shape == (4, 3)


def test_the_generator_of_a_run(reference, tmp_path):
  folder = export.export(reference, tmp_path / 'model', 'generator')
  model = models.load_model(folder)
  saved = newest(reference / 'checkpoints/train_generator')
  weights = [leaf for name, leaf in saved.items() if name.startswith('.params')]
  found = leaves(model.params)
  assert len(found) == len(weights)
  assert all(any(np.array_equal(a, b) for b in weights) for a in found)
  generator = models.generator(model.card)
  z = generator.sample(jax.random.key(0), 3)
  shape = jax.eval_shape(generator.decode, model.params, z).shape
  assert shape == (3, *models.image_shape(model.card))


def test_no_path_of_this_machine_is_in_a_card(reference, tmp_path):
  folder = export.export(reference, tmp_path / 'model')
  assert str(reference.parent) not in (folder / 'card.json').read_text()


def test_runs_that_cannot_be_exported(reference, tmp_path):
  with pytest.raises(BadConfig, match='is not a run'):
    export.export(tmp_path, tmp_path / 'model')
  run = tmp_path / 'run'
  run.mkdir()
  shutil.copy(reference / 'config.json', run)
  with pytest.raises(FileNotFoundError, match='0 of 6 steps of meta_train'):
    export.export(run, tmp_path / 'model')
  config = json.loads((run / 'config.json').read_text())
  config['meta']['iterations'] = 0
  (run / 'config.json').write_text(json.dumps(config))
  for what in ('learner', 'generator'):
    with pytest.raises(BadConfig, match=f'no {what} to export'):
      export.export(run, tmp_path / 'model', what)
  assert not (tmp_path / 'model').exists()
