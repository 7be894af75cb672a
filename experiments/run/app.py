"""What doors with a config share: flags, and errors that a person can use."""

import difflib
import sys
import traceback
from pathlib import Path

import jax
from absl import app, flags
from ml_collections import config_flags

from experiments.run import compilation, hosts, loop, record
from experiments.run.config import BadConfig, Config, Settings, flatten
from experiments.run.members import check_sweep
from experiments.run.precision import use_precision
from experiments.run.run import Places, System, common, open_run
from lasium_jax import parallel
from lasium_jax.settings import BadSetting, Part, check

CONFIG = config_flags.DEFINE_config_file(
  'config', None, 'A config file, such as configs/lasium/glyphs.py:ro-vae-maml.'
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

ERROR_FILE = 'error.txt'  # In the workdir, of the last start if that failed.

# What a person can mend: shown as one message, without a traceback.
EXPECTED = (
  loop.Diverged,
  record.WrongWorkdir,
  ImportError,
  OSError,
  ValueError,
)


# Of these, what is surely the person's: a setting, or the workdir.
_THEIRS = (BadConfig, BadSetting, record.WrongWorkdir)


def start(system: System) -> None:
  """Parses flags, opens the run and does the system's work."""
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
        parallel.cores_as_devices(CONFIG.value.get('devices') or None)
      workdir = Path(WORKDIR.value)
      with record.of_a_run(), hosts.own_workdir(workdir) as own:
        _work(system, own)
    except loop.Stopped as stop:
      print(f'Stopped by SIGTERM: {stop}. The same command goes on from there.')
    except EXPECTED as error:
      print(f'Error: {error}{_keep_traceback(error)}', file=sys.stderr)
      sys.exit(1)

  app.run(main, flags_parser=_parse)


def _keep_traceback(error: Exception) -> str:
  """Where the traceback of the error at hand is, for what is our own fault."""
  if isinstance(error, _THEIRS) or not hosts.is_first():
    return ''
  path = Path(WORKDIR.value) / ERROR_FILE
  try:
    path.parent.mkdir(parents=True, exist_ok=True)
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
  except (AttributeError, KeyError) as error:
    message = _unknown_field(argv) or str(error)
  except OSError as error:
    message = (
      f'{error}\nName a file such as configs/lasium/glyphs.py with --config.'
    )
  except (flags.Error, TypeError, ValueError) as error:
    message = _innermost(error) if 'Traceback' in str(error) else str(error)
  print(f'Error: {message}', file=sys.stderr)
  sys.exit(1)


def _unknown_field(argv: list[str]) -> str:
  """What is wrong with the first flag that names no field of the config."""
  paths = [a.partition('=')[2] for a in argv if a.startswith('--config=')]
  if not paths:
    return ''
  # Not CONFIG.value, which there is only once all flags are parsed.
  config = flags.FLAGS['config'].parser.parse(paths[-1])
  known = flatten(config.to_dict())
  for argument in argv:
    name, _, _ = argument.removeprefix('--').partition('=')
    field = name.removeprefix('config.')
    if field == name or field in known:
      continue
    section, _, _ = field.rpartition('.')
    own = [f for f in known if f.rpartition('.')[0] == section]
    close = difflib.get_close_matches(field, known, n=1)
    hint = f' Did you mean config.{close[0]}?' if close else ''
    there = (
      f'config.{section} has: {", ".join(f.rpartition(".")[2] for f in own)}'
      if own
      else f'It has: {", ".join(sorted({f.partition(".")[0] for f in known}))}'
    )
    return (
      f'This config ({config.name}) has no field config.{field}.{hint} {there}.'
    )
  return ''


def _innermost(error: BaseException) -> str:
  """What a config raised: ml_collections makes its traceback a message."""
  while error.__context__ is not None:
    error = error.__context__
  return str(error)


def settings_of(config: Config, system: System) -> Settings:
  """The settings of a config that is of this system, complete.

  What every run has is checked; the sections are the system's to check.

  Raises:
    ValueError: if it cannot; the message names the field.
  """
  if config.get('system') != system.name:
    raise BadConfig(
      f'{config.get("file", "This")} is a config of '
      f'experiments/{config.get("system", "another program")}.py; name one of '
      f'configs/{system.name}/ with --config.'
    )
  settings: Settings = system.complete(config).to_dict()
  own = {
    name: value
    for name, value in settings.items()
    if not isinstance(value, dict) and name not in ('system', 'file', 'name')
  }
  check(Part(common), own, 'config')
  check_sweep(settings)
  return settings


def _work(system: System, workdir: Path) -> None:
  cache_dir = CACHE_DIR.value
  places = Places(
    Path(DATA_DIR.value) if DATA_DIR.value else None,
    Path(cache_dir) if cache_dir else Places().cache_dir,
    DOWNLOAD.value,
  )
  compilation.use_cache(places.cache_dir)
  settings = settings_of(CONFIG.value, system)
  parts = system.build(settings)
  use_precision(settings['precision'])
  system.ready(parts, record.Record(workdir, {}))
  files = record.open_record(workdir, settings)
  (workdir / ERROR_FILE).unlink(missing_ok=True)
  splits = hosts.first_then_others(lambda: system.read(settings, places))
  run = open_run(settings, files, splits)
  # Not before: what was wrong until here may be mended in this workdir.
  files.keep_config(settings)
  files.keep_data(splits)
  # Not before: nothing until here would heed it, and JAX, when it is
  # distributed, has a handler of its own.
  loop.stop_on_sigterm()
  system.work(run, parts)
