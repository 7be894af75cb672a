"""What the runs that judge one-shot generation share."""

from ml_collections import ConfigDict

from configs.parts import common
from configs.parts.interpolative import LABELED, RUNS
from configs.parts.sections import follow, named, section
from experiments.components.latents import FEW_SHOT
from experiments.components.optimizers import OPTIMIZERS
from experiments.systems.one_shot import (
  BORROWED,
  CRITICS,
  EMBEDDING,
  EMBEDDING_TRAINING,
  NETWORK,
  ONE_SHOT,
  OWN,
  SAMPLERS,
)


def get_config(
  file: str, run: str, *, data: ConfigDict, evaluation: ConfigDict, steps: int
) -> ConfigDict:
  """The settings of one run.

  Args:
    file: the path of its config module.
    run: of configs/interpolative/, whose generator is judged. In front of it
      may stand how codes are mixed, as in 'differences-interpolative': one of
      `FEW_SHOT`.
    data: the section of the images that the embedding learns from. Its size
      is that of the generator's images.
    evaluation: of images of other classes, of the same size.
    steps: of the embedding's training.

  Returns:
    The config. Generators that are trained with labels draw in their own way,
    and the others mix the codes of the seed and of its views.

  Raises:
    ValueError: if there is no such run, or its generator learns from what is
      judged, or one that draws in its own way is to mix codes.
  """
  sampler, judged = _named_by(file, run)
  config = common.run('one_shot', file, run)
  config.data = data
  config.evaluation_data = evaluation
  follow(config.evaluation_data, config.data, 'size')
  config.borrowed = section(BORROWED, generator=RUNS[judged])
  config.sampler = named(SAMPLERS, sampler)
  config.critics = section(CRITICS)
  config.network = section(NETWORK)
  config.embedding = section(EMBEDDING)
  config.optimizer = named(OPTIMIZERS, 'adam', schedule='cosine')
  config.embedding_training = section(EMBEDDING_TRAINING, steps=steps)
  config.one_shot = section(ONE_SHOT)
  if sampler == OWN:
    config.one_shot.views = 0
  return common.with_sweep(config)


def _named_by(file: str, run: str) -> tuple[str, str]:
  """The sampler that a run's name says, and whose generator is judged."""
  judged = [name for name in RUNS if name != 'novel-vae']
  if run in judged:
    return OWN if run in LABELED else 'mixtures', run
  mixed = [name for name in judged if name not in LABELED]
  sampler, _, rest = run.partition('-')
  if sampler in FEW_SHOT and rest in mixed:
    return sampler, rest
  raise ValueError(
    f'{file} has no run {run!r}. It has {", ".join(judged)}, and '
    f'{{{",".join(FEW_SHOT)}}}-{{{",".join(mixed)}}}.'
  )
