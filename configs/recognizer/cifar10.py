"""A classifier of CIFAR-10's photographs.

  python experiments/recognizer.py --config=configs/recognizer/cifar10.py \
    --data_dir=PREPARED_TFDS_DATA --workdir=runs/recognizer

ResNet-20 (He et al. 2015) on nine of ten training images of each class, which
are cropped, mirrored and put in another light; the others are the test. In its
features images of configs/cola/cifar10.py are compared with those of CIFAR-10's
test, of which it has seen none. The argument is the network. 7,500 steps of 128
are 21 epochs.
"""

from ml_collections import ConfigDict

from configs.parts import recognizer
from configs.parts.sections import named, section
from experiments.components.images import LABELED
from experiments.components.tasks import AUGMENTATION


def get_config(run: str = 'resnet20') -> ConfigDict:
  data = named(
    LABELED,
    'tfds_images',
    dataset='cifar10',
    split='train',
    size=32,
    channels=3,
  )
  file = 'configs/recognizer/cifar10.py'
  config = recognizer.get_config(file, run, data, steps=7_500)
  config.held_out.share = 0.1
  config.augment = section(AUGMENTATION, views=True)
  return config
