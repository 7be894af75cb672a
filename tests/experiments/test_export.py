"""A finished run as a folder, without its data."""

import json
import shutil

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from whole_program import checkpoint, config_of, results

from experiments.components.data import image_shape
from experiments.components.few_shot import parts_of
from experiments.run import hosts, members, record, streams
from experiments.run.app import settings_of
from experiments.run.config import BadConfig
from experiments.stages import meta
from experiments.systems import lasium
from experiments.systems.exports import export
from lasium_jax import FewShotClassifier, models


def newest(stage):
  return checkpoint(max(p for p in stage.iterdir() if p.is_dir()))


def leaves(params):
  return [np.asarray(leaf) for leaf in jax.tree.leaves(params)]


def test_the_learner_of_a_run(reference, tmp_path):
  model = models.load_model(export(reference, tmp_path / 'model'))
  saved = newest(reference / 'checkpoints/meta_train')
  best = [leaf for name, leaf in saved.items() if name.startswith('.best[')]
  assert sum(map(np.size, best)) == sum(map(np.size, leaves(model.params)))
  for leaf in leaves(model.params):
    assert any(np.array_equal(leaf, other[0]) for other in best)
  config = json.loads((reference / 'config.json').read_text())
  architecture = model.card['architecture']
  # The sections of the config, and the learner as it is evaluated.
  assert architecture['network'] == config['network']
  evaluated = {'steps': config['evaluation_learner']['steps']}
  assert architecture['learner'] == {**config['learner'], **evaluated}
  assert model.card['accuracy'] == [
    entry for entry in results(reference) if entry['name'] == config['name']
  ]
  side = config['data']['size']
  x = np.random.default_rng(0).integers(256, size=(4, side, side))
  learned = FewShotClassifier(model).fit(x, [0, 1, 1, 2])
  assert learned.predict_proba(x).shape == (4, 3)


def test_the_generator_of_a_run(reference, tmp_path):
  folder = export(reference, tmp_path / 'model', 'generator')
  model = models.load_model(folder)
  saved = newest(reference / 'checkpoints/train_generator')
  config = json.loads((reference / 'config.json').read_text())
  assert model.card['architecture'] == config['generator']
  for path, leaf in jax.tree_util.tree_leaves_with_path(model.params['params']):
    name = f"[0].variables['params']{jax.tree_util.keystr(path)}"
    np.testing.assert_array_equal(leaf, saved[name])
  generator = models.generator(model.card)
  z = generator.sample(jax.random.key(0), model.params, 3)
  shape = jax.eval_shape(generator.decode, model.params, z).shape
  assert shape == (3, *models.image_shape(model.card))


def finished(config, workdir, accuracies):
  """The folder of a run; member i has had `accuracies[i]`, its weights are i.

  Its results.json says so of every member, 1-shot and 5-shot.
  """
  settings = settings_of(config, lasium.system())
  found = members.members(settings)
  keys, _ = members.stacked_keys(found, streams.META)
  x = jnp.zeros((1, *image_shape(settings)))
  learner = parts_of(settings).meta.learner({})
  optimizer = meta._optimizer(1e-3, 'constant', 1, 0.0)({})

  def filled(leaf):
    rows = jnp.arange(len(found)).reshape(-1, *(1,) * (len(leaf.shape) - 1))
    return jnp.broadcast_to(rows, leaf.shape).astype(leaf.dtype)

  state = jax.eval_shape(lambda: meta.start(learner, optimizer, keys, x))
  state = jax.tree.map(filled, state)
  state = state._replace(best_accuracy=jnp.array(accuracies))
  files = record.open_record(workdir, settings)
  files.keep_config(settings)
  hosts.save(files.checkpoints('meta_train'), config.meta.iterations, state)
  entries = [
    {'name': config.name, 'metric': 'accuracy', 'value': accuracy}
    | {'n': 100, 'protocol': {'shots': shots}}
    | ({'member': member.settings()} if len(found) > 1 else {})
    for shots in (1, 5)
    for member, accuracy in zip(found, accuracies, strict=True)
  ]
  floor = {'name': 'scratch', 'metric': 'accuracy', 'value': 0.3, 'n': 100}
  entries.append(floor)
  record.write_json(workdir / 'results.json', {'results': entries})
  return workdir


