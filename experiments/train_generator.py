"""Trains the generator of a run.

For example:

python experiments/train_generator.py \
  --config=configs/lasium/omniglot.py:ro-vae-maml \
  --data_dir=PREPARED_TFDS_DATA --workdir=runs/vae
"""

from experiments.components.checks import BadConfig, Config
from experiments.run import app
from experiments.run.record import Record
from experiments.stages import generator as stage_generator
from lasium_jax.data import Splits


def work(config: Config, splits: Splits, files: Record) -> None:
  if config.generator.workdir:
    raise BadConfig(
      'config.generator.workdir names a generator that is trained already; '
      'leave it out to train one.'
    )
  if stage_generator.train_generator(config, splits, files) is None:
    raise BadConfig(f'The config {config.name!r} has no generator to train.')


if __name__ == '__main__':
  app.start(work)
