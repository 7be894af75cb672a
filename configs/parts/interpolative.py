"""What the runs of interpolative autoencoders share."""

from ml_collections import ConfigDict

from configs.parts import common
from configs.parts.sections import named, section
from experiments.stages import generator, interpolation
from experiments.systems.interpolative import EVALUATION, FEW_SHOT_GENERATION
from lasium_jax.models.build import GENERATORS
from lasium_jax.settings import Part

# Trained with labels, with the images of a step in their recipes: 32 sets of 5,
# and 32 pairs for each of the critic's 5 steps.
LABELED = {'statistician': 160, 'dagan': 320}
RUNS = ('interpolative', 'autoencoder', 'vae', *LABELED)
LATENT_SIZE = 64  # The paper's, for characters.


def get_config(
  file: str,
  run: str,
  *,
  data: ConfigDict,
  held_out: ConfigDict,
  evaluation: ConfigDict,
  steps: int,
) -> ConfigDict:
  """The settings of one run.

  Args:
    file: the path of its config module.
    run: one of `RUNS`.
    data: the section of the training images.
    held_out: of images like them.
    evaluation: of images of other classes.
    steps: of one batch each.

  Returns:
    The config.

  Raises:
    ValueError: if there is no such run.
  """
  if run not in RUNS:
    raise ValueError(f'{file} has no run {run!r}. It has {", ".join(RUNS)}.')
  config = common.run('interpolative', file, run)
  config.data = data
  config.held_out_data = held_out
  config.evaluation_data = evaluation
  if run in LABELED:
    _train_with_labels(config, run, steps)
  else:
    _train(config, run, steps)
  return common.with_sweep(config)


def _train(config: ConfigDict, run: str, steps: int) -> None:
  """The sections of an autoencoder, and of what is measured of it."""
  own = {'filters': (64, 64, 64, 64)} if run == 'vae' else {}
  config.generator = named(GENERATORS, run, latent_size=LATENT_SIZE, **own)
  config.generator_training = section(Part(generator.train), steps=steps)
  config.evaluation = section(EVALUATION)
  config.interpolation = section(Part(interpolation.show))


def _train_with_labels(config: ConfigDict, run: str, steps: int) -> None:
  """The sections of what is trained with labels, and has no encoder."""
  config.generator = named(GENERATORS, run)
  config.generator_training = section(
    Part(generator.train), steps=steps, batch_size=LABELED[run]
  )
  config.few_shot_generation = section(FEW_SHOT_GENERATION)
