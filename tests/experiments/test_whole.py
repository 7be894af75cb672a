"""The main job from its real configs, shrunk."""

import json
import re
import shutil

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from whole_program import (
  assert_same_run,
  final_states,
  metrics,
  random_splits,
  results,
)

from experiments.run import record
from experiments.run.app import settings_of
from experiments.run.config import BadConfig
from experiments.stages import generator
from experiments.systems import lasium
from lasium_jax import meta
from lasium_jax.data import image_set
from lasium_jax.types import GeneratorSource, Learner, TrainingSet

FIELDS = {
  *('name', 'metric', 'value', 'ci95', 'n', 'of', 'dataset', 'protocol'),
  *('steps', 'config'),
}


def test_one_command_leaves_a_whole_record(reference):
  assert json.loads((reference / 'config.json').read_text())['name'] == (
    'ro-vae-maml'
  )
  entries = results(reference)
  assert [entry['name'] for entry in entries] == ['ro-vae-maml', 'scratch']
  for entry in entries:
    assert entry.keys() >= FIELDS
    assert 0 <= entry['value'] <= 1
    assert entry['protocol'] == {
      'ways': 5,
      'shots': 1,
      'queries': 3,
      'seed': 0,
      'normalization': 'transductive',
    }
    assert entry['config'] == 'configs/lasium/glyphs.py:ro-vae-maml'
  assert [entry.get('steps', 0) for entry in entries] == [6, 0]
  assert [entry.get('floor', False) for entry in entries] == [False, True]
  assert entries[0]['use'] == {'head': 'trained', 'inductive': False}
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
    'pictures.json',
  }
  stages = json.loads((reference / 'stages.json').read_text())
  assert stages.keys() == written
  captions = json.loads((reference / 'samples/pictures.json').read_text())
  assert {f'{name}.png' for name in captions} == {
    path.name for path in reference.glob('samples/*.png')
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
  assert not (tmp_path / 'config.json').exists()
  program.run(program.command('train_generator', tmp_path))
  program.run(command)
  program.run(program.command('evaluate_learner', tmp_path))
  assert_same_run(tmp_path, reference)


@pytest.fixture
def borrowing(shrunk, reference):
  """A config whose generator is that of the reference run."""

  def make(run='oc-vae-protonets', **fields):
    workdir = {'generator_training.workdir': str(reference), 'data.size': 28}
    return shrunk(run, **{**workdir, **fields})

  return make


def test_a_generator_serves_other_runs(borrowing, opened, reference):
  run, parts = opened(borrowing(), splits=random_splits(28))
  borrowed = lasium.train_generator(run, parts)
  trained = final_states(reference)['train_generator']
  decoder = borrowed['params']['decoder']
  for path, leaf in jax.tree_util.tree_leaves_with_path(decoder):
    inner = jax.tree_util.keystr(path)
    name = f"[0].variables['params']['decoder']{inner}"
    np.testing.assert_array_equal(leaf, trained[name])
  assert not run.files.checkpoints('train_generator').exists()


@pytest.mark.parametrize(
  ('field', 'value'),
  [
    ('generator.learning_rate', 0.1),
    ('data.split_seed', 1),
    ('generator_training.steps', 7),
  ],
)
def test_a_generator_of_other_settings_is_refused(
  borrowing, tmp_path, field, value
):
  with pytest.raises(BadConfig, match=field.partition('.')[2]):
    check_ready(borrowing(**{field: value}), tmp_path)


def check_ready(config, workdir):
  """What a door looks at before the workdir is anyone's."""
  parts = lasium.build(settings_of(config, lasium.system()))
  lasium.ready(parts, record.Record(workdir / 'new', {}))


def test_a_generator_that_is_not_there_is_refused(shrunk, tmp_path):
  config = shrunk('oc-vae-maml', generator_training__workdir=str(tmp_path))
  with pytest.raises(BadConfig, match='is not a run'):
    check_ready(config, tmp_path)


def test_a_generator_of_an_older_version_is_refused(shrunk, tmp_path):
  (tmp_path / 'config.json').write_text('{"name": "ro-vae-maml"}')
  config = shrunk('oc-vae-maml', generator_training__workdir=str(tmp_path))
  with pytest.raises(BadConfig, match=r'lasium_jax 0\.1'):
    check_ready(config, tmp_path)


def test_a_finished_run_needs_its_lender_no_more(program, reference, tmp_path):
  """Neither to be evaluated again nor to be looked at by the same command."""
  lender = tmp_path / 'lender'
  shutil.copytree(reference, lender)
  fields = {'generator_training__workdir': lender}
  workdir = tmp_path / 'run'
  command = program.command('lasium', workdir, **fields)
  program.run(command)
  before = results(workdir)
  shutil.rmtree(lender)
  program.run(program.command('evaluate_learner', workdir, **fields))
  program.run(command)
  assert results(workdir) == before


def test_a_generator_that_is_not_finished_is_refused(
  borrowing, reference, tmp_path
):
  unfinished = tmp_path / 'unfinished'
  unfinished.mkdir()
  for name in ('config.json', 'data.json'):
    shutil.copy(reference / name, unfinished)
  config = borrowing(**{'generator_training.workdir': str(unfinished)})
  with pytest.raises(FileNotFoundError, match='0 of 6 steps'):
    check_ready(config, tmp_path)


def test_a_generator_of_other_images_is_refused(borrowing, reference):
  """Though the configs are the same."""
  settings = settings_of(borrowing(), lasium.system())
  theirs = json.loads((reference / 'data.json').read_text())
  splits = random_splits(28)
  assert record.digest(splits.train) != theirs['train']
  with pytest.raises(BadConfig, match='trained on other images'):
    generator.check_borrowed_data(settings, splits)


def test_all_learners_are_judged_on_the_same_tasks(shrunk, opened):
  """Whatever they do with their keys, and however tasks are batched."""
  seen = {'first': [], 'second': []}

  def learner(name):
    def adapt(key, params, support):
      return support.x, jax.random.normal(jax.random.split(key, len(name))[0])

    def predict(adapted, x, mask=None):
      images = jnp.concatenate([adapted[0], x])
      jax.debug.callback(seen[name].append, images)
      return jnp.zeros((len(x), 5)) + adapted[1]

    return Learner(lambda key, x: (), adapt, predict)

  for dispatch in (3, 4):
    config = shrunk(
      'scratch', seed=dispatch, evaluation__tasks_per_dispatch=dispatch
    )
    run, parts = opened(config, str(dispatch))
    floors = {'scratch': learner('first'), 'nearest': learner('second')}
    lasium.evaluate(run, parts._replace(floors=floors), None)
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
RUNS += [f'{sampler}-interpolative-protonets' for sampler in ('n', 'ro', 'oc')]
RUNS += ['n-autoencoder-maml', 'umtra-maml', 'umtra-protonets']
RUNS += ['supervised-maml', 'supervised-protonets', 'scratch']
VARIANTS = [
  f'{run}-{variant}'
  for run in ('n-vae-maml', 'oc-msgan-protonets', 'supervised-maml', 'scratch')
  for variant in ('paper', 'released')
]


@pytest.mark.parametrize('benchmark', ['glyphs', 'omniglot'])
@pytest.mark.parametrize('run', RUNS + VARIANTS)
def test_every_run_of_a_config_can_work(shrunk, benchmark, run):
  config = shrunk(run, benchmark)
  lasium.build(settings_of(config, lasium.system()))


def meta_training(run, parts):
  """The step of a run, and a function that makes its state and source."""
  shape = run.splits.train.shape
  optimizer = optax.adam(1e-3)
  learner = parts.meta.learner({})
  task_fn = parts.meta.task_fn({})
  step = meta.meta_step(learner, task_fn, optimizer, meta_batch=2)

  def start():
    params = learner.init(jax.random.key(1), jnp.zeros((5, *shape)))
    source = image_set(run.splits.train)
    if parts.generating:
      data = TrainingSet(source.images)
      trainer = parts.generating.trainer
      made = trainer.params(trainer.init(jax.random.key(0), data))
      source = GeneratorSource(made, source.images)
    return meta.MetaState(params, optimizer.init(params)), source

  return step, start


@pytest.mark.parametrize('run', [run for run in RUNS if run != 'scratch'])
def test_a_meta_step_of_any_parts_keeps_its_types(shrunk, opened, run):
  """Traced only, for it is the compiling that takes long."""
  step, start = meta_training(*opened(shrunk(run, network__filters=2)))
  state, source = jax.eval_shape(start)
  after, values = jax.eval_shape(step, jax.random.key(2), state, source)
  chex.assert_trees_all_equal_shapes_and_dtypes(after, state)
  assert values.keys() == {'loss', 'accuracy'}


@pytest.mark.parametrize('name', ['vae', 'interpolative'])
def test_a_meta_step_is_compiled_once(shrunk, opened, name):
  config = shrunk(f'n-{name}-protonets', network__filters=2)
  step, start = meta_training(*opened(config))
  state, source = jax.jit(start)()
  chex.clear_trace_counter()
  step = jax.jit(chex.assert_max_traces(step, n=1))
  for i in range(3):
    before = state
    state, values = step(jax.random.key(i), state, source)
    assert np.isfinite(values['loss'])
    with pytest.raises(AssertionError):
      chex.assert_trees_all_equal(state.params, before.params)
