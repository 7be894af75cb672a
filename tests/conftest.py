"""Settings of all tests, and the small pieces that many of them share."""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile

# Before JAX starts: the tests are of arithmetic, not of a particular device.
os.environ.setdefault('JAX_PLATFORMS', 'cpu')
# All processes of the tests share what they compile: those of pytest, and those
# that tests start. The first makes the folder, and the others inherit its name.
if 'JAX_COMPILATION_CACHE_DIR' not in os.environ:
  folder = tempfile.mkdtemp(prefix='lasium-jax-tests-')
  atexit.register(shutil.rmtree, folder, ignore_errors=True)
  os.environ['JAX_COMPILATION_CACHE_DIR'] = folder
  os.environ['JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS'] = '0'

# XLA's older way with fused loops compiles twice as fast, and a program in one
# piece faster than in many. XLA ends a process that has a flag it does not
# know, so that another one tells of each whether it does.
if 'XLA_FLAGS' not in os.environ:
  asks, known = [sys.executable, '-c', 'import jax; jax.devices()'], ''
  for flag in (
    '--xla_cpu_use_fusion_emitters=false',
    '--xla_cpu_parallel_codegen_split_count=1',
  ):
    flags = f'{known} {flag}'.strip()
    tried = {**os.environ, 'XLA_FLAGS': flags}
    done = subprocess.run(asks, env=tried, capture_output=True, check=False)
    known = known if done.returncode else flags
  os.environ['XLA_FLAGS'] = known

import jax
import jax.numpy as jnp
import pytest

from lasium_jax.types import Examples, ImageSet, Task

jax.config.update('jax_numpy_rank_promotion', 'raise')
jax.config.update('jax_num_cpu_devices', 8)  # All but the first wait.
# Compiling takes most of the time of most tests, and computing little. Without
# optimizations all instruction sets give the same numbers, so that tests with
# the mark `instructions` have them.
jax.config.update('jax_disable_most_optimizations', True)


def pytest_configure(config):
  config.addinivalue_line(
    'markers',
    'instructions: arithmetic that is compiled with optimizations, and that '
    "test_instruction_sets.py has computed by older processors' instructions.",
  )


# What takes longest begins first, so that no process is left alone with it at
# the end; and test_whole.py before the others that read the run that it makes.
FIRST = (
  *('test_instruction_sets.py', 'test_whole.py', 'test_hosts.py'),
  'test_resume.py',
)


def pytest_collection_modifyitems(items):
  places = {name: place for place, name in enumerate(FIRST)}
  items.sort(key=lambda item: places.get(item.path.name, len(places)))


@pytest.fixture
def key():
  return jax.random.key(0)


@pytest.fixture
def compile_fully():
  """For tests that compute for long, or look at what was compiled."""
  jax.config.update('jax_disable_most_optimizations', False)
  yield
  jax.config.update('jax_disable_most_optimizations', True)


@pytest.fixture(autouse=True)
def _by_all_instructions(request):
  if request.node.get_closest_marker('instructions'):
    request.getfixturevalue('compile_fully')


@pytest.fixture
def image_set():
  """Six classes of 7 to 12 images, whose pixels tell class and number."""
  counts = jnp.arange(7, 13)
  starts = jnp.concatenate([jnp.zeros(1, int), jnp.cumsum(counts)[:-1]])
  labels = jnp.repeat(jnp.arange(6), counts)
  numbers = jnp.arange(len(labels)) - starts[labels]
  images = jnp.zeros((len(labels), 4, 4, 1), jnp.uint8)
  images = images.at[:, 0, 0, 0].set(labels.astype(jnp.uint8))
  images = images.at[:, 0, 1, 0].set(numbers.astype(jnp.uint8))
  return ImageSet(images, starts, counts)


@pytest.fixture
def task(key):
  """3-way 2-shot, 4 queries, 8x8 images that differ by class."""
  ways, shots, queries = 3, 2, 4
  patterns = jax.random.uniform(key, (ways, 8, 8, 1))

  def examples(key, n):
    x = jnp.repeat(patterns, n, axis=0)
    x += 0.1 * jax.random.normal(key, x.shape)
    return Examples(x, jnp.repeat(jnp.arange(ways), n))

  return Task(
    examples(jax.random.fold_in(key, 1), shots),
    examples(jax.random.fold_in(key, 2), queries),
  )