def test_the_card_is_of_the_member_that_is_best(shrunk, tmp_path):
  config = shrunk(
    'ro-vae-maml',
    seed=3,
    seeds=2,
    sweep__alpha=(0.1, 0.7),
    sweep__inner_rate=(0.2, 0.3),
  )
  assert members.members(config.to_dict())[3] == members.Member(
    4, {'alpha': 0.1, 'inner_rate': 0.3}
  )
  accuracies = [0.5] * 8
  accuracies[3] = 0.625
  run = finished(config, tmp_path / 'run', accuracies)
  card, params = models.load_model(export(run, tmp_path / 'model'))
  assert all((leaf == 3).all() for leaf in leaves(params))
  assert card['architecture']['learner']['learning_rate'] == 0.3
  training = card['training']
  assert training['seed'] == 4
  assert training['latents']['alpha'] == 0.1
  assert training['learner']['learning_rate'] == 0.3
  kept = [(e['protocol']['shots'], e['value']) for e in card['accuracy']]
  assert kept == [(1, 0.625), (5, 0.625)]


def test_a_card_tells_nothing_of_the_machine(tmp_path):
  config = config_of('lasium/folder.py:umtra-maml')
  fields = {'path': '/mine/a', 'evaluation_path': '/mine/b'}
  config.data.update(fields)
  config.data.size = 28
  run = finished(config, tmp_path / 'run', [0.5])
  folder = export(run, tmp_path / 'model')
  text = (folder / 'card.json').read_text()
  assert 'mine' not in text
  assert str(tmp_path) not in text
  data = json.loads(text)['training']['data']
  assert data == {
    name: value
    for name, value in config.data.to_dict().items()
    if name not in fields
  }


@pytest.mark.parametrize(
  ('name', 'parts'),
  [('ro-vae-maml', {'generator', 'latents'}), ('supervised-maml', set())],
)
def test_a_card_has_what_the_run_has_used(shrunk, tmp_path, name, parts):
  run = finished(shrunk(name), tmp_path / 'run', [0.5])
  card = models.load_model(export(run, tmp_path / 'model')).card
  assert {'generator', 'latents'} & card['training'].keys() == parts
  assert len(card['accuracy']) == 2


def test_the_folder_is_looked_at_before_the_run(tmp_path):
  """Which is not there."""
  (tmp_path / 'file').write_text('')
  for out, said in (('', 'not empty'), ('file', 'is no folder')):
    with pytest.raises(OSError, match=f'--out is .*{said}'):
      export(tmp_path / 'nothing', tmp_path / out)


def test_runs_that_cannot_be_exported(shrunk, reference, tmp_path):
  with pytest.raises(BadConfig, match='is not a run'):
    export(tmp_path, tmp_path / 'model')
  run = tmp_path / 'run'
  run.mkdir()
  shutil.copy(reference / 'config.json', run)
  with pytest.raises(FileNotFoundError, match='0 of 6 steps of meta_train'):
    export(run, tmp_path / 'model')
  cut = json.loads((reference / 'config.json').read_text())
  cut['data']['threshold'] = 0.5
  (run / 'config.json').write_text(json.dumps(cut))
  with pytest.raises(BadConfig, match=r'data\.threshold = 0\.5'):
    export(run, tmp_path / 'model')
  scratch = settings_of(shrunk('scratch'), lasium.system())
  (run / 'config.json').write_text(json.dumps(scratch))
  for what in ('learner', 'generator'):
    with pytest.raises(BadConfig, match=f'no {what} to export'):
      export(run, tmp_path / 'model', what)
  with pytest.raises(BadConfig, match='has no classifier to export'):
    export(run, tmp_path / 'model', 'classifier')
  (run / 'config.json').write_text(json.dumps({'name': 'x', 'meta': {}}))
  with pytest.raises(BadConfig, match=r'lasium_jax 0\.1'):
    export(run, tmp_path / 'model')
  assert not (tmp_path / 'model').exists()
