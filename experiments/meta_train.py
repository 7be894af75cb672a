"""Meta-trains the learner of a run whose generator is trained.

For example:

python experiments/meta_train.py --config=configs/lasium/omniglot.py:ro-vae-maml \
  --config.generator.workdir=runs/vae \
  --data_dir=PREPARED_TFDS_DATA --workdir=runs/ro-vae-maml
"""

from experiments.components.checks import BadConfig, Config
from experiments.run import app
from experiments.run.record import Record
from experiments.stages import generator as stage_generator
from experiments.stages import meta as stage_meta
from lasium_jax.data import Splits


def work(config: Config, splits: Splits, files: Record) -> None:
  if not config.meta.iterations:
    raise BadConfig(f'The config {config.name!r} has no meta-training.')
  params = stage_generator.trained_generator(config, splits, files)
  stage_meta.meta_train(config, splits, files, params)


if __name__ == '__main__':
  app.start(work)
