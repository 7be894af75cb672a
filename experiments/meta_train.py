"""Meta-trains the learner of a run whose generator is trained.

For example:

python experiments/meta_train.py \
  --config=configs/lasium/omniglot.py:ro-vae-maml \
  --config.generator_training.workdir=runs/vae \
  --data_dir=PREPARED_TFDS_DATA --workdir=runs/ro-vae-maml
"""

from experiments.run import large_pages

if __name__ == '__main__':
  large_pages.start_again()
  # Not before, as these import JAX.
  from experiments.run import app
  from experiments.systems import lasium

  app.start(
    lasium.system(lasium.work_meta, lasium.build_meta, lasium.ready_meta)
  )
