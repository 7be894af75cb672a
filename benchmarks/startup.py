"""From starting Python to the end of the first step, in a process of its own.

The process does what meta-training does first: it imports the entry points'
modules, initializes, compiles a LASIUM iteration and runs it once.
"""

import os
import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import jax

from benchmarks import cases
from benchmarks.cases import Case
from experiments.run.precision import use_precision
from lasium_jax import parallel

# Everything is kept, however quickly it compiled.
CACHE = {
  'JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS': '0',
  'JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES': '-1',
}


def case(state: str, precision: str, *, small: bool) -> Case:
  """A start with an empty compilation cache ('cold') or a full one ('warm').

  `gflop` is None, and `peak_mb` the largest that the process ever was.
  """
  folders = tempfile.TemporaryDirectory()
  full = Path(folders.name) / 'full'
  peak = first_step(full, precision, small=small)

  def run() -> float:
    if state == 'warm':
      return first_step(full, precision, small=small)
    with tempfile.TemporaryDirectory(dir=folders.name) as empty:
      return first_step(Path(empty), precision, small=small)

  return Case(run, 1, None, 1, 'starts', peak)


def first_step(cache: Path, precision: str, *, small: bool) -> float:
  """Starts the process and waits for it.

  Returns:
    Its largest size, in 10^6 bytes.

  Raises:
    RuntimeError: if it fails, with what it said.
  """
  root = Path(__file__).parent.parent
  paths = [str(root), os.environ.get('PYTHONPATH', '')]
  environment = os.environ | CACHE
  environment['JAX_COMPILATION_CACHE_DIR'] = str(cache)
  environment['PYTHONPATH'] = os.pathsep.join(filter(None, paths))
  size = 'small' if small else 'full'
  command = [sys.executable, '-m', 'benchmarks.startup', size, precision]
  done = subprocess.run(
    command, env=environment, capture_output=True, text=True, check=False
  )
  if done.returncode:
    raise RuntimeError(f'The process to time failed:\n{done.stderr}')
  return float(done.stdout.split()[-1])


def main(size: str, precision: str) -> None:
  use_precision(precision)
  iteration = cases.lasium_iteration('vae', small=size == 'small')
  jax.block_until_ready(iteration.run())
  print(_largest_size())


def _largest_size() -> float:
  """The most memory that this process has had so far, in 10^6 bytes."""
  status = Path('/proc/self/status')
  if status.exists():  # Linux, whose getrusage also counts who started us.
    match = re.search(r'VmHWM:\s*(\d+) kB', status.read_text())
    if match:
      return int(match[1]) * 1024 / 1e6
  used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
  # The number is in kilobytes, but on macOS in bytes.
  return used / 1e6 if sys.platform == 'darwin' else used * 1024 / 1e6


if __name__ == '__main__':
  parallel.cores_as_devices()
  main(*sys.argv[1:])
