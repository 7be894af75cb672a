"""What the recognizers of all benchmarks share."""

from ml_collections import ConfigDict

from configs.parts import common
from configs.parts.sections import named, section
from experiments.components.batches import BATCHES
from experiments.components.optimizers import OPTIMIZERS
from experiments.components.tasks import AUGMENTATION
from experiments.stages import borrowed, classifier
from experiments.systems import recognizer
from lasium_jax.models.build import CLASSIFIERS
from lasium_jax.settings import Part

# Runs by what half of each batch is (Interpolative Autoencoders, table 3).
HALVES = {
  'none': 'unchanged',
  'mixup': 'mixed_pixels',
  'autoencoder': 'mixed_codes',
  'interpolative': 'mixed_codes',
}


def get_config(
  file: str, run: str, data: ConfigDict, steps: int, *, network: str = ''
) -> ConfigDict:
  """The settings of a recognizer.

  Args:
    file: the path of its config module.
    run: the name of its network, such as 'resnet20', or one of `HALVES`.
    data: the benchmark's section.
    steps: of one batch each.
    network: where the run has a name of its own.

  Returns:
    The config. Runs of `HALVES` are ten, of InfoGAN's network, by Adam.

  Raises:
    ValueError: if there is no such run.
  """
  network = 'infogan' if run in HALVES else network or run
  if network not in CLASSIFIERS:
    raise ValueError(
      f'{file} has no run {run!r}. It has {", ".join((*CLASSIFIERS, *HALVES))} '
      'and those of its docstring.'
    )
  config = common.run('recognizer', file, run)
  config.data = data
  config.held_out = section(Part(recognizer.held_out))
  config.classifier = named(CLASSIFIERS, network)
  config.loss = section(Part(recognizer.loss))
  config.training = section(Part(classifier.train), steps=steps)
  if run in HALVES:
    config.seeds = 10
    _mix(config, run)
  else:
    config.optimizer = named(OPTIMIZERS, 'sgd')
    config.batches = named(BATCHES, 'augmented')
    config.augment = section(AUGMENTATION, shift=(-2, 2))
  return common.with_sweep(config)


def _mix(config: ConfigDict, run: str) -> None:
  """The sections of a run of `HALVES`."""
  config.optimizer = named(OPTIMIZERS, 'adam', schedule='cosine')
  config.batches = named(BATCHES, HALVES[run])
  config.augment = section(AUGMENTATION)
  if HALVES[run] == 'mixed_codes':
    config.borrowed = section(Part(borrowed.borrow), generator=run)
