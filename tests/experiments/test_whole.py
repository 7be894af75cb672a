"""The main job from its real configs, shrunk."""

import json
import re

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from whole_program import (
  assert_same_run,
  final_states,
  metrics,
  random_splits,
  results,
)

from experiments.components import build, checks
from experiments.run.record import Record
from experiments.stages import evaluation as stage_evaluation
from experiments.stages import generator as stage_generator
from lasium_jax import meta
from lasium_jax.data import image_set
from lasium_jax.types import GeneratorSource, Learner

FIELDS = {
  *('name', 'dataset', 'ways', 'shots', 'queries', 'tasks', 'seed'),
  *('accuracy', 'ci95', 'normalization', 'steps', 'config'),
}


def test_one_command_leaves_a_whole_record(reference):
  assert json.loads((reference / 'config.json').read_text())['name'] == (
    'ro-vae-maml'
  )
  entries = results(reference)
  assert [entry['name'] for entry in entries] == ['ro-vae-maml', 'scratch']
  for entry in entries:
    assert entry.keys() == FIELDS
    assert 0 <= entry['accuracy'] <= 1
    assert entry['normalization'] == 'transductive'
    assert entry['config'] == 'configs/lasium/glyphs.py:ro-vae-maml'
  assert [entry['steps'] for entry in entries] == [6, 0]
  written = {entry['stage'] for entry in metrics(reference)}
  assert written == final_states(reference).keys()
  for entry in metrics(reference):
    assert all(np.isfinite(v) for k, v in entry.items() if k != 'stage')
  samples = {re.sub(r'\d+', '#', p.name) for p in reference.glob('samples/*')}
  assert samples == {
    'generator_#.png',
    'generator_real.png',
    'generator_reconstructions.png',
    'task_real.png',
    'task_synthetic_#.png',
  }
  assert '</html>' in (reference / 'report.html').read_text()


def test_the_events_hold_the_metrics(reference):
  for entry in metrics(reference):
    files = reference.glob(f'events/{entry["stage"]}/*')
    data = b''.join(path.read_bytes() for path in files)
    for name in entry.keys() - {'stage', 'step', 'seconds'}:
      assert name.encode() in data


def test_again_it_changes_nothing(program, reference):
  files = ('config.json', 'metrics.jsonl', 'results.json')
  before = [(reference / name).read_bytes() for name in files]
  output = program.run(program.command('lasium', reference))
  assert 'train_generator' not in output
  assert [(reference / name).read_bytes() for name in files] == before


def test_stage_by_stage_the_run_is_the_same(program, reference, tmp_path):
  command = program.command('meta_train', tmp_path)
  output = program.run(command, code=1)
  assert 'experiments/train_generator.py' in output
  program.run(program.command('train_generator', tmp_path))
  program.run(command)
  program.run(program.command('evaluate_learner', tmp_path))
  assert_same_run(tmp_path, reference)


def test_a_generator_serves_other_runs_of_its_settings_only(
  shrunk, reference, tmp_path
):
  splits, files = random_splits(28), Record(tmp_path / 'run', {})
  fields = {'generator.workdir': str(reference), 'data.size': 28}
  config = shrunk('oc-vae-protonets', generator__anchors='encoded', **fields)
  borrowed = stage_generator.train_generator(config, splits, files)
  trained = final_states(reference)['train_generator']
  for path, leaf in jax.tree_util.tree_leaves_with_path(borrowed):
    name = f'.params{jax.tree_util.keystr(path)}'
    np.testing.assert_array_equal(leaf, trained[name])
  assert not files.workdir.exists()

  for field, value in {'generator.rate': 0.1, 'data.split_seed': 1}.items():
    other = shrunk('oc-vae-protonets', **fields, **{field: value})
    with pytest.raises(checks.BadConfig, match=field):
      stage_generator.train_generator(other, splits, files)
  nowhere = shrunk('oc-vae-maml', generator__workdir=str(tmp_path))
  with pytest.raises(checks.BadConfig, match='is not a run'):
    stage_generator.train_generator(nowhere, splits, files)


