"""A shrunk run of the whole program, and small parts for single stages."""

import fcntl
import importlib
import os

import pytest
from whole_program import SHRINK, Program, random_splits


@pytest.fixture(scope='session')
def program(tmp_path_factory):
  base = tmp_path_factory.getbasetemp()
  if 'PYTEST_XDIST_WORKER' in os.environ:
    base = base.parent  # All workers share what takes long.
  return Program(base)


@pytest.fixture(scope='session')
def reference(program):
  """The workdir of a run that nothing disturbed."""
  workdir = program.base / 'reference'
  with (program.base / 'lock').open('w') as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    program.run(program.command('lasium', workdir))
  return workdir


@pytest.fixture
def splits():
  return random_splits(16)


@pytest.fixture
def shrunk():
  """`(run, **fields) -> config`, for the images of `splits`."""

  def make(run, benchmark='glyphs', **fields):
    config = importlib.import_module(f'configs.lasium.{benchmark}').get_config(
      run
    )
    named = {name.replace('__', '.'): value for name, value in fields.items()}
    small = {**SHRINK, 'data.size': 16, **named}
    if config.generator.name == 'msgan':
      small['generator.filters'] = (4,)
    if run.startswith('scratch'):
      del small['meta.iterations']
    config.update_from_flattened_dict(small)
    return config

  return make
