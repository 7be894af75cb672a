import io
import itertools
import json
import logging
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from lasium_jax.io import restore, save


class State(NamedTuple):
  params: dict
  opt_state: optax.OptState
  nothing: tuple = ()
  absent: None = None


def make_state(seed):
  params = {
    'conv': {'kernel': jax.random.normal(jax.random.key(seed), (3, 3, 4))},
    'bias': jnp.full((4,), seed, jnp.float32),
  }
  optimizer = optax.chain(optax.clip(1.0), optax.adam(1e-3))
  return State(params, optimizer.init(params))


def assert_identical(actual, expected):
  assert jax.tree.structure(actual) == jax.tree.structure(expected)
  pairs = zip(jax.tree.leaves(actual), jax.tree.leaves(expected), strict=True)
  for a, b in jax.device_get(list(pairs)):
    assert (a.dtype, a.shape) == (b.dtype, b.shape)
    assert a.tobytes() == b.tobytes()


def bits(values, dtype):
  """An array with the given bit patterns."""
  dtype = np.dtype(dtype)
  return np.array(values, f'uint{8 * dtype.itemsize}').view(dtype)


NANS = bits([0x7FC00000, 0x7F800001, 0xFFC12345, 0x7F800000, 1], np.float32)


@pytest.mark.parametrize(
  'leaf',
  [
    NANS,
    np.full((2, 3), -0.0, np.float32),
    np.zeros((5,), np.float32),
    bits([0x7E01, 0x7C00, 0x8001], np.float16),
    bits([0x7FC1, 0x7F81, 0x8000, 0x3F80], jnp.bfloat16),
    bits([0x7F, 0x80, 0x38], jnp.float8_e4m3fn),
    np.array([-(2**31), -1, 0, 2**31 - 1], np.int32),
    np.array([[0, 2**32 - 1]], np.uint32),
    np.arange(256, dtype=np.uint8).reshape(2, 128),
    np.array([-128, 127], np.int8),
    np.array([-7, 7], jnp.int4),
    np.array([True, False, True]),
    np.array([1 - 2j, complex(np.nan, -0.0)], np.complex64),
    np.float32(-0.0),
    np.int32(7),
    np.bool_(True),
    np.array(1.5, jnp.bfloat16),
    np.zeros((0, 3), np.float32),
    np.zeros((4, 0), jnp.bfloat16),
  ],
  ids=lambda leaf: f'{leaf.dtype}{leaf.shape}',
)
def test_every_bit_comes_back(tmp_path, leaf):
  state = {'host': np.asarray(leaf), 'device': jnp.asarray(leaf)}
  save(tmp_path, 3, state)
  restored = restore(tmp_path, state)
  assert restored.step == 3
  assert_identical(restored.state, state)
  assert isinstance(restored.state['host'], np.ndarray)
  assert isinstance(restored.state['device'], jax.Array)


def test_64_bit_host_arrays_come_back(tmp_path):
  state = {'f': np.array([np.pi, np.nan]), 'i': np.array([2**63 - 1])}
  save(tmp_path, 0, state)
  assert_identical(restore(tmp_path, state).state, state)


@pytest.mark.parametrize('abstract', [False, True])
def test_structures_come_back(tmp_path, abstract):
  state = make_state(1)
  save(tmp_path, 12, state)
  like = jax.eval_shape(make_state, 0) if abstract else make_state(0)
  step, restored = restore(tmp_path, like)
  assert step == 12
  assert_identical(restored, state)
  assert isinstance(restored, State)
  assert isinstance(restored.opt_state[1][0], optax.ScaleByAdamState)


@pytest.mark.parametrize(
  'state', [(), {}, jnp.arange(3.0), [optax.EmptyState(), jnp.zeros((0,))]]
)
def test_small_states_come_back(tmp_path, state):
  save(tmp_path, 1, state)
  assert_identical(restore(tmp_path, state).state, state)


