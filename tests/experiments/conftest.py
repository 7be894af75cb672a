"""A shrunk run of the whole program, and small parts for single stages."""

import fcntl
import os

import pytest
from web_page import browsing
from whole_program import Program, config_of, random_splits, shrink

from experiments.run import record
from experiments.run.app import settings_of
from experiments.run.run import open_run
from experiments.systems import lasium


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
def browser(tmp_path, monkeypatch):
  # Selenium's helper, which would fetch drivers and send statistics, has no
  # part.
  monkeypatch.setenv('SE_AVOID_STATS', 'true')
  with browsing(tmp_path / 'profile') as page:
    yield page


@pytest.fixture
def splits():
  return random_splits(16)


@pytest.fixture
def shrunk():
  """`(run, **fields) -> config`, for the images of `splits`."""

  def make(run, benchmark='glyphs', **fields):
    config = config_of(f'lasium/{benchmark}.py:{run}')
    small = shrink(config, **{'data.size': 16, **fields})
    config.update_from_flattened_dict(small)
    return config

  return make


@pytest.fixture
def opened(splits, tmp_path):
  """`(config, workdir='run') -> (run, parts)`, its data `splits`."""

  def make(config, workdir='run', splits=splits):
    settings = settings_of(config, lasium.system())
    parts = lasium.build(settings)
    files = record.open_record(tmp_path / workdir, settings)
    return open_run(settings, files, splits), parts

  return make
