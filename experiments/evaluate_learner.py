"""Evaluates the learner of a run that is meta-trained; writes results.json.

For example:

python experiments/evaluate_learner.py --config=configs/lasium/omniglot.py:ro-vae-maml \
  --data_dir=PREPARED_TFDS_DATA --workdir=runs/ro-vae-maml
"""

from experiments.components.checks import Config
from experiments.pages import report as html_report
from experiments.run import app
from experiments.run.record import Record
from experiments.stages import evaluation as stage_evaluation
from experiments.stages import meta as stage_meta
from lasium_jax.data import Splits


def work(config: Config, splits: Splits, files: Record) -> None:
  params = stage_meta.meta_trained(config, splits, files)
  stage_evaluation.evaluate(config, splits, files, params)
  print(f'Report: {html_report.write_report(files.workdir)}')


if __name__ == '__main__':
  app.start(work)
