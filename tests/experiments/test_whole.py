"""The main job from its real configs, shrunk."""

import json
import re

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from whole_program import assert_same_run, final_states, metrics, results

from experiments import build, checks, stages
from experiments.record import Record
from lasium_jax import meta
from lasium_jax.data import image_set
from lasium_jax.types import GeneratorSource

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
    assert entry['config'] == 'configs/glyphs.py:ro-vae-maml'
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
  data = b''.join(p.read_bytes() for p in reference.glob('events/*'))
  for entry in metrics(reference):
    for name in entry.keys() - {'stage', 'step', 'seconds'}:
      assert f'{entry["stage"]}/{name}'.encode() in data


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
  program.run(program.command('evaluate', tmp_path))
  assert_same_run(tmp_path, reference)


def test_a_generator_serves_other_runs_of_its_settings_only(
  shrunk, splits, tmp_path
):
  owner = Record(tmp_path / 'a', NoEvents())
  config = shrunk('ro-vae-protonets')
  (tmp_path / 'a/samples').mkdir(parents=True)
  owner.keep_config(config.to_dict())
  trained = stages.train_generator(config, splits, owner)

  borrower = Record(tmp_path / 'b', NoEvents())
  fields = {'generator__workdir': str(tmp_path / 'a')}
  other = shrunk('oc-vae-protonets', generator__anchors='encoded', **fields)
  borrowed = stages.train_generator(other, splits, borrower)
  chex.assert_trees_all_equal(borrowed, trained)
  assert not borrower.workdir.exists()

  for field, value in {'generator__rate': 0.1, 'data__split_seed': 1}.items():
    other = shrunk('oc-vae-protonets', **fields, **{field: value})
    with pytest.raises(checks.BadConfig, match=field.replace('__', '.')):
      stages.train_generator(other, splits, borrower)


class NoEvents:
  def add_scalar(self, *args):
    pass


def test_all_learners_are_judged_on_the_same_tasks(
  shrunk, splits, tmp_path, monkeypatch
):
  """What differs between runs besides the learner must not matter."""
  seen = []

  def evaluation_tasks(config, shots):
    task_fn = original(config, shots)

    def spied(key, source):
      task = task_fn(key, source)
      jax.debug.callback(lambda x: seen[-1].append(np.asarray(x)), task.query.x)
      return task

    return spied

  original = build.evaluation_tasks
  monkeypatch.setattr(build, 'evaluation_tasks', evaluation_tasks)
  for run, dispatch in (('scratch', 3), ('scratch-paper', 4)):
    seen.append([])
    config = shrunk(run, seed=dispatch, evaluation__tasks_per_dispatch=dispatch)
    workdir = tmp_path / run
    workdir.mkdir()
    stages.evaluate(config, splits, Record(workdir, NoEvents()), None)
    jax.effects_barrier()
  first, second = (sorted(x.tobytes() for x in tasks) for tasks in seen)
  assert len(set(first)) == 12
  assert first == second


RUNS = [
  f'{sampler}-{generator}-{learner}'
  for sampler in ('n', 'ro', 'oc')
  for generator in ('vae', 'msgan')
  for learner in ('maml', 'protonets')
]
RUNS += ['supervised-maml', 'supervised-protonets', 'scratch']
VARIANTS = [
  f'{run}-{variant}'
  for run in ('n-vae-maml', 'oc-msgan-protonets', 'supervised-maml', 'scratch')
  for variant in ('paper', 'released')
]


@pytest.mark.parametrize('benchmark', ['glyphs', 'omniglot'])
@pytest.mark.parametrize('run', RUNS + VARIANTS)
def test_every_run_of_a_config_can_work(shrunk, benchmark, run):
  fields = {'evaluation__scratch': True}
  build.check(shrunk(run, benchmark, **fields))


def meta_training(config, splits):
  """`(step, state, source)` of a config, its generator untrained."""
  model = params = None
  if checks.needs_generator(config):
    model, trainer = build.generator(config, splits.train.shape)
    batch = jnp.zeros((2, *splits.train.shape))
    params = trainer.init(jax.random.key(0), batch).params
  source = (
    GeneratorSource(params, jnp.asarray(splits.train.images))
    if model
    else image_set(splits.train)
  )
  learner = build.learner(config)
  optimizer = build.outer_optimizer(config)
  start = learner.init(jax.random.key(1), jnp.zeros((5, *splits.train.shape)))
  step = meta.meta_step(
    learner, build.training_tasks(config, model), optimizer, meta_batch=2
  )
  return step, meta.MetaState(start, optimizer.init(start)), source


@pytest.mark.parametrize('run', [run for run in RUNS if run != 'scratch'])
def test_a_meta_step_of_any_parts_keeps_its_types(shrunk, splits, run):
  """Traced only, for it is the compiling that takes long."""
  config = shrunk(run, generator__anchors='prior', network__filters=2)
  step, state, source = meta_training(config, splits)
  after, values = jax.eval_shape(step, jax.random.key(2), state, source)
  chex.assert_trees_all_equal_shapes_and_dtypes(after, state)
  assert values.keys() == {'loss', 'accuracy'}


def test_a_meta_step_is_compiled_once(shrunk, splits):
  config = shrunk(
    'n-vae-protonets', generator__anchors='encoded', network__filters=2
  )
  step, state, source = meta_training(config, splits)
  chex.clear_trace_counter()
  step = jax.jit(chex.assert_max_traces(step, n=1))
  for i in range(3):
    before = state
    state, values = step(jax.random.key(i), state, source)
    assert np.isfinite(values['loss'])
    with pytest.raises(AssertionError):
      chex.assert_trees_all_equal(state.params, before.params)
