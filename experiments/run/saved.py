"""The settings of a run that is there, for what comes after it."""

from pathlib import Path

from experiments.run import record
from experiments.run.config import BadConfig, Settings


def saved_settings(workdir: Path, *systems: str) -> Settings:
  """The settings of the run in a folder, on one device.

  Raises:
    BadConfig: if there is no run, or it is of an older version.
    WrongWorkdir: if there is something else by the name of its config.
  """
  saved = record.read_config(workdir)
  if saved is None:
    raise BadConfig(f'{workdir} is not a run: it has no config.json.')
  if 'system' not in saved:
    raise BadConfig(
      f'{workdir} is a run of lasium_jax 0.1, whose settings had other names. '
      'Use that version, or run it again.'
    )
  if saved['system'] not in systems:
    raise BadConfig(
      f'{workdir} is a run of experiments/{saved["system"]}.py; name one of '
      f'{" or ".join(f"experiments/{name}.py" for name in systems)}.'
    )
  return {**saved, 'devices': 0}  # This machine may have fewer.
