"""A shrunk run of the whole program, and small parts for single stages."""

import fcntl
import importlib
import os

import numpy as np
import pytest
from whole_program import SHRINK, Program

from lasium_jax.data import Dataset, Splits


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
  """Random 12x12 images of 8 classes, 8 of each."""

  def dataset(seed):
    rng = np.random.default_rng(seed)
    images = rng.integers(256, size=(64, 12, 12, 1), dtype=np.uint8)
    labels = np.repeat(np.arange(8, dtype=np.int32), 8)
    return Dataset(images, labels, tuple(f'{seed}-{i}' for i in range(8)))

  return Splits(*map(dataset, range(3)))


@pytest.fixture
def shrunk():
  """`(run, **fields) -> config`, for the images of `splits`."""

  def make(run, benchmark='glyphs', **fields):
    config = importlib.import_module(f'configs.{benchmark}').get_config(run)
    named = {name.replace('__', '.'): value for name, value in fields.items()}
    small = {**SHRINK, 'data.size': 12, **named}
    if config.generator.name == 'msgan':
      small['generator.filters'] = (4,)
    if run.startswith('scratch'):
      del small['meta.iterations']
    config.update_from_flattened_dict(small)
    return config

  return make
