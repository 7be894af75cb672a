"""Characters never seen, told apart after five drawings of each.

  python experiments/recognizer.py \
    --config=configs/low_data/omniglot.py:interpolative \
    --config.borrowed.folder=runs/RUN \
    --data_dir=PREPARED_TFDS_DATA --workdir=runs/low_data

212 characters of Omniglot, as in MatchingGAN and F2GAN (Hong et al. 2020):
five drawings of each are trained on (10 and 15 there too,
`--config.held_out.shots`), and the other 15 are the test. The argument is what
is trained on: `none`, the drawings as they are; `views` of them, turned, moved
and scaled as in interpolative training; and views of which half of each batch
are mixed: by `mixup`, or as `autoencoder` or `interpolative` codes of two
drawings of one character. The last two are given the workdir of a run, or an
exported generator, that was not trained on these characters; one that may have
been is refused. Those of configs/lasium/omniglot.py train on the same 1,200
others, such as its `n-interpolative-protonets`.

Published, with labels of those: 66.22 % without augmentation, 67.32 with views
of their own, 88.81 (DAGAN), 89.03 (MatchingGAN), 91.93 (F2GAN).
"""

from ml_collections import ConfigDict

from configs.parts import low_data
from configs.parts.sections import named
from experiments.components.images import LABELED


def get_config(run: str = 'none') -> ConfigDict:
  data = named(
    LABELED,
    'omniglot_images',
    split='test',
    classes='random',
    validation_classes=211,
    test_classes=212,
  )
  return low_data.get_config('configs/low_data/omniglot.py', run, data)
