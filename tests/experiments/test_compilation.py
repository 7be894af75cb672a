"""What is compiled once serves every run that differs in its data or seed."""

import jax
import numpy as np
import pytest
from jax.experimental.compilation_cache import compilation_cache
from whole_program import random_splits

from experiments.systems import lasium


@pytest.fixture
def misses(tmp_path):
  """Has an entry for each program that had to be compiled: none is kept yet."""
  found = []
  # Quick and small programs count too, whatever the environment says of them.
  settings = {
    'jax_compilation_cache_dir': str(tmp_path / 'compiled'),
    'jax_persistent_cache_min_compile_time_secs': 0,
    'jax_persistent_cache_min_entry_size_bytes': -1,
  }
  before = {name: getattr(jax.config, name) for name in settings}

  def listen(event, **details):
    del details
    if event == '/jax/compilation_cache/cache_misses':
      found.append(event)

  for name, value in settings.items():
    jax.config.update(name, value)
  compilation_cache.reset_cache()
  jax.monitoring.register_event_listener(listen)
  yield found
  jax.monitoring.unregister_event_listener(listen)
  for name, value in before.items():
    jax.config.update(name, value)
  compilation_cache.reset_cache()


def others(splits):
  """As many images of the same classes, all of them new."""
  rng = np.random.default_rng(7)

  def renewed(dataset):
    images = rng.integers(256, size=dataset.images.shape, dtype=np.uint8)
    return dataset._replace(images=images)

  return type(splits)(*map(renewed, splits))


def test_another_seed_and_other_images_compile_nothing(misses, opened, shrunk):
  jax.clear_caches()  # What is in memory would not be looked for on the disk.
  splits = random_splits(16)
  run, parts = opened(shrunk('ro-vae-protonets'), 'first', splits=splits)
  lasium.work(run, parts)
  assert misses
  misses.clear()
  jax.clear_caches()
  config = shrunk('ro-vae-protonets', seed=5)
  run, parts = opened(config, 'second', splits=others(splits))
  lasium.work(run, parts)
  assert not misses
