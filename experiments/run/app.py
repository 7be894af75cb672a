"""What all entry points share: flags, and errors that a person can use."""

import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import jax
from absl import app, flags
from ml_collections import config_flags

from experiments.components import build, by_size
from experiments.components.checks import BadConfig, Config
from experiments.components.data import Places, read_splits
from experiments.run import compilation, hosts, loop, record
from experiments.run.precision import use_precision
from experiments.run.record import Record
from experiments.stages import generator as stage_generator
from lasium_jax import parallel
from lasium_jax.data import Splits

CONFIG = config_flags.DEFINE_config_file(
  'config',
  None,
  'A config file, such as configs/lasium/omniglot.py:ro-vae-maml.',
)
WORKDIR = flags.DEFINE_string(
  'workdir', None, 'The folder of this run; the same one resumes it.'
)
DATA_DIR = flags.DEFINE_string(
  'data_dir', None, 'A TFDS data_dir that holds the prepared data set.'
)
CACHE_DIR = flags.DEFINE_string(
  'cache_dir', None, 'Where resized data is kept (~/.cache/lasium_jax).'
)
DOWNLOAD = flags.DEFINE_bool(
  'download', False, 'Download and prepare the data set in --data_dir.'
)

DISTRIBUTED = flags.DEFINE_bool(
  'distributed',
  False,
  'One of several processes, found out from SLURM, Open '
  'MPI or a TPU pod, or named by the three flags that follow.',
)
COORDINATOR = flags.DEFINE_string(
  'coordinator', None, 'host:port of the first process.'
)
PROCESSES = flags.DEFINE_integer('processes', None, 'How many there are.')
PROCESS = flags.DEFINE_integer(
  'process', None, 'Which of them this is, from 0.'
)

Work = Callable[[Config, Splits, Record], None]

ERROR_FILE = 'error.txt'  # In the workdir, of the last start if that failed.

# What a person can mend: shown as one message, without a traceback.
EXPECTED = (
  BadConfig,
  loop.Diverged,
  record.WrongWorkdir,
  ImportError,
  OSError,
  ValueError,
)


def start(work: Work) -> None:
  """Parses flags, opens the run and does the work."""
  flags.mark_flags_as_required(['config', 'workdir'])

  def main(argv: list[str]) -> None:
    if len(argv) > 1:
      raise app.UsageError(f'Unknown arguments: {argv[1:]}.')
    try:
      if DISTRIBUTED.value:
        jax.distributed.initialize(
          COORDINATOR.value, PROCESSES.value, PROCESS.value
        )
      else:
        parallel.cores_as_devices(CONFIG.value.devices or None)
      with hosts.own_workdir(Path(WORKDIR.value)) as workdir:
        _run(work, workdir)
    except loop.Stopped as stop:
      print(f'Stopped by SIGTERM: {stop}. The same command goes on from there.')
    except EXPECTED as error:
      print(f'Error: {error}{_keep_traceback(error)}', file=sys.stderr)
      sys.exit(1)

  app.run(main, flags_parser=_parse)


def _keep_traceback(error: Exception) -> str:
  """Where the traceback of the error at hand is, for what is our own fault."""
  if isinstance(error, record.WrongWorkdir) or not hosts.is_first():
    return ''
  path = Path(WORKDIR.value) / ERROR_FILE
  try:
    path.write_text(traceback.format_exc())
  except OSError:
    return ''
  return f'\n(Where it happened: {path})'


def _parse(argv: list[str]) -> list[str]:
  """As absl does, but with one message for whatever cannot be parsed."""
  try:
    rest: list[str] = flags.FLAGS(argv)
    # A file that cannot be loaded shows when the config is first used.
    if CONFIG.value is not None:
      CONFIG.value.lock()
    return rest
  except AttributeError as error:
    message = (
      f'The config has no field {error}; configs/parts/base.py has them all.'
    )
  except OSError as error:
    message = (
      f'{error}\nName a file such as configs/lasium/glyphs.py with --config.'
    )
  except (flags.Error, TypeError, ValueError) as error:
    message = _innermost(error) if 'Traceback' in str(error) else str(error)
  print(f'Error: {message}', file=sys.stderr)
  sys.exit(1)


def _innermost(error: BaseException) -> str:
  """What a config raised: ml_collections makes its traceback a message."""
  while error.__context__ is not None:
    error = error.__context__
  return str(error)


def _run(work: Work, workdir: Path) -> None:
  config = by_size.resolved(CONFIG.value)
  cache_dir = CACHE_DIR.value
  places = Places(
    Path(DATA_DIR.value) if DATA_DIR.value else None,
    Path(cache_dir) if cache_dir else Places().cache_dir,
    DOWNLOAD.value,
  )
  compilation.use_cache(places.cache_dir)
  build.check(config)
  use_precision(config.precision)
  files = record.open_record(workdir, config.to_dict())
  (workdir / ERROR_FILE).unlink(missing_ok=True)
  if record.read_config(workdir) is None:
    stage_generator.check_borrowed(config)
  splits = hosts.first_then_others(lambda: read_splits(config, places))
  # Not before: what was wrong until here may be mended in this workdir.
  files.keep_config(config.to_dict())
  files.keep_data(splits)
  # Not before: nothing until here would heed it, and JAX, when it is
  # distributed, has a handler of its own.
  loop.stop_on_sigterm()
  work(config, splits, files)
