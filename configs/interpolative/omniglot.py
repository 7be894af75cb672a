"""From Omniglot's background alphabets to its others (table 1, figure 7).

  python experiments/interpolative.py \
    --config=configs/interpolative/omniglot.py:interpolative \
    --data_dir=PREPARED_TFDS_DATA --workdir=runs/omniglot

The argument is one of docs/interpolative.md. It trains on the 20
drawings of each of the 964 background characters (TFDS's split `train`), and is
judged on those of the 659 characters for evaluation (`test`; the paper has 4.62
of 255 for the autoencoder). There are no others of the background characters,
so that the error on images like those of training is that of the training
images themselves (1.92). 23,400 steps of 128 are 155 epochs; the paper does not
say how many it has.
"""

from ml_collections import ConfigDict

from configs.parts import interpolative
from configs.parts.sections import named
from experiments.components.images import IMAGES


def get_config(run: str = 'interpolative') -> ConfigDict:
  background, others = (
    named(IMAGES, 'tfds', dataset='omniglot', split=split, invert=True)
    for split in ('train', 'test')
  )
  return interpolative.get_config(
    'configs/interpolative/omniglot.py',
    run,
    data=background,
    held_out=background.copy_and_resolve_references(),
    evaluation=others,
    steps=23_400,
  )
