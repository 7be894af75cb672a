"""MNIST from a few images of each digit, or clustered without labels.

  python experiments/cola.py --config=configs/cola/mnist.py:cola \
    --data_dir=PREPARED_TFDS_DATA --workdir=runs/digits

The argument is that of configs/cola/cifar10.py. `cola`, which has no labels,
finds ten clusters in 100 images of each digit, and k-means on their pixels
stands beside them; `glo-unlabeled` finds them in GLO's codes of the same
images. Images are 28x28, and 32x32 for `cgan-pd`; digits are not mirrored.
"""

from ml_collections import ConfigDict

from configs.parts import cola
from configs.parts.lasium import VIEWS
from configs.parts.sections import named, section
from experiments.components.images import IMAGES
from experiments.components.tasks import AUGMENTATION
from experiments.components.trunks import TRUNKS
from lasium_jax.models.build import CLASSIFIERS


def get_config(run: str = 'cola') -> ConfigDict:
  # The GAN halves images three times.
  size = 32 if run.startswith('cgan-pd') else 28
  data, evaluation = (
    named(IMAGES, 'tfds', dataset='mnist', split=split, size=size)
    for split in ('train', 'test')
  )
  file = 'configs/cola/mnist.py'
  config = cola.get_config(file, run, data=data, classes=10, size=size)
  config.evaluation_data = evaluation
  if run in cola.UNLABELED:
    config.small_sample.shots = 100
    config.classifier = named(CLASSIFIERS, 'infogan')
    config.training.update(steps=1_000, batch_size=64)
  else:
    config.augment.mirror = False
  if 'clustered' in config:
    config.trunk = named(TRUNKS, 'halvings')
    config.clustered_views = section(AUGMENTATION, **VIEWS)
  return config
