"""What runs that classify from a few images of each class share."""

from ml_collections import ConfigDict

from configs.parts import recognizer
from configs.parts.sections import named
from experiments.components.batches import BATCHES

RUNS = ('views', *recognizer.HALVES)


def get_config(file: str, run: str, data: ConfigDict) -> ConfigDict:
  """The settings of one run.

  Args:
    file: the path of its config module.
    run: one of `RUNS`.
    data: the section of the images.

  Returns:
    The config: five images of each class, three runs.

  Raises:
    ValueError: if there is no such run.
  """
  if run not in RUNS:
    raise ValueError(f'{file} has no run {run!r}. It has {", ".join(RUNS)}.')
  half = 'none' if run == 'views' else run
  config = recognizer.get_config(file, half, data, steps=1_500)
  config.name = run
  config.seeds = 3
  config.held_out.shots = 5
  config.training.set_size = 2
  if run == 'none':
    return config
  if run == 'views':
    config.batches = named(BATCHES, 'augmented')
  # The maps of interpolative training.
  config.augment.update(rotation=20.0, translation=0.1, scale=1.25)
  return config