def test_awkward_names_come_back(tmp_path):
  keys = ['a/b', 'a.b', 'a', '', '..', "it's", 'ü\n', '[0]']
  state = {key: jnp.array(i) for i, key in enumerate(keys)}
  save(tmp_path, 1, state)
  assert_identical(restore(tmp_path, state).state, state)


def test_restored_state_is_placed_like_its_counterpart(tmp_path):
  device = jax.devices()[0]
  like = {'free': jnp.ones(2), 'fixed': jax.device_put(jnp.ones(2), device)}
  save(tmp_path, 1, like)
  restored = restore(tmp_path, like).state
  assert not restored['free'].committed
  assert restored['fixed'].committed
  assert restored['fixed'].sharding == like['fixed'].sharding


def test_restored_state_trains_on_as_the_saved_one(tmp_path):
  optimizer = optax.adam(1e-1)

  @jax.jit
  def step(params, opt_state):
    gradients = jax.grad(lambda w: jnp.sum(jnp.sin(w) ** 2))(params)
    updates, opt_state = optimizer.update(gradients, opt_state)
    return optax.apply_updates(params, updates), opt_state

  params = jnp.arange(5.0)
  state = step(params, optimizer.init(params))
  save(tmp_path, 1, state)
  restored = restore(tmp_path, state).state
  compiled = step._cache_size()
  assert_identical(step(*restored), step(*state))
  assert step._cache_size() == compiled


def test_there_is_none(tmp_path):
  assert restore(tmp_path, ()) is None
  assert restore(tmp_path / 'missing', ()) is None


