"""What the recognizers of all benchmarks share."""

from ml_collections import ConfigDict

from configs.parts import common
from configs.parts.sections import named, section
from experiments.components.batches import BATCHES
from experiments.components.optimizers import OPTIMIZERS
from experiments.components.tasks import AUGMENTATION
from experiments.stages import classifier
from experiments.systems import recognizer
from lasium_jax.models.build import CLASSIFIERS
from lasium_jax.settings import Part


def get_config(file: str, run: str, data: ConfigDict, steps: int) -> ConfigDict:
  """The settings of a recognizer.

  Args:
    file: the path of its config module.
    run: the name of its network, such as 'resnet20'.
    data: the benchmark's section.
    steps: of one batch each.

  Returns:
    The config.

  Raises:
    ValueError: if there is no such network.
  """
  if run not in CLASSIFIERS:
    raise ValueError(
      f'{file} has no run {run!r}. It has {", ".join(CLASSIFIERS)}.'
    )
  config = common.run('recognizer', file, run)
  config.data = data
  config.held_out = section(Part(recognizer.held_out))
  config.classifier = named(CLASSIFIERS, run)
  config.loss = section(Part(recognizer.loss))
  config.optimizer = named(OPTIMIZERS, 'sgd')
  config.batches = named(BATCHES, 'augmented')
  config.augment = section(AUGMENTATION, shift=(-2, 2))
  config.training = section(Part(classifier.train), steps=steps)
  return common.with_sweep(config)
