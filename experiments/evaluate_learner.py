"""Evaluates the learner of a run that is meta-trained; writes results.json.

For example:

python experiments/evaluate_learner.py \
  --config=configs/lasium/omniglot.py:ro-vae-maml \
  --data_dir=PREPARED_TFDS_DATA --workdir=runs/ro-vae-maml
"""

from experiments.run import large_pages

if __name__ == '__main__':
  large_pages.start_again()
  # Not before, as these import JAX.
  from experiments.run import app
  from experiments.systems import lasium

  app.start(
    lasium.system(lasium.work_evaluation, ready=lasium.ready_evaluation)
  )
