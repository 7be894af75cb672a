"""LASIUM end to end: generator, meta-training, evaluation, report.

For example:

  python experiments/lasium.py --config=configs/omniglot.py:ro-vae-maml \
    --data_dir=PREPARED_TFDS_DATA --workdir=runs/ro-vae-maml
"""

from experiments import app, html_report, stages
from experiments.checks import Config
from experiments.record import Record
from lasium_jax.data import Splits


def work(config: Config, splits: Splits, files: Record) -> None:
  generator = stages.train_generator(config, splits, files)
  params = stages.meta_train(config, splits, files, generator)
  stages.evaluate(config, splits, files, params)
  print(f'Report: {html_report.write_report(files.workdir)}')


if __name__ == '__main__':
  app.start(work)
