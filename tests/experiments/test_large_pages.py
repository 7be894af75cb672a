"""A program that starts itself again, at most once."""

import ast
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
  monkeypatch.setattr(sys, 'gettrace', lambda: None)
  set_system(monkeypatch, tmp_path, ('glibc', '2.36'), 'always [madvise] never')
  return commands


def set_system(monkeypatch, folder, libc, enabled):
  monkeypatch.setattr(large_pages.platform, 'libc_ver', lambda: libc)
  file = folder / 'enabled'
  if enabled is not None:
    file.write_text(enabled)
  monkeypatch.setattr(large_pages, '_ENABLED', file)
  monkeypatch.setattr(large_pages, '_ACCELERATORS', ())


def test_it_starts_the_same_command_again(started, monkeypatch, capsys):
  monkeypatch.setattr(sys, 'orig_argv', ['python', '-u', 'door.py', '--a=b'])
  large_pages.start_again()
  ((program, command, environment),) = started
  assert program == sys.executable
  assert command == [sys.executable, '-u', 'door.py', '--a=b']
  assert environment[large_pages.VARIABLE] == large_pages.VALUE
  assert environment.items() >= os.environ.items()
  assert large_pages.VALUE in capsys.readouterr().err


@pytest.mark.usefixtures('started')
def test_a_start_that_is_forbidden_goes_on(monkeypatch, capsys):
  def refuse(*args):
    raise PermissionError('not here')

  monkeypatch.setattr(os, 'execve', refuse)
  large_pages.start_again()
  assert 'not here. Going on.' in capsys.readouterr().err


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
  try:
    out, err = process.communicate(timeout=60)
  finally:
    process.kill()
  assert out == f"['--x', 'y z'] False {process.pid}\n"
  assert err.count('Starting again') == large_pages._would_help()


@pytest.mark.parametrize('name', ['ps1', 'IPython', 'trace'])
def test_a_process_that_somebody_watches_goes_on(name, started, monkeypatch):
  if name == 'ps1':
    monkeypatch.setattr(sys, 'ps1', '>>> ', raising=False)
  elif name == 'IPython':
    monkeypatch.setitem(sys.modules, 'IPython', sys)
  else:
    monkeypatch.setattr(sys, 'gettrace', lambda: print)
  large_pages.start_again()
  assert not started


def test_beside_a_gpu_nothing_starts_again(started, monkeypatch):
  monkeypatch.setattr(large_pages, '_ACCELERATORS', ('null',))  # /dev/null
  large_pages.start_again()
  assert not started


DOORS = [
  p for p in (ROOT / 'experiments').glob('*.py') if 'app.start' in p.read_text()
]


@pytest.mark.parametrize('path', DOORS, ids=lambda p: p.stem)
def test_doors_start_again_before_they_import_jax(path):
  *above, main = ast.parse(path.read_text()).body
  imports = [n for n in above if isinstance(n, ast.Import | ast.ImportFrom)]
  assert [alias.name for n in imports for alias in n.names] == ['large_pages']
  assert isinstance(main, ast.If)
  assert ast.unparse(main.body[0]) == 'large_pages.start_again()'


def test_all_that_train_are_doors():
  assert {'lasium', 'recognizer', 'meta_train'} <= {p.stem for p in DOORS}