def test_all_learners_are_judged_on_the_same_tasks(
  shrunk, splits, tmp_path, monkeypatch
):
  """Whatever they do with their keys, and however tasks are batched."""
  seen = {'first': [], 'second': []}

  def learner(name):
    def adapt(key, params, support):
      return support.x, jax.random.normal(jax.random.split(key, len(name))[0])

    def predict(adapted, x):
      images = jnp.concatenate([adapted[0], x])
      jax.debug.callback(seen[name].append, images)
      return jnp.zeros((len(x), 5)) + adapted[1]

    return Learner(lambda key, x: (), adapt, predict)

  monkeypatch.setattr(build, 'learner', lambda *a, **k: learner('first'))
  monkeypatch.setattr(build, 'scratch', lambda *a, **k: learner('second'))
  for dispatch in (3, 4):
    config = shrunk(
      'ro-vae-maml',
      seed=dispatch,
      evaluation__scratch=True,
      evaluation__tasks_per_dispatch=dispatch,
    )
    workdir = tmp_path / str(dispatch)
    workdir.mkdir()
    stage_evaluation.evaluate(config, splits, Record(workdir, {}), jnp.zeros(1))
  jax.effects_barrier()
  first, second = (
    sorted(np.asarray(x).tobytes() for x in tasks) for tasks in seen.values()
  )
  assert len(set(first)) == 12  # Some twice, to give each device as many.
  assert first == second


RUNS = [
  f'{sampler}-{generator}-{learner}'
  for sampler in ('n', 'ro', 'oc')
  for generator in ('vae', 'msgan')
  for learner in ('maml', 'protonets')
]
RUNS += ['umtra-maml', 'umtra-protonets']
RUNS += ['supervised-maml', 'supervised-protonets', 'scratch']
VARIANTS = [
  f'{run}-{variant}'
  for run in ('n-vae-maml', 'oc-msgan-protonets', 'supervised-maml', 'scratch')
  for variant in ('paper', 'released')
]


@pytest.mark.parametrize('benchmark', ['glyphs', 'omniglot'])
@pytest.mark.parametrize('run', RUNS + VARIANTS)
def test_every_run_of_a_config_can_work(shrunk, benchmark, run):
  build.check(shrunk(run, benchmark, evaluation__scratch=True))


def meta_training(config, splits):
  """The step of a config, and a function that makes its state and source."""
  shape = splits.train.shape
  model = trainer = None
  if checks.needs_generator(config):
    model, trainer = build.generator(config, shape)
  learner = build.learner(config)
  optimizer = build.outer_optimizer(config)
  step = meta.meta_step(
    learner, build.training_tasks(config, model), optimizer, meta_batch=2
  )

  def start():
    params = learner.init(jax.random.key(1), jnp.zeros((5, *shape)))
    source = image_set(splits.train)
    if trainer:
      state = trainer.init(jax.random.key(0), jnp.zeros((2, *shape)))
      source = GeneratorSource(state.params, source.images)
    return meta.MetaState(params, optimizer.init(params)), source

  return step, start


@pytest.mark.parametrize('run', [run for run in RUNS if run != 'scratch'])
def test_a_meta_step_of_any_parts_keeps_its_types(shrunk, splits, run):
  """Traced only, for it is the compiling that takes long."""
  config = shrunk(run, generator__anchors='prior', network__filters=2)
  step, start = meta_training(config, splits)
  state, source = jax.eval_shape(start)
  after, values = jax.eval_shape(step, jax.random.key(2), state, source)
  chex.assert_trees_all_equal_shapes_and_dtypes(after, state)
  assert values.keys() == {'loss', 'accuracy'}


def test_a_meta_step_is_compiled_once(shrunk, splits):
  config = shrunk(
    'n-vae-protonets', generator__anchors='encoded', network__filters=2
  )
  step, start = meta_training(config, splits)
  state, source = jax.jit(start)()
  chex.clear_trace_counter()
  step = jax.jit(chex.assert_max_traces(step, n=1))
  for i in range(3):
    before = state
    state, values = step(jax.random.key(i), state, source)
    assert np.isfinite(values['loss'])
    with pytest.raises(AssertionError):
      chex.assert_trees_all_equal(state.params, before.params)
