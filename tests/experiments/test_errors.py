"""What a person can mend is said in one message that names it."""

import json
import re
import shutil

import jax
import numpy as np
import pytest
from whole_program import checkpoint, final_states

from experiments.run import loop
from experiments.run.app import settings_of
from experiments.run.config import BadConfig, flatten
from experiments.run.record import Record, WrongWorkdir
from experiments.stages import generator, meta
from experiments.systems import lasium
from lasium_jax.types import TrainingSet

GLYPHS = 'lasium/glyphs.py'


def build(config):
  return lasium.build(settings_of(config, lasium.system()))


@pytest.mark.parametrize(
  ('config', 'fields', 'said'),
  [
    (
      f'{GLYPHS}:ro-vae-maml',
      {'meta__foo': 1},
      ('config.meta.foo', 'config.meta has: batch, clip'),
    ),
    (
      f'{GLYPHS}:ro-vae-maml',
      {'latents__sigma': 0.1},
      ('(ro-vae-maml) has no field config.latents.sigma', 'has: alpha, name'),
    ),
    (
      f'{GLYPHS}:ro-vae-maml',
      {'data__path': 'x'},
      ('no field config.data.path', 'config.data has: channels, invert'),
    ),
    (
      f'{GLYPHS}:supervised-maml',
      {'generator__latent_size': 3},
      ('(supervised-maml) has no field config.generator.latent_size',),
    ),
    (
      f'{GLYPHS}:ro-vae-maml',
      {'latents__alhpa': 0.1},
      ('Did you mean config.latents.alpha?',),
    ),
    (
      f'{GLYPHS}:ro-vae-maml',
      {'optimizer__momentum': 0.1},
      ('no field config.optimizer.momentum', 'anchors, augment'),
    ),
    (
      f'{GLYPHS}:zz-vae-maml',
      {},
      ("'zz-vae-maml'", '{n,ro,oc}-{vae,variational,'),
    ),
    ('nothing.py:ro-vae-maml', {}, ('nothing.py', '--config')),
    ('lasium/omniglot.py:ro-vae-maml', {}, ("'omniglot'", '--data_dir')),
    (
      f'{GLYPHS}:ro-vae-maml',
      {'latents__name': 'zz'},
      ('config.latents.name', "'zz'", "['ic', 'n', 'oc', 'ro']"),
    ),
    (
      f'{GLYPHS}:ro-vae-maml',
      {'latents__name': 'n'},
      ("config.latents has no 'alpha'; it has sigma",),
    ),
  ],
  ids=[
    *('field', 'sampler', 'data set', 'section', 'typo', 'system'),
    *('argument', 'file', 'data_dir', 'choice', 'choice by flag'),
  ],
)
def test_what_was_asked_for_is_not_there(
  program, tmp_path, config, fields, said
):
  command = program.command('lasium', tmp_path / 'run', config, **fields)
  output = program.run(command, code=1)
  assert all(words in output for words in said), output
  # Nobody's yet: mended, the same command may use the same workdir.
  assert not (tmp_path / 'run/config.json').exists()


def test_data_that_are_not_prepared(program, tmp_path):
  command = program.command('lasium', tmp_path / 'run', 'lasium/omniglot.py')
  output = program.run([*command, f'--data_dir={tmp_path}'], code=1)
  assert f"No prepared data set 'omniglot' in {tmp_path}" in output
  assert '--download' in output


def test_no_workdir(program):
  command = program.command('lasium', '')
  command.remove('--workdir=')
  assert '--workdir' in program.run(command, code=1)


def test_the_workdir_of_another_config(program, reference):
  command = program.command('lasium', reference, meta__batch=3, seed=7)
  output = program.run(command, code=1)
  assert 'meta.batch: 2 there, 3 now' in output
  assert 'seed: 0 there, 7 now' in output
  assert 'Name another --workdir' in output
  before = json.loads((reference / 'config.json').read_text())
  assert before['seed'] == 0
  assert not (reference / 'error.txt').exists()


def test_a_borrowed_generator_that_is_not_there(program, tmp_path):
  run, nowhere = tmp_path / 'run', tmp_path / 'nowhere'
  command = program.command('lasium', run, generator_training__workdir=nowhere)
  assert f'{nowhere} is not a run' in program.run(command, code=1)
  # Nobody's yet: the name may be mended.
  assert not (run / 'config.json').exists()
  assert not run.exists()


