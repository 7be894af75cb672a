"""A program that starts itself again, at most once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.run import large_pages

ROOT = Path(__file__).parents[2]


@pytest.fixture
def started(monkeypatch, tmp_path):
  """The commands that were started, on a system that has large pages."""
  commands = []
  monkeypatch.setattr(os, 'execve', lambda *args: commands.append(args))
  monkeypatch.delenv(large_pages.VARIABLE, raising=False)
  set_system(monkeypatch, tmp_path, ('glibc', '2.36'), 'always [madvise] never')
  return commands


def set_system(monkeypatch, folder, libc, enabled):
  monkeypatch.setattr(large_pages.platform, 'libc_ver', lambda: libc)
  file = folder / 'enabled'
  if enabled is not None:
    file.write_text(enabled)
  monkeypatch.setattr(large_pages, '_ENABLED', file)


def test_it_starts_the_same_command_again(started, monkeypatch, capsys):
  monkeypatch.setattr(sys, 'orig_argv', ['python', '-u', 'door.py', '--a=b'])
  large_pages.start_again()
  ((program, command, environment),) = started
  assert program == sys.executable
  assert command == [sys.executable, '-u', 'door.py', '--a=b']
  assert environment[large_pages.VARIABLE] == large_pages.VALUE
  assert environment.items() >= os.environ.items()
  assert large_pages.VALUE in capsys.readouterr().err


@pytest.mark.parametrize(
  ('libc', 'enabled'),
  [
    (('', ''), None),  # macOS
    (('glibc', '2.34'), 'always [madvise] never'),
    (('musl', '1.2'), 'always [madvise] never'),
    (('glibc', '2.36'), '[always] madvise never'),
    (('glibc', '2.36'), 'always madvise [never]'),
  ],
)
def test_it_does_not_where_that_would_not_help(
  libc, enabled, started, monkeypatch, tmp_path
):
  (tmp_path / 'other').mkdir()
  set_system(monkeypatch, tmp_path / 'other', libc, enabled)
  large_pages.start_again()
  assert not started


@pytest.mark.parametrize('value', ['', 'glibc.malloc.arena_max=1'])
def test_who_sets_the_variable_decides(value, started, monkeypatch):
  monkeypatch.setenv(large_pages.VARIABLE, value)
  large_pages.start_again()
  assert not started


def test_a_real_program_comes_to_its_end_with_its_arguments(tmp_path):
  script = tmp_path / 'script.py'
  script.write_text(
    'import os, sys\n'
    'from experiments.run import large_pages\n'
    'large_pages.start_again()\n'
    'print(sys.argv[1:], "jax" in sys.modules, os.getpid())\n'
  )
  environment = {**os.environ, 'PYTHONPATH': str(ROOT)}
  environment.pop(large_pages.VARIABLE, None)
  process = subprocess.Popen(
    [sys.executable, script, '--x', 'y z'],
    env=environment,
    stdout=subprocess.PIPE,
    stderr=subprocess.PIPE,
    text=True,
  )
  out, err = process.communicate()
  assert out == f"['--x', 'y z'] False {process.pid}\n"
  assert err.count('Starting again') <= 1
