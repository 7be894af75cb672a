"""Trains an interpolative autoencoder, and interpolates classes never seen.

For example:

python experiments/interpolative.py \
  --config=configs/interpolative/emnist.py:interpolative \
  --data_dir=PREPARED_TFDS_DATA --workdir=runs/interpolative
"""

from experiments.run import large_pages

if __name__ == '__main__':
  large_pages.start_again()
  # Not before, as these import JAX.
  from experiments.run import app
  from experiments.systems import interpolative

  app.start(interpolative.system())