def test_a_workdir_that_cannot_be_made(program, tmp_path):
  (tmp_path / 'file').touch()
  command = program.command('lasium', tmp_path / 'file/run')
  output = program.run(command, code=1)
  assert str(tmp_path / 'file/run') in output
  assert 'A run writes to --workdir' in output


def test_a_disk_that_takes_no_more(program, reference, tmp_path):
  """A limit on the size of files is as real as a full disk, for anyone."""
  shutil.copytree(reference, tmp_path / 'run')
  shutil.rmtree(tmp_path / 'run/checkpoints/meta_train')
  command = program.command('lasium', tmp_path / 'run')
  # By a shell, because JAX does not like a fork in this process.
  limited = ['bash', '-c', 'ulimit -f 1; exec "$@"', 'bash', *command]
  output = program.run(limited, code=1)
  assert f'Cannot write {tmp_path / "run"}' in output
  assert 'disk has room' in output
  assert 'the same command goes on from there' in output
  after, before = final_states(tmp_path / 'run'), final_states(reference)
  assert after.keys() == before.keys() - {'meta_train'}
  for name, leaf in after['train_generator'].items():
    np.testing.assert_array_equal(leaf, before['train_generator'][name])


IMPOSSIBLE = {
  'seeds': 0,
  'precision': 'zz',
  'tasks.ways': 1,
  'tasks.shots': 0,
  'tasks.queries': 0,
  'tasks.name': 'zz',
  'meta.batch': 0,
  'meta.iterations': -1,
  'meta.learning_rate': float('nan'),
  'meta.steps_per_dispatch': 0,
  'meta.validate_every': 3,
  'meta.over_tasks': 'zz',
  'generator_training.steps': 0,
  'generator_training.batch_size': 0,
  'generator.filters': (),
  'generator.kl_weighting': 'zz',
  'generator.name': 'zz',
  'anchors.name': 'zz',
  'anchors.epsilon': -1.0,
  'latents.alpha': 1.1,
  'latents.name': 'zz',
  'learner.name': 'zz',
  'learner.steps': -1,
  'network.head': 'zz',
  'network.padding': 'zz',
  'network.downsample': 'zz',
  'evaluation.ways': 1,
  'evaluation.tasks': 1,
  'evaluation.queries': 0,
  'evaluation.shots': (1, 0),
  'evaluation_learner.steps': -1,
  'floors.scratch.steps': -1,
  'data.channels': 3,
}


@pytest.mark.parametrize('field', IMPOSSIBLE)
def test_values_that_cannot_work_are_named_at_the_start(shrunk, field):
  config = shrunk('ro-vae-maml')
  config.update_from_flattened_dict({field: IMPOSSIBLE[field]})
  with pytest.raises(ValueError, match=f'config.{field} is .* ') as error:
    build(config)
  assert repr(IMPOSSIBLE[field]) in str(error.value)


@pytest.mark.parametrize(
  ('run', 'fields', 'said'),
  [
    ('n-vae-maml', {'latents__sigma_max': 0.4}, 'sigma_max is 0.4.*at least'),
    ('n-vae-maml', {'latents__sigma': -0.1}, 'config.latents.sigma is -0.1'),
    ('ro-vae-protonets', {'learner__distance': 'zz'}, 'learner.distance'),
    (
      'ro-vae-maml',
      {'augment__shift': (4, -5)},
      'config.augment: shift is .*order',
    ),
    (
      'ro-vae-maml',
      {'augment__views': True},
      'views is True.*Set views to False',
    ),
    (
      'ro-vae-maml',
      {'augment__scale': 1.1},
      r'scale.*\(0\.0, 0\.0, 1\.1.*the others to 0, 0, 1',
    ),
    ('umtra-maml', {'augment__shift': (0, 0)}, 'UMTRA would have nothing'),
    (
      'supervised-maml',
      {'tasks__augment_support': True},
      r'config\.tasks\.augment_support is True; it must be False where',
    ),
    ('ro-msgan-maml', {'anchors__name': 'encoded'}, 'no encoder'),
    (
      'ro-vae-maml',
      {'network__padding': 'VALID'},
      'config.network .*16x16 pixels',
    ),
    ('scratch', {'floors__scratch__judge': False}, 'nothing to do'),
    ('ro-vae-maml', {'devices': 3}, 'a multiple of config.devices, 3'),
    (
      'ro-vae-maml',
      {'tasks__name': 'labeled'},
      "'labeled', .* of labeled images, .* of a g",
    ),
    ('ro-vae-maml', {'tasks__name': 'umtra'}, "'umtra', .* of images.* a gen"),
    (
      'supervised-maml',
      {'tasks__name': 'lasium'},
      "'lasium', .* of images or labeled",
    ),
    ('scratch', {'seeds': 2}, 'config.seeds is 2; it must be 1'),
    ('ro-vae-maml', {'seed': 10**20}, 'config.seed is'),
    (
      'n-vae-maml-released',
      {'sweep__sigma': (0.1, 3.0)},
      'sigma_max is 2.0.*at least sigma, 3.0',
    ),
  ],
)
def test_settings_that_do_not_suit_each_other(shrunk, run, fields, said):
  with pytest.raises(ValueError, match=said):
    build(shrunk(run, **fields))


