"""Meta-trains the learner of a run whose generator is trained.

For example:

python experiments/meta_train.py --config=configs/omniglot.py:ro-vae-maml \
  --config.generator.workdir=runs/vae \
  --data_dir=PREPARED_TFDS_DATA --workdir=runs/ro-vae-maml
"""

from experiments import app, stage_generator, stage_meta
from experiments.checks import BadConfig, Config
from experiments.record import Record
from lasium_jax.data import Splits


def work(config: Config, splits: Splits, files: Record) -> None:
  if not config.meta.iterations:
    raise BadConfig(f'The config {config.name!r} has no meta-training.')
  params = stage_generator.trained_generator(config, splits, files)
  stage_meta.meta_train(config, splits, files, params)


if __name__ == '__main__':
  app.start(work)
