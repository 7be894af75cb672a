"""What the runs of interpolative autoencoders share."""

from ml_collections import ConfigDict

from configs.parts import common
from configs.parts.sections import follow, named, section
from experiments.stages import generator, interpolation
from experiments.systems.interpolative import (
  EVALUATION,
  FEW_SHOT_GENERATION,
  INTERPOLANTS,
  INVERSION,
  QUALITY,
  SEARCH,
)
from lasium_jax.models.build import GENERATORS
from lasium_jax.settings import Part

# What differs from interpolative training in its interpolation alone.
MAPPED = 'mapped-autoencoder'
# Runs, and the generator of each.
RUNS = {
  'interpolative': 'interpolative',
  'autoencoder': 'autoencoder',
  MAPPED: 'autoencoder',
  'acai': 'acai',
  'vae': 'variational',
  'novel-vae': 'variational',  # Trained on what the others never see: table 2.
  'wgan-gp': 'wgan_gp',
  'statistician': 'statistician',
  'dagan': 'dagan',
}
GAN_STEPS = 200_000
LABELED = ('statistician', 'dagan')  # Trained with labels, and not to encode.
LATENT_SIZE = 64  # The paper's, for characters.


def get_config(
  file: str,
  run: str,
  *,
  data: ConfigDict,
  held_out: ConfigDict,
  evaluation: ConfigDict,
  steps: int,
  latent_size: int = LATENT_SIZE,
  color: bool = False,
) -> ConfigDict:
  """The settings of one run.

  Args:
    file: the path of its config module.
    run: one of `RUNS`.
    data: the section of the training images. The others have its size.
    held_out: of images like them.
    evaluation: of images of other classes.
    steps: of batches of 128.
    latent_size: D.
    color: whether it has the fully convolutional networks that the paper has
      for colored images, and interpolative training its autoperceptual loss.
      The mapped autoencoder has what interpolative training has.

  Returns:
    The config.

  Raises:
    ValueError: if there is no such run.
  """
  if run not in RUNS:
    raise ValueError(f'{file} has no run {run!r}. It has {", ".join(RUNS)}.')
  config = common.run('interpolative', file, run)
  for others in (held_out, evaluation):
    follow(others, data, 'size')
  config.data = data
  if run == 'novel-vae':
    config.data = _the_same(evaluation)
  config.held_out_data = held_out
  config.evaluation_data = evaluation
  config.generator = named(GENERATORS, RUNS[run])
  size = common.batch_size(RUNS[run])
  # As many images as in batches of 128, but for the GAN, whose authors say it.
  steps = GAN_STEPS if run == 'wgan-gp' else steps * 128 // size
  config.generator_training = section(
    Part(generator.train), steps=steps, batch_size=size
  )
  if run == 'dagan':  # Its authors have 3 and 5, which are for GPUs.
    config.generator.update(layers=1, critic_layers=1)
  if run not in LABELED:
    config.generator.latent_size = latent_size
    _judge_codes(config, run)
  config.quality = section(QUALITY)
  if color and 'network' in config.generator:
    config.generator.network = 'convolutional'
  if run == MAPPED:
    config.generator.mapped = True
  if color and run in ('interpolative', MAPPED):
    config.generator.perceptual = 1.0
  config.few_shot_generation = section(FEW_SHOT_GENERATION)
  return common.with_sweep(config)


def _the_same(section: ConfigDict) -> ConfigDict:
  """A section that is another one, whatever flags make of either."""
  same = ConfigDict()
  follow(same, section, *section)
  return same


def _judge_codes(config: ConfigDict, run: str) -> None:
  """The sections of what is measured of a generator with an encoder."""
  if run == 'wgan-gp':
    config.inversion = section(INVERSION)
  config.evaluation = section(EVALUATION)
  config.search = section(SEARCH)
  config.interpolation = section(Part(interpolation.show))
  config.known_interpolants = section(INTERPOLANTS)
