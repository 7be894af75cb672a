"""The config of a run that is finished, for what comes after it."""

from pathlib import Path

from configs.parts import base
from experiments.components import by_size
from experiments.components.checks import BadConfig, Config
from experiments.run.record import read_config


def saved_config(workdir: Path) -> Config:
  """The settings of the run in a folder, on one device.

  Raises:
    BadConfig: if there is no run.
    WrongWorkdir: if there is something else by the name of its config.
  """
  saved = read_config(workdir)
  if saved is None:
    raise BadConfig(f'{workdir} is not a run: it has no config.json.')
  # Fields that are newer than the run have their defaults.
  config = base.get_config(saved.get('benchmark', ''), saved['name'])
  config.update(saved)
  config.devices = 0  # This machine may have fewer.
  return by_size.resolved(config)
