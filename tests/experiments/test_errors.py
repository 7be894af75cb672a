"""What a person can mend is said in one message that names it."""

import json
import shutil

import numpy as np
import pytest
from whole_program import checkpoint, final_states

from experiments.components import build, checks
from experiments.run import loop
from experiments.run.record import Record, WrongWorkdir
from experiments.stages import generator as stage_generator
from experiments.stages import meta as stage_meta


@pytest.mark.parametrize(
  ('config', 'fields', 'said'),
  [
    (
      'glyphs.py:ro-vae-maml',
      {'meta__foo': 1},
      ("'foo'", 'configs/parts/base.py'),
    ),
    ('glyphs.py:zz-vae-maml', {}, ("'zz-vae-maml'", '{n,ro,oc}-{vae,msgan}')),
    ('nothing.py:ro-vae-maml', {}, ('nothing.py', '--config')),
    ('omniglot.py:ro-vae-maml', {}, ("'omniglot'", '--data_dir')),
    (
      'glyphs.py:ro-vae-maml',
      {'latents__sampler': 'zz'},
      ('config.latents.sampler', "'zz'", "['n', 'oc', 'ro']"),
    ),
  ],
  ids=['field', 'argument', 'file', 'data_dir', 'choice'],
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
  command = program.command('lasium', tmp_path / 'run', 'omniglot.py')
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
  command = program.command('lasium', run, generator__workdir=nowhere)
  assert f'{nowhere} is not a run' in program.run(command, code=1)
  # Nobody's yet: the name may be mended.
  assert not (run / 'config.json').exists()
  assert 'BadConfig' in (run / 'error.txt').read_text()


def test_a_workdir_that_cannot_be_made(program, tmp_path):
  (tmp_path / 'file').touch()
  command = program.command('lasium', tmp_path / 'file/run')
  output = program.run(command, code=1)
  assert str(tmp_path / 'file/run') in output
  assert '--workdir' in output


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
  after, before = final_states(tmp_path / 'run'), final_states(reference)
  assert after.keys() == before.keys() - {'meta_train'}
  for name, leaf in after['train_generator'].items():
    np.testing.assert_array_equal(leaf, before['train_generator'][name])


IMPOSSIBLE = {
  'tasks.ways': 1,
  'tasks.shots': 0,
  'tasks.queries': 0,
  'tasks.shift': (4, -5),
  'meta.batch': 0,
  'meta.iterations': -1,
  'meta.rate': float('nan'),
  'meta.steps_per_dispatch': 0,
  'meta.validate_every': 3,
  'meta.over_tasks': 'zz',
  'generator.steps': 0,
  'generator.batch_size': 0,
  'generator.filters': (),
  'generator.kl_weighting': 'zz',
  'generator.anchors': 'zz',
  'generator.name': 'zz',
  'latents.alpha': 1.1,
  'latents.sigma': -0.1,
  'latents.sigma_max': 0.4,
  'latents.sampler': 'zz',
  'learner.name': 'zz',
  'tasks.source': 'zz',
  'learner.inner_steps': -1,
  'learner.distance': 'zz',
  'network.head': 'zz',
  'network.padding': 'zz',
  'network.downsample': 'zz',
  'evaluation.ways': 1,
  'evaluation.tasks': 1,
  'evaluation.queries': 0,
  'evaluation.shots': (1, 0),
  'data.channels': 3,
  'data.split': 'rotations',
}


@pytest.mark.parametrize('field', IMPOSSIBLE)
def test_values_that_cannot_work_are_named_at_the_start(shrunk, field):
  config = shrunk('ro-vae-maml')
  config.update_from_flattened_dict({field: IMPOSSIBLE[field]})
  with pytest.raises(checks.BadConfig, match=f'config.{field} is .* ') as error:
    build.check(config)
  assert repr(IMPOSSIBLE[field]) in str(error.value)


def test_maml_keeps_its_ways(shrunk):
  fields = {'tasks__ways': 8, 'evaluation__ways': 5}
  build.check(shrunk('ro-vae-protonets', **fields))
  with pytest.raises(checks.BadConfig, match=r'tasks\.ways is 8.*must be .*5'):
    build.check(shrunk('ro-vae-maml', **fields))


def test_an_image_too_small_for_the_network(shrunk):
  config = shrunk('ro-vae-maml', network__padding='VALID')
  with pytest.raises(checks.BadConfig, match='16x16 images'):
    build.check(config)


def test_anchors_cannot_be_encoded_without_an_encoder(shrunk):
  config = shrunk('ro-msgan-maml', generator__anchors='encoded')
  with pytest.raises(checks.BadConfig, match='encoder'):
    build.check(config)


def test_too_few_classes_or_images(shrunk, splits):
  ways = shrunk('ro-vae-maml', evaluation__ways=9)
  with pytest.raises(checks.BadConfig, match=r'8 .*evaluation\.ways = 9'):
    checks.check_data(ways, splits)
  ways = shrunk('supervised-protonets', tasks__ways=9)
  with pytest.raises(checks.BadConfig, match=r'train .* 8 .*tasks\.ways = 9'):
    checks.check_data(ways, splits)
  images = shrunk('ro-vae-maml', evaluation__shots=(1, 6))
  with pytest.raises(checks.BadConfig, match=r"'2-0' of the test .* 8 images"):
    checks.check_data(images, splits)
  labeled = shrunk('supervised-maml', tasks__queries=8)
  with pytest.raises(checks.BadConfig, match='train split has 8 images'):
    checks.check_data(labeled, splits)
  batch = shrunk('ro-vae-maml', generator__batch_size=65)
  with pytest.raises(checks.BadConfig, match=r'batch_size is 65.*64 training'):
    checks.check_data(batch, splits)
  fits = shrunk('ro-vae-maml', evaluation__ways=8, evaluation__shots=(5,))
  checks.check_data(fits, splits)


def test_an_epsilon_that_cannot_be_met(shrunk, splits, tmp_path):
  config = shrunk(
    'ro-vae-protonets', generator__epsilon=1e6, latents__max_draws=50
  )
  files = Record(tmp_path, {})
  with pytest.raises(checks.BadConfig, match=r'config\.generator\.epsilon'):
    stage_meta.meta_train(config, splits, files, None)
  assert not files.checkpoints('meta_train').exists()


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


@pytest.mark.parametrize('stage', ['train_generator', 'meta_train'])
def test_divergence_is_named(shrunk, splits, tmp_path, stage):
  section = {'train_generator': 'generator', 'meta_train': 'meta'}[stage]
  run = 'ro-vae-maml' if section == 'generator' else 'supervised-protonets'
  config = shrunk(run, **{f'{section}__rate': 1e30})
  files = Record(tmp_path, {})
  with pytest.raises(loop.Diverged, match=rf'{stage}: .* at step \d+'):
    if section == 'generator':
      stage_generator.train_generator(config, splits, files)
    else:
      stage_meta.meta_train(config, splits, files, None)
  for folder in tmp_path.glob('checkpoints/*/*'):
    assert all(np.isfinite(x).all() for x in checkpoint(folder).values())
