"""The settings that every run has, beside its sections."""

from ml_collections import ConfigDict

from configs.parts.sections import section
from experiments.run.members import sweepable
from experiments.run.run import common
from lasium_jax.settings import Part

# The images of a step, where a recipe has them: 50 for each of the critic's 5
# steps; 32 sets of 5; 32 pairs for each of the critic's 5 steps.
BATCH_SIZES = {'wgan_gp': 250, 'statistician': 160, 'dagan': 320}


def batch_size(generator: str) -> int:
  """The images of a step of a generator's training."""
  return BATCH_SIZES.get(generator, 128)


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
