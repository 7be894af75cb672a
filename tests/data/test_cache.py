"""The cache of arrays: used when whole, renewed when not, never in the way."""

import errno
import json
import logging
import os
import pathlib

import numpy as np
import pytest

from lasium_jax.data.cache import cached, default_cache_dir
from lasium_jax.data.dataset import Dataset

DATASET = Dataset(
  np.arange(6 * 4 * 4, dtype=np.uint8).reshape(6, 4, 4, 1),
  np.array([0, 0, 1, 1, 1, 2], np.int32),
  ('Greek_0', 'Ελληνικά', 'c'),
)


def make():
  return DATASET


def fail():
  raise AssertionError('the source was read')


def check(dataset):
  assert isinstance(dataset, Dataset)
  for got, expected in zip(dataset[:2], DATASET[:2], strict=True):
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(got, expected)
  assert dataset.class_names == DATASET.class_names


@pytest.fixture
def warnings(caplog):
  caplog.set_level(logging.WARNING)
  return lambda: [record.getMessage() for record in caplog.records]


def test_the_second_read_does_not_touch_the_source(tmp_path, warnings):
  check(cached(tmp_path / 'a' / 'b', 'toy', make))
  check(cached(tmp_path / 'a' / 'b', 'toy', fail))
  assert not warnings()


def test_entries_are_told_apart(tmp_path):
  other = DATASET._replace(images=255 - DATASET.images)
  cached(tmp_path, 'toy', make)
  cached(tmp_path, 'toy/config', lambda: other)
  check(cached(tmp_path, 'toy', fail))
  inverted = cached(tmp_path, 'toy/config', fail)
  np.testing.assert_array_equal(inverted.images, other.images)


def flip(path, place):
  content = bytearray(path.read_bytes())
  content[place] ^= 0xFF
  path.write_bytes(content)


DAMAGES = {
  'flipped': lambda path: flip(path, len(path.read_bytes()) // 2),
  'flipped first byte': lambda path: flip(path, 0),
  'flipped last byte': lambda path: flip(path, -1),
  'truncated': lambda path: os.truncate(path, path.stat().st_size - 1),
  'empty': lambda path: os.truncate(path, 0),
  'missing': lambda path: path.unlink(),
  'a folder': lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize('damage', DAMAGES)
@pytest.mark.parametrize('number', range(4))
def test_damage_is_named_and_mended(tmp_path, warnings, damage, number):
  cached(tmp_path, 'toy', make)
  files = sorted((tmp_path / 'toy').iterdir())
  assert len(files) == 4
  DAMAGES[damage](files[number])
  calls = []
  check(cached(tmp_path, 'toy', lambda: calls.append(1) or DATASET))
  assert len(calls) == 1
  assert len(warnings()) == 1
  assert str(tmp_path / 'toy') in warnings()[0]
  check(cached(tmp_path, 'toy', fail))


@pytest.mark.parametrize('content', ['[]', '1', 'null', '{}', '{"a": 1}'])
def test_descriptions_of_another_form_are_damage(tmp_path, warnings, content):
  cached(tmp_path, 'toy', make)
  for path in (tmp_path / 'toy').glob('*.json'):
    json.loads(path.read_text())
    path.write_text(content)
    check(cached(tmp_path, 'toy', make))
    assert str(tmp_path / 'toy') in warnings().pop()


def test_an_unwritable_cache_is_said_and_does_not_stop(tmp_path, warnings):
  (tmp_path / 'file').write_text('')
  check(cached(tmp_path / 'file' / 'cache', 'toy', make))
  (message,) = warnings()
  assert str(tmp_path / 'file' / 'cache') in message
  assert '--cache_dir' in message


def test_a_file_in_the_place_of_an_entry(tmp_path, warnings):
  (tmp_path / 'toy').write_text('mine')
  check(cached(tmp_path, 'toy', make))
  assert all(str(tmp_path / 'toy') in message for message in warnings())
  assert (tmp_path / 'toy').read_text() == 'mine'


def test_a_full_disk_leaves_nothing_behind(tmp_path, warnings, monkeypatch):
  def full(path, array):
    path.write_bytes(b'\x93NUMPY')
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

  monkeypatch.setattr(np, 'save', full)
  check(cached(tmp_path, 'toy', make))
  assert 'No space left' in warnings()[0]
  assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('saves', [0, 1])
def test_an_interrupted_write_leaves_no_entry(tmp_path, monkeypatch, saves):
  save, calls = np.save, []

  def interrupted(path, array):
    assert not (tmp_path / 'toy').exists()
    calls.append(path)
    save(path, array)
    if len(calls) > saves:
      raise KeyboardInterrupt

  monkeypatch.setattr(np, 'save', interrupted)
  with pytest.raises(KeyboardInterrupt):
    cached(tmp_path, 'toy', make)
  assert not list(tmp_path.iterdir())


def test_an_entry_appears_whole(tmp_path, monkeypatch):
  """In one step: all files are there before the folder has its name."""
  rename, seen = pathlib.Path.rename, []

  def watched(path, target):
    seen.append((target, target.exists(), len(list(path.iterdir()))))
    return rename(path, target)

  monkeypatch.setattr(pathlib.Path, 'rename', watched)
  cached(tmp_path, 'toy', make)
  assert seen == [(tmp_path / 'toy', False, 4)]
  assert [path.name for path in tmp_path.iterdir()] == ['toy']
  assert len(list((tmp_path / 'toy').iterdir())) == 4


def test_leftovers_of_a_kill_are_no_entry(tmp_path):
  (tmp_path / '.partial-1234').mkdir()
  (tmp_path / '.partial-1234' / 'images.npy').write_bytes(b'half')
  check(cached(tmp_path, 'toy', make))
  check(cached(tmp_path, 'toy', fail))


def test_errors_of_the_source_pass_through(tmp_path):
  def broken():
    raise ValueError('no such split')

  with pytest.raises(ValueError, match='no such split'):
    cached(tmp_path, 'toy', broken)
  assert not (tmp_path / 'toy').exists()


def test_default_place(tmp_path, monkeypatch):
  monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'xdg'))
  assert default_cache_dir() == tmp_path / 'xdg' / 'lasium_jax'
  monkeypatch.setenv('XDG_CACHE_HOME', '')
  monkeypatch.setenv('HOME', str(tmp_path))
  assert default_cache_dir() == tmp_path / '.cache' / 'lasium_jax'
