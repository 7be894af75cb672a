"""A classifier of Omniglot's 1,200 training characters.

  python experiments/recognizer.py --config=configs/recognizer/omniglot.py \
    --data_dir=PREPARED_TFDS_DATA --workdir=runs/recognizer

ResNet-20 (He et al. 2015) on 16 drawings of each character, moved by up to two
pixels; the four others are the test. The argument is the network. 7,500 steps
of 128 are 50 epochs. The characters are drawn from all of Omniglot. For the
features in which runs of configs/interpolative/omniglot.py are judged it must
have seen none of the evaluation alphabets: `--config.data.split=background`.
"""

from ml_collections import ConfigDict

from configs.parts import recognizer
from configs.parts.sections import named
from experiments.components.data import DATA


def get_config(run: str = 'resnet20') -> ConfigDict:
  data = named(DATA, 'tfds', dataset='omniglot')
  file = 'configs/recognizer/omniglot.py'
  return recognizer.get_config(file, run, data, steps=7_500)
