"""Letters never seen, told apart after five drawings of each.

  python experiments/recognizer.py \
    --config=configs/low_data/emnist.py:interpolative \
    --config.borrowed.folder=runs/RUN \
    --data_dir=PREPARED_TFDS_DATA --workdir=runs/low_data

Ten of the 37 classes of letters in the test split of EMNIST ByMerge. The
argument is as in configs/low_data/omniglot.py. The run that is borrowed is one
of configs/interpolative/emnist.py, which learns from MNIST's digits and has
seen no letter.

Published, with labels of 28 other characters, which were trained on too, and
another choice of ten: 83.64 % without augmentation, 84.62 with views of their
own, 87.45 (DAGAN), 91.75 (MatchingGAN), 93.18 (F2GAN).
"""

from ml_collections import ConfigDict

from configs.parts import low_data
from configs.parts.sections import named
from experiments.components.images import LABELED


def get_config(run: str = 'none') -> ConfigDict:
  data = named(
    LABELED,
    'tfds_images',
    dataset='emnist/bymerge',
    split='test',
    transposed=True,
    first_class=10,
    classes=10,
  )
  config = low_data.get_config('configs/low_data/emnist.py', run, data)
  config.training.batch_size = 50
  return config
