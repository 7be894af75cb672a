"""The settings that every run has, beside its sections."""

from ml_collections import ConfigDict

from configs.parts.sections import section
from experiments.run.members import sweepable
from experiments.run.run import common
from lasium_jax.settings import Part


def run(system: str, file: str, name: str) -> ConfigDict:
  """A config without sections.

  Args:
    system: the door that runs it, such as 'lasium'.
    file: the config's own path.
    name: of the run, what stands behind the colon.

  Returns:
    The config, to be given sections.
  """
  config = ConfigDict({'system': system, 'file': file, 'name': name})
  config.update(section(Part(common)))
  return config


def with_sweep(config: ConfigDict) -> ConfigDict:
  """The same config with a field for each setting that it can sweep."""
  config.sweep = ConfigDict(dict.fromkeys(sweepable(config), ()))
  return config
