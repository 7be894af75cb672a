"""Runs the whole program, shrunk until it takes seconds, and reads its runs."""

import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import orbax.checkpoint as orbax

from experiments.run import record
from experiments.run.app import settings_of
from experiments.run.config import flatten
from experiments.run.run import open_run
from experiments.systems import lasium
from lasium_jax.data import Dataset, Splits

ROOT = Path(__file__).parent.parent.parent

SHRINK = {
  'checkpoint_seconds': 0.0,
  'generator.filters': (4, 4),
  'generator.latent_size': 4,
  'generator.width': 2,
  'generator_training.batch_size': 8,
  'generator_training.steps': 6,
  'generator_training.pictures': 2,
  'network.filters': 4,
  'network.last_filters': 6,
  'meta.iterations': 6,
  'meta.batch': 2,
  'meta.steps_per_dispatch': 2,
  'meta.validate_every': 2,
  'meta.validation_tasks': 2,
  'learner.steps': 1,
  'evaluation.shots': (1,),
  'evaluation.queries': 3,
  'evaluation.tasks': 12,
  'evaluation.tasks_per_dispatch': 3,
  'evaluation_learner.steps': 2,
  'floors.scratch.steps': 2,
}


def shrink(config, **fields):
  """The fields of `SHRINK` that a config has, and others, with __ for dots.

  What a config has switched off by 0 stays so.
  """
  known = flatten(config.to_dict())
  small = {k: v for k, v in SHRINK.items() if k in known and known[k] != 0}
  if isinstance(known.get('generator.filters'), int):
    small['generator.filters'] = 4
  return small | {k.replace('__', '.'): v for k, v in fields.items()}


def config_of(path):
  """The config of `configs/PATH`, such as 'lasium/glyphs.py:ro-vae-maml'."""
  module, _, run = path.removesuffix('.py').partition('.py:')
  found = importlib.import_module(f'configs.{module.replace("/", ".")}')
  return found.get_config(*filter(None, [run]))


def settings_with(system, path, **fields):
  """A run's settings; `fields` are of its config, with __ for each dot."""
  config = config_of(path)
  config.update_from_flattened_dict(
    {name.replace('__', '.'): value for name, value in fields.items()}
  )
  return settings_of(config, system)


class Program:
  """Runs the entry points as a user does, in processes of their own."""

  def __init__(self, base):
    self.base = base
    self.env = {
      **os.environ,
      'JAX_PLATFORMS': 'cpu',
      'JAX_DISABLE_MOST_OPTIMIZATIONS': '1',
    }

  def command(
    self, script, workdir, config='lasium/glyphs.py:ro-vae-maml', **fields
  ):
    """`fields` are of the config, with __ for each dot."""
    try:
      values = shrink(config_of(config), **fields)
    except (ImportError, ValueError):  # A config that is not there.
      values = {}
    return [
      sys.executable,
      f'experiments/{script}.py',
      f'--config=configs/{config}',
      f'--workdir={workdir}',
      f'--cache_dir={self.base / "data"}',
      *(f'--config.{name}={value}' for name, value in values.items()),
    ]

  def start(self, command, **options):
    return subprocess.Popen(
      command,
      cwd=ROOT,
      env=self.env,
      text=True,
      stdout=subprocess.PIPE,
      stderr=subprocess.STDOUT,
      **options,
    )

  def run(self, command, *, code=0, **options):
    """What the process prints; it must end with `code`."""
    with self.start(command, **options) as process:
      output, _ = process.communicate(timeout=300)
    assert process.returncode == code, output
    assert 'Traceback' not in output, output
    return output


def interrupted(workdir, place, stage):
  """A copy of a finished run at `place`, without a stage's last checkpoint."""
  shutil.copytree(workdir, place)
  shutil.rmtree(max((place / 'checkpoints' / stage).iterdir()))
  (place / 'results.json').unlink()
  return place


def random_splits(size):
  """Random images of 8 classes in each split, 8 of each class."""

  def dataset(seed):
    rng = np.random.default_rng(seed)
    images = rng.integers(256, size=(64, size, size, 1), dtype=np.uint8)
    labels = np.repeat(np.arange(8, dtype=np.int32), 8)
    return Dataset(images, labels, tuple(f'{seed}-{i}' for i in range(8)))

  return Splits(*map(dataset, range(3)))


def results(workdir):
  return json.loads((workdir / 'results.json').read_text())['results']


def metrics(workdir):
  path = workdir / 'metrics.jsonl'
  lines = path.read_text().splitlines() if path.exists() else []
  return [json.loads(line) for line in lines]


def final_states(workdir):
  """Stage to leaf to array, of each stage's newest checkpoint."""
  return {
    stage.name: checkpoint(max(p for p in stage.glob('*') if p.is_dir()))
    for stage in (workdir / 'checkpoints').iterdir()
  }


def checkpoint(path):
  manifest = json.loads((path / 'manifest.json').read_text())
  names = [name for name, _, shape in manifest['leaves'] if 0 not in shape]
  numpy = orbax.RestoreArgs(restore_type=np.ndarray)
  with orbax.PyTreeCheckpointer() as checkpointer:
    return checkpointer.restore(
      (path / 'state').absolute(), restore_args=dict.fromkeys(names, numpy)
    )


def assert_same_run(workdir, reference):
  """Bit for bit the same parameters and results."""
  assert results(workdir) == results(reference)
  ours, theirs = final_states(workdir), final_states(reference)
  assert ours.keys() == theirs.keys()
  for stage, state in ours.items():
    assert state.keys() == theirs[stage].keys()
    for name, leaf in state.items():
      np.testing.assert_array_equal(
        leaf, theirs[stage][name], f'{stage} {name}'
      )


def go_through(workdir, settings, splits):
  """All stages of a run of LASIUM, in this process; the run and its parts."""
  parts = lasium.build(settings)
  lasium.check_data(settings, splits)
  files = record.open_record(workdir, settings)
  files.keep_config(settings)
  run = open_run(files=files, settings=settings, splits=splits)
  lasium.work(run, parts)
  return run, parts