def test_maml_keeps_its_ways(shrunk):
  fields = {'tasks__ways': 8, 'evaluation__ways': 5}
  build(shrunk('ro-vae-protonets', **fields))
  with pytest.raises(ValueError, match=r'tasks\.ways is 8.*must be .*5'):
    build(shrunk('ro-vae-maml', **fields))


def test_a_config_of_another_system_is_refused(shrunk):
  config = shrunk('ro-vae-maml')
  config.system = 'recognizer'
  with pytest.raises(ValueError, match=r'experiments/recognizer\.py'):
    build(config)


@pytest.mark.parametrize(
  ('door', 'run', 'fields', 'said'),
  [
    ('train_generator', 'supervised-maml', {}, 'has no generator to train'),
    (
      'train_generator',
      'ro-vae-maml',
      {'generator_training__workdir': 'x'},
      'is trained already',
    ),
    ('meta_train', 'scratch', {}, 'has no meta-training'),
  ],
)
def test_a_door_without_work_leaves_the_workdir_alone(
  program, tmp_path, door, run, fields, said
):
  """The run may be mended and started there."""
  command = program.command(door, tmp_path / 'run', f'{GLYPHS}:{run}', **fields)
  assert said in program.run(command, code=1)
  assert not (tmp_path / 'run/config.json').exists()


def test_a_flag_reaches_every_level(shrunk):
  """What a run has is what its flags say, in the settings that it records."""
  config = shrunk('n-vae-maml', latents__sigma=0.7, evaluation__shots=(2,))
  found = flatten(settings_of(config, lasium.system()))
  assert found['latents.sigma'] == 0.7
  assert found['evaluation.shots'] == (2,)


def test_a_stage_that_is_missing_leaves_the_workdir_alone(program, tmp_path):
  """The other run's generator may still be named for this workdir."""
  for door, stage in (
    ('meta_train', 'train_generator'),
    ('evaluate_learner', 'meta_train'),
  ):
    command = program.command(door, tmp_path / door)
    output = program.run(command, code=1)
    assert f'0 of 6 steps of {stage}' in output
    assert f'python experiments/{stage}.py' in output
    assert 'python experiments/lasium.py' in output
    assert not (tmp_path / door / 'config.json').exists()


def test_a_device_with_too_little_room_is_refused_with_the_data(shrunk, splits):
  """And not after the generator was trained."""
  each = splits.train.images[0].nbytes
  for run in ('ro-vae-maml', 'umtra-maml'):
    with pytest.raises(ValueError, match=r'room for 4 images.*ways is 5'):
      check_data(shrunk(run, device_bytes=4 * each), splits)
  check_data(shrunk('supervised-maml', device_bytes=4 * each), splits)


def check_data(config, splits):
  lasium.check_data(settings_of(config, lasium.system()), splits)


def test_too_few_classes_or_images(shrunk, splits):
  ways = shrunk('ro-vae-maml', evaluation__ways=9)
  with pytest.raises(ValueError, match=r'8 .*evaluation\.ways = 9'):
    check_data(ways, splits)
  ways = shrunk('supervised-protonets', tasks__ways=9)
  with pytest.raises(ValueError, match=r'train .* 8 .*tasks\.ways = 9'):
    check_data(ways, splits)
  images = shrunk('ro-vae-maml', evaluation__shots=(1, 6))
  with pytest.raises(ValueError, match=r"'2-0' of the test .* 8 images"):
    check_data(images, splits)
  labeled = shrunk('supervised-maml', tasks__queries=8)
  with pytest.raises(ValueError, match='train split has 8 images'):
    check_data(labeled, splits)
  batch = shrunk('ro-vae-maml', generator_training__batch_size=65)
  with pytest.raises(ValueError, match=r'batch_size is 65.*64 training'):
    check_data(batch, splits)
  fits = shrunk('ro-vae-maml', evaluation__ways=8, evaluation__shots=(5,))
  check_data(fits, splits)


