"""What a run set otherwise than its config file has it."""

import importlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from experiments.run.added_settings import as_in_training, lacked
from experiments.run.config import flatten

Page = dict[str, Any]
# A config as its file has it, with what it leaves to other fields filled in.
Defaults = Callable[[Any], Mapping[str, Any]]

# These fields say where things were on one machine.
PLACES = {
  *('data.path', 'data.evaluation_path', 'generator_training.workdir'),
  *('quality.recognizer', 'one_shot.recognizer', 'borrowed.folder'),
  *('embedding_training.workdir', 'meta.workdir', 'rounds.workdir'),
  'measure.weights',
}
# These fields say which run it is or how fast it was, or have a column of
# their own in RESULTS.md.
ELSEWHERE = PLACES | {
  *('system', 'file', 'name', 'devices', 'device_bytes', 'checkpoint_seconds'),
  *('meta.iterations', 'meta.batch', 'meta.steps_per_dispatch'),
  'rounds.steps_per_dispatch',
  *('generator_training.steps', 'generator_training.batch_size'),
  *('floors.scratch.judge', 'floors.nearest.judge'),
}


def changed(settings: Mapping[str, Any], defaults: Defaults) -> Page:
  """The settings of a run that have other values than the config file has.

  Args:
    settings: of the run, flattened, by today's names.
    defaults: fills in what the config file leaves to other fields.

  Returns:
    Flattened settings. Those that the run lacks are among them where it is
    known what it did without them. Those of an older run that today's file does
    not have are left out.

  Raises:
    ValueError: if the config file cannot be read.
  """
  default = _of_the_file(settings, defaults)

  def differs(field: str, value: Any) -> bool:
    if field in ELSEWHERE:
      return False
    if field in default:
      return bool(default[field] != value)
    return 'system' in settings  # Which older runs do not have.

  own = _completed(settings, default)
  return {k: own[k] for k in sorted(own) if differs(k, own[k])}


def _completed(settings: Mapping[str, Any], default: Page) -> Page:
  """A run's settings, and those of the file by which it went without them.

  Only where that is known, and in sections that both have.
  """
  values = as_in_training({**lacked(settings), **settings}, default)
  sections = {field.rpartition('.')[0] for field in settings}
  return {
    field: value
    for field, value in values.items()
    if field in settings
    or (field in default and field.rpartition('.')[0] in sections)
  }


def _of_the_file(settings: Mapping[str, Any], defaults: Defaults) -> Page:
  """The flattened settings that the config file has by itself."""
  file, run = settings['file'], settings['name']
  try:
    module = importlib.import_module(file.removesuffix('.py').replace('/', '.'))
    config = module.get_config(run)
  except (ImportError, ValueError) as error:
    raise ValueError(
      f'{file} has no run {run!r} any more, so that what its flags changed '
      f'cannot be told: {error}'
    ) from error
  own = {}
  for field in ('size', 'channels'):
    if f'data.{field}' in settings and field in config.data:
      own[f'data.{field}'] = config.data[field]
      config.data[field] = settings[f'data.{field}']
  # A saved config is JSON, which has lists in place of tuples. What follows
  # from the size of images is no change, and the size is one.
  plain: Page = json.loads(json.dumps(flatten(defaults(config))))
  return plain | own
