"""A finished run as a folder, without its data."""

import json
import shutil

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from whole_program import checkpoint, results

from experiments import export
from experiments.components.checks import BadConfig
from experiments.run import hosts, members, record, streams
from experiments.stages import meta as stage_meta
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


def finished(config, workdir, accuracies):
  """The folder of a run; member i has had `accuracies[i]`, its weights are i.

  Its results.json says so of every member, 1-shot and 5-shot.
  """
  found = members.members(config)
  keys, _ = members.stacked_keys(found, streams.META)
  x = jnp.zeros((1, config.data.size, config.data.size, config.data.channels))

  def filled(leaf):
    rows = jnp.arange(len(found)).reshape(-1, *(1,) * (len(leaf.shape) - 1))
    return jnp.broadcast_to(rows, leaf.shape).astype(leaf.dtype)

  state = jax.eval_shape(lambda: stage_meta._start(config, keys, x))
  state = jax.tree.map(filled, state)
  state = state._replace(best_accuracy=jnp.array(accuracies))
  files = record.open_record(workdir, {})
  files.keep_config(config.to_dict())
  hosts.save(files.checkpoints('meta_train'), config.meta.iterations, state)
  entries = [
    {'name': config.name, 'shots': shots, 'accuracy': accuracy}
    | ({'member': member.settings()} if len(found) > 1 else {})
    for shots in (1, 5)
    for member, accuracy in zip(found, accuracies, strict=True)
  ]
  entries.append({'name': 'scratch', 'shots': 1, 'accuracy': 0.3})
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
  assert members.members(config)[3] == members.Member(
    4, {'alpha': 0.1, 'inner_rate': 0.3}
  )
  accuracies = [0.5] * 8
  accuracies[3] = 0.625
  run = finished(config, tmp_path / 'run', accuracies)
  card, params = models.load_model(export.export(run, tmp_path / 'model'))
  assert all((leaf == 3).all() for leaf in leaves(params))
  assert card['architecture']['learner']['learning_rate'] == 0.3
  training = card['training']
  assert training['seed'] == 4
  assert training['latents']['alpha'] == 0.1
  assert training['learner']['inner_rate'] == 0.3
  kept = [(entry['shots'], entry['accuracy']) for entry in card['accuracy']]
  assert kept == [(1, 0.625), (5, 0.625)]


def test_a_card_tells_nothing_of_the_machine(shrunk, tmp_path):
  fields = {'path': '/mine/a', 'evaluation_path': '/mine/b', 'device_bytes': 77}
  config = shrunk(
    'ro-vae-maml',
    generator__workdir='/mine/c',
    **{f'data__{name}': value for name, value in fields.items()},
  )
  run = finished(config, tmp_path / 'run', [0.5])
  folder = export.export(run, tmp_path / 'model')
  text = (folder / 'card.json').read_text()
  assert 'mine' not in text
  assert str(tmp_path) not in text
  data = json.loads(text)['training']['data']
  assert data == {
    name: json.loads(json.dumps(value))
    for name, value in config.data.to_dict().items()
    if name not in fields
  }


@pytest.mark.parametrize(
  ('name', 'parts'),
  [('ro-vae-maml', {'generator', 'latents'}), ('supervised-maml', set())],
)
def test_a_card_has_what_the_run_has_used(shrunk, tmp_path, name, parts):
  run = finished(shrunk(name), tmp_path / 'run', [0.5])
  card = models.load_model(export.export(run, tmp_path / 'model')).card
  assert {'generator', 'latents'} & card['training'].keys() == parts
  assert len(card['accuracy']) == 2


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
