"""Evaluates the learner of a run that is meta-trained; writes results.json.

For example:

python experiments/evaluate.py --config=configs/omniglot.py:ro-vae-maml \
  --data_dir=PREPARED_TFDS_DATA --workdir=runs/ro-vae-maml
"""

from experiments import app, html_report, stage_evaluation, stage_meta
from experiments.checks import Config
from experiments.record import Record
from lasium_jax.data import Splits


def work(config: Config, splits: Splits, files: Record) -> None:
  params = stage_meta.meta_trained(config, splits, files)
  stage_evaluation.evaluate(config, splits, files, params)
  print(f'Report: {html_report.write_report(files.workdir)}')


if __name__ == '__main__':
  app.start(work)