def test_relative_directories(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  state = make_state(1)
  path = save(Path('run/checkpoints'), 1, state)
  assert path.is_dir()
  assert_identical(restore(Path('run/checkpoints'), state).state, state)


def test_numeric_order_counts(tmp_path):
  for step in (999_999_999, 1_000_000_000):
    save(tmp_path, step, jnp.array(step))
  assert restore(tmp_path, jnp.array(0)).step == 1_000_000_000


def test_manifest_describes_the_state(tmp_path):
  path = save(tmp_path, 5, {'w': jnp.ones((2, 3)), 'n': jnp.int32(1)})
  manifest = json.loads((path / 'manifest.json').read_text())
  assert manifest['step'] == 5
  assert manifest['leaves'] == [
    ["['n']", 'int32', []],
    ["['w']", 'float32', [2, 3]],
  ]
  assert len(manifest['sha256']) == 64


def names(directory):
  return sorted(path.name for path in directory.iterdir())


@pytest.mark.parametrize('keep', [1, 2, 3])
def test_keeps_the_latest(tmp_path, keep):
  for step in range(1, 5):
    save(tmp_path, step, jnp.array(step), keep=keep)
    kept = range(max(1, step - keep + 1), step + 1)
    assert names(tmp_path) == [f'{s:08d}' for s in kept]


def test_what_was_saved_last_is_never_deleted_for_later_steps(tmp_path):
  """As after damage: a run goes on from before it."""
  for step in (8, 9):
    save(tmp_path, step, jnp.array(step))
    (tmp_path / f'{step:08d}' / 'manifest.json').unlink()
  for step in (5, 6, 7):
    save(tmp_path, step, jnp.array(step), keep=1)
  assert names(tmp_path) == ['00000007', '00000008', '00000009']
  assert restore(tmp_path, jnp.array(0)).step == 7


def test_same_step_is_replaced(tmp_path):
  save(tmp_path, 1, jnp.array(1))
  save(tmp_path, 1, jnp.array(2), keep=1)
  assert names(tmp_path) == ['00000001']
  assert restore(tmp_path, jnp.array(0)).state == 2


def test_leftovers_are_removed_and_other_files_stay(tmp_path):
  shutil.copytree(save(tmp_path, 1, jnp.array(1)), tmp_path / '00000007.tmp')
  (tmp_path / 'notes.tmp').touch()
  assert restore(tmp_path, jnp.array(0)).step == 1
  save(tmp_path, 2, jnp.array(2))
  assert names(tmp_path) == ['00000001', '00000002', 'notes.tmp']


@pytest.mark.parametrize(
  ('step', 'keep'), [(-1, 1), (1, 0)], ids=['step', 'keep']
)
def test_bad_arguments(tmp_path, step, keep):
  with pytest.raises(ValueError, match='step >= 0 and keep >= 1'):
    save(tmp_path, step, jnp.array(1), keep=keep)


@pytest.mark.parametrize(
  'leaf',
  ['text', object(), np.array(['a']), np.ones(2, '>f4'), jax.random.key(0)],
  ids=['str', 'object', 'strings', 'byte order', 'typed key'],
)
def test_what_is_not_numbers_is_refused(tmp_path, leaf):
  with pytest.raises(TypeError):
    save(tmp_path, 1, {'leaf': leaf})
  assert restore(tmp_path, ()) is None


@pytest.mark.parametrize(
  ('like', 'name', 'saved', 'wanted'),
  [
    ({'a': jnp.ones((2, 3)), 'b': jnp.ones(4)}, 'b', r'\[5\]', r'\[4\]'),
    ({'a': jnp.ones((3, 2)), 'b': jnp.ones(4)}, 'a', r'\[2, 3\]', r'\[3, 2\]'),
    ({'a': jnp.ones((2, 3))}, 'b', r'float32\[5\]', 'absent'),
    (
      {'a': jnp.ones((2, 3)), 'b': jnp.ones(5), 'c': jnp.ones(())},
      'c',
      'absent',
      r'float32\[\]',
    ),
    (
      {'a': jnp.ones((2, 3)), 'b': jnp.ones(5, jnp.bfloat16)},
      'b',
      r'float32\[5\]',
      r'bfloat16\[5\]',
    ),
  ],
  ids=['shape', 'first of two', 'missing', 'added', 'dtype'],
)
def test_another_structure_is_an_error(tmp_path, like, name, saved, wanted):
  save(tmp_path, 1, {'a': jnp.ones((2, 3)), 'b': jnp.ones(5)})
  with pytest.raises(ValueError, match=f"{name}'.*{saved}.* there.*{wanted}"):
    restore(tmp_path, like)


@pytest.mark.parametrize(
  ('old', 'new'),
  [
    ('"step": 1', '"step": 2'),
    ("['a']", "['b']"),
    ('float32', 'float16'),
    ('3\n', '4\n'),
    ('3\n', '0\n'),
    ('"leaves": [', '"leaves": [["c", "int8", [0]], '),
    ('"leaves"', '"wings"'),
  ],
)
def test_a_manifest_that_parses_but_lies(tmp_path, caplog, old, new):
  """Never taken for another configuration."""
  path = save(tmp_path, 1, {'a': jnp.ones((2, 3))})
  manifest = path / 'manifest.json'
  text = manifest.read_text()
  assert text.count(old) == 1
  manifest.write_text(text.replace(old, new))
  assert restore(tmp_path, {'a': jnp.ones((2, 3))}) is None
  assert f'{path}: ' in caplog.text


def flip(file, data):
  middle = len(data) // 2
  flipped = bytes([data[middle] ^ 0x10])
  file.write_bytes(data[:middle] + flipped + data[middle + 1 :])


def truncate(file, data):
  file.write_bytes(data[: len(data) // 2])


def delete(file, data):
  del data
  file.unlink()


@pytest.mark.parametrize('harm', [flip, truncate, delete])
def test_damage_to_any_file_is_noticed(tmp_path, caplog, harm):
  good, newest = make_state(1), make_state(2)
  save(tmp_path, 1, good)
  path = save(tmp_path, 2, newest)
  files = [file for file in path.rglob('*') if file.is_file()]
  skipped = 0
  for file in files:
    data = file.read_bytes()
    caplog.clear()
    harm(file, data)
    step, state = restore(tmp_path, newest)
    file.write_bytes(data)
    assert_identical(state, {1: good, 2: newest}[step])
    warnings = [r.getMessage() for r in caplog.records if r.name != 'absl']
    assert len(warnings) == (step == 1)
    if step == 1:
      skipped += 1
      # The path and a reason.
      assert str(path) in warnings[0]
      assert not warnings[0].endswith(f'{path}: ')
  assert skipped >= 4  # The manifest, and more than one of Orbax's files.
  assert restore(tmp_path, newest).step == 2


def test_another_state_in_its_place_is_noticed(tmp_path, caplog):
  paths = [save(tmp_path, step, jnp.array(step)) for step in (1, 2)]
  shutil.rmtree(paths[1] / 'state')
  shutil.copytree(paths[0] / 'state', paths[1] / 'state')
  assert restore(tmp_path, jnp.array(0)).step == 1
  assert str(paths[1]) in caplog.text


def test_digest_is_of_the_leaves_themselves(tmp_path, caplog, monkeypatch):
  """Should the files be intact and Orbax read something else."""
  orbax = pytest.importorskip('orbax.checkpoint')
  save(tmp_path, 1, {'w': np.arange(3)})
  read = orbax.Checkpointer.restore

  def misread(*args, **kwargs):
    return {k: v + 1 for k, v in read(*args, **kwargs).items()}

  monkeypatch.setattr(orbax.Checkpointer, 'restore', misread)
  assert restore(tmp_path, {'w': np.arange(3)}) is None
  assert 'the leaves do not match their sha256' in caplog.text


def test_no_valid_checkpoint_left(tmp_path, caplog):
  for step in (1, 2):
    (save(tmp_path, step, jnp.array(1)) / 'manifest.json').unlink()
  assert restore(tmp_path, jnp.array(1)) is None
  assert '00000001' in caplog.text
  assert '00000002' in caplog.text


class Killed(BaseException):
  """Like a signal: no handler for errors sees it."""


def kill_after(monkeypatch, num_calls):
  """Dies at a later rename, or in the middle of a later removal."""
  countdown = iter(range(num_calls))
  rename, rmtree = Path.rename, shutil.rmtree

  def dying_rename(path, target):
    if next(countdown, None) is None:
      raise Killed
    return rename(path, target)

  def dying_rmtree(path, **kwargs):
    if next(countdown, None) is None:
      (path / 'manifest.json').unlink(missing_ok=True)
      raise Killed
    rmtree(path, **kwargs)

  monkeypatch.setattr(Path, 'rename', dying_rename)
  monkeypatch.setattr(shutil, 'rmtree', dying_rmtree)


@pytest.mark.parametrize('step', [2, 3], ids=['replaced', 'new'])
def test_death_at_any_change_leaves_a_checkpoint(
  tmp_path, caplog, monkeypatch, step
):
  """Dies before each change to the directory in turn; at last before none."""
  died = True
  for deadline in itertools.count():
    directory = tmp_path / str(deadline)
    save(directory, 2, jnp.array(2), keep=1)
    kill_after(monkeypatch, deadline)
    try:
      save(directory, step, jnp.array(10 + step), keep=1)
      died = False
    except Killed:
      pass
    monkeypatch.undo()
    restored = restore(directory, jnp.array(0))
    assert (restored.step, restored.state) in [(2, 2), (step, 10 + step)]
    visible = [p for p in directory.iterdir() if p.suffix != '.tmp']
    assert all((path / 'manifest.json').exists() for path in visible)
    assert not caplog.records
    save(directory, step, jnp.array(20), keep=1)
    assert names(directory) == [f'{step:08d}']
    assert restore(directory, jnp.array(0)).state == 20
    if not died:
      break
  assert deadline >= 3


SAVE_FOREVER = """
import sys
from pathlib import Path
import numpy as np
import orbax.checkpoint
from lasium_jax.io import save
first = int(sys.stdin.readline())
for step in range(first, first + 10_000):
  save(Path(sys.argv[1]), step, {'w': np.full((50, 5000), step, np.float32)})
"""


def test_sigkill_leaves_a_valid_checkpoint(tmp_path, caplog):
  like = {'w': np.zeros((50, 5000), np.float32)}
  directory = tmp_path / 'checkpoints'
  command = [sys.executable, '-c', SAVE_FOREVER, str(directory)]
  children = [
    subprocess.Popen(command, stdin=subprocess.PIPE, text=True)
    for _ in range(3)
  ]
  first = 0
  for child, delay in zip(children, (0.0, 0.04, 0.11), strict=True):
    child.stdin.write(f'{first}\n')
    child.stdin.close()
    while not (directory / f'{first:08d}').exists() and child.poll() is None:
      time.sleep(0.001)
    time.sleep(delay)
    child.kill()
    assert child.wait() == -signal.SIGKILL
    step, state = restore(directory, like)
    assert step >= first
    assert (state['w'] == step).all()
    assert not caplog.records
    first = step + 1
  save(directory, first, like)
  assert len(names(directory)) == 2


def test_directory_that_cannot_be_made(tmp_path):
  (tmp_path / 'file').touch()
  directory = tmp_path / 'file' / 'checkpoints'
  with pytest.raises(OSError, match=f'{directory}.*may write to'):
    save(directory, 1, jnp.array(1))


def test_full_disk_is_noticed_before_writing(tmp_path, monkeypatch):
  save(tmp_path, 1, jnp.array(1))
  usage = shutil.disk_usage(tmp_path)._replace(free=1234)
  monkeypatch.setattr(shutil, 'disk_usage', lambda path: usage)
  with pytest.raises(OSError, match=f'{tmp_path}: .*1,234 are free.*has room'):
    save(tmp_path, 2, jnp.array(2), keep=1)
  assert names(tmp_path) == ['00000001']


def test_failing_writes_leave_the_earlier_checkpoints(tmp_path, caplog):
  """A limit on the size of files fails writes as a full disk does."""
  small = {'w': np.arange(3)}
  save(tmp_path, 1, small)
  limits = resource.getrlimit(resource.RLIMIT_FSIZE)
  resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
  try:
    with pytest.raises(OSError, match=f'{tmp_path}: .*disk has room'):
      save(tmp_path, 2, {'w': np.arange(1_000_000)}, keep=1)
  finally:
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
  assert names(tmp_path) == ['00000001']
  assert not caplog.records
  assert_identical(restore(tmp_path, small).state, small)
  save(tmp_path, 2, small)
  assert restore(tmp_path, small).step == 2


def test_a_failing_rename_leaves_the_earlier_checkpoints(tmp_path, monkeypatch):
  save(tmp_path, 1, jnp.array(1))

  def full(path, target):
    raise OSError(28, 'No space left on device')

  monkeypatch.setattr(Path, 'rename', full)
  with pytest.raises(OSError, match=f'{tmp_path}.*No space left'):
    save(tmp_path, 1, jnp.array(2))
  monkeypatch.undo()
  assert restore(tmp_path, jnp.array(0)).state == 1


def test_the_console_stays_quiet(tmp_path, capfd):
  logger = logging.getLogger('absl')
  level, stream = logger.level, io.StringIO()
  handler = logging.StreamHandler(stream)
  logger.addHandler(handler)
  logger.setLevel(logging.DEBUG)
  try:
    save(tmp_path, 1, make_state(1))
    restore(tmp_path, make_state(1))
    assert logger.level == logging.DEBUG
  finally:
    logger.removeHandler(handler)
    logger.setLevel(level)
  assert stream.getvalue() == ''
  assert capfd.readouterr() == ('', '')


def test_orbax_is_imported_late():
  code = "import sys, lasium_jax.io; assert 'orbax' not in sys.modules"
  subprocess.run([sys.executable, '-c', code], check=True)