@pytest.mark.parametrize(
  ('names', 'said'),
  [
    ([f'Greek_{i}' for i in range(4)] + [f'Latin_{i}' for i in range(4)], ''),
    ([f'Greek/{i}' for i in range(7)] + ['Latin/0'], ''),
    (
      [f'{name}_{i}' for name in ('Greek', 'Latin', 'N_Ko') for i in range(3)],
      "the test split, 'Greek', has 3, fewer than config.evaluation.ways = 4",
    ),
    ([f'Greek_{i}' for i in range(8)], "of one group by their names, 'Greek'"),
    ([*'abcdefgh'], "such as 'a', are of no groups by their names"),
  ],
)
def test_tasks_within_groups_need_groups_of_enough_classes(
  shrunk, splits, names, said
):
  """Those of evaluation in the test split, and those of training in theirs."""
  named = splits.test._replace(class_names=tuple(names[:8]))
  splits = splits._replace(train=named, test=named)
  fields = {'tasks__ways': 4, 'evaluation__ways': 4}
  check_data(shrunk('supervised-maml', **fields), splits)
  for section, split in (('evaluation', 'test'), ('tasks', 'train')):
    asked = {f'{section}__within_groups': True}
    config = shrunk('supervised-maml', **fields, **asked)
    if said:
      message = said.replace('test', split).replace('evaluation', section)
      with pytest.raises(BadConfig, match=re.escape(message)) as caught:
        check_data(config, splits)
      off = f'or set config.{section}.within_groups=False'
      assert off in str(caught.value)
    else:
      check_data(config, splits)


def test_an_epsilon_that_cannot_be_met(shrunk, opened):
  config = shrunk(
    'ro-vae-protonets', anchors__epsilon=1e6, anchors__max_draws=50
  )
  run, parts = opened(config)
  data = TrainingSet(run.splits.train.images)
  trainer = parts.generating.trainer
  params = trainer.params(trainer.init(jax.random.key(0), data))
  with pytest.raises(ValueError, match=r'config\.anchors\.epsilon'):
    lasium.meta_train(run, parts, params)
  assert not run.files.checkpoints(meta.NAME).exists()


def test_data_that_changed_is_noticed(splits, tmp_path):
  files = Record(tmp_path, {})
  files.keep_data(splits)
  files.keep_data(splits)
  images = splits.validation.images.copy()
  images[-1, 0, 0] += 1
  other = splits.validation._replace(images=images)
  with pytest.raises(WrongWorkdir, match='validation changed'):
    files.keep_data(splits._replace(validation=other))
  names = splits.test.class_names[::-1]
  renamed = splits.test._replace(class_names=names)
  with pytest.raises(WrongWorkdir, match='test changed'):
    files.keep_data(splits._replace(test=renamed))


@pytest.mark.parametrize('stage', [generator.NAME, meta.NAME])
def test_divergence_is_named(shrunk, opened, stage):
  if stage == generator.NAME:
    config = shrunk('ro-vae-maml', generator__learning_rate=1e30)
  else:
    config = shrunk('supervised-protonets', meta__learning_rate=1e30)
  run, parts = opened(config)
  with pytest.raises(loop.Diverged, match=rf'{stage}: .* at step \d+'):
    if stage == generator.NAME:
      lasium.train_generator(run, parts)
    else:
      lasium.meta_train(run, parts, None)
  for folder in run.files.workdir.glob('checkpoints/*/*'):
    assert all(np.isfinite(x).all() for x in checkpoint(folder).values())


def test_a_generator_without_tasks_is_refused(shrunk):
  config = shrunk('ro-vae-maml')
  for name in ('learner', 'evaluation_learner', 'meta', 'tasks', 'augment'):
    del config[name]
  with pytest.raises(ValueError, match='no section `tasks`'):
    lasium.build(settings_of(config, lasium.system()))


def test_a_generator_without_a_learner_is_trained(shrunk, opened):
  """Nothing is left out in silence because nothing comes after it."""
  config = shrunk('ro-vae-maml')
  for name in ('learner', 'evaluation_learner', 'meta'):
    del config[name]
  config.floors.nearest.judge = True
  run, parts = opened(config)
  lasium.work(run, parts)
  saved = run.files.checkpoints('train_generator')
  assert (saved / '00000006').exists()
