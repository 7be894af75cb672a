"""What the runs of COLA share."""

from ml_collections import ConfigDict

from configs.parts import common
from configs.parts.sections import left_open, named, section
from experiments.components.batches import BATCHES
from experiments.components.crops import CROPS
from experiments.components.optimizers import OPTIMIZERS
from experiments.stages import class_samples, generator
from experiments.systems.cola import CLASSES, SMALL_SAMPLE, TRAINING
from lasium_jax.models.build import CLASSIFIERS, GENERATORS
from lasium_jax.settings import Part

# Runs, and the generator of each.
RUNS = {'scola': 'cola', 'glo': 'glo', 'cgan-pd': 'cgan_pd'}
GAN_STEPS = 100_000  # With 64 images in each of the critic's 5 steps.
GAN_BATCH = 320
STEPS = 7_800  # Of a classifier: the paper has as many for all samples.


def get_config(
  file: str, run: str, *, data: ConfigDict, classes: int, size: int
) -> ConfigDict:
  """The settings of one run.

  Args:
    file: the path of its config module.
    run: one of `RUNS`.
    data: the section of the images that a sample is drawn of.
    classes: how many they have.
    size: the side of an image that the run has, in pixels.

  Returns:
    The config: 50 images of each class, three classifiers on each diet.

  Raises:
    ValueError: if there is no such run.
  """
  if run not in RUNS:
    raise ValueError(f'{file} has no run {run!r}. It has {", ".join(RUNS)}.')
  config = common.run('cola', file, run)
  config.seeds = 3
  config.data = data
  config.data.size = size
  config.small_sample = section(SMALL_SAMPLE)
  name = RUNS[run]
  config.generator = named(GENERATORS, name, **{CLASSES[name]: classes})
  if run == 'cgan-pd':
    left_open(config.generator, GENERATORS[name], 'decay_steps')
  config.generator_training = section(
    Part(generator.train),
    steps=GAN_STEPS if run == 'cgan-pd' else None,
    batch_size=GAN_BATCH if run == 'cgan-pd' else 128,
  )
  config.samples = section(Part(class_samples.show))
  config.classifier = named(CLASSIFIERS, 'resnet20')
  # The rate is halved every 30 of 180 epochs (appendix B.3).
  config.optimizer = named(
    OPTIMIZERS,
    'sgd',
    schedule='steps',
    decay_at=tuple(round(i / 6, 4) for i in range(1, 6)),
    decay_by=0.5,
  )
  config.batches = named(BATCHES, 'generated')
  config.augment = section(CROPS)
  config.training = section(TRAINING, steps=STEPS)
  return common.with_sweep(config)
