"""Trains a classifier of all training characters, to recognize them later.

For example:

python experiments/recognizer.py --config=configs/recognizer/omniglot.py \
  --data_dir=PREPARED_TFDS_DATA --workdir=runs/recognizer
"""

from experiments.run import large_pages

if __name__ == '__main__':
  large_pages.start_again()
  # Not before, as these import JAX.
  from experiments.run import app
  from experiments.systems import recognizer

  app.start(recognizer.system())
