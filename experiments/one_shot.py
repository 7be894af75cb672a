"""Judges what a trained generator makes of one drawing of a character.

For example:

python experiments/one_shot.py \
  --config=configs/one_shot/omniglot.py:interpolative \
  --config.borrowed.folder=runs/characters \
  --config.one_shot.recognizer=runs/recognizer \
  --data_dir=PREPARED_TFDS_DATA --workdir=runs/one-shot
"""

from experiments.run import large_pages

if __name__ == '__main__':
  large_pages.start_again()
  # Not before, as these import JAX.
  from experiments.run import app
  from experiments.systems import one_shot

  app.start(one_shot.system())
