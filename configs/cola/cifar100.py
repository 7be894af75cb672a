"""CIFAR-100 from a few images of each of its 100 classes.

  python experiments/cola.py --config=configs/cola/cifar100.py:scola \
    --config.small_sample.shots=10 --data_dir=PREPARED_TFDS_DATA \
    --workdir=runs/scola-100

Runs are those of configs/cola/cifar10.py, and so are the sizes of images and
networks; the test is of the 10,000 images of the official test. Codes have 100
+ 64 dimensions, so that the Gaussian of a class of 100 images or fewer lies in
the plane through their codes. `cola` clusters all 50,000 training images into
100 clusters, one for each class; the code of MMDC, from which step I is, has
20, as many as CIFAR-100 has superclasses, which are not read here.

The paper has 100 images of each class and fewer, down to 5, three samples of
each size (`--config.small_sample.split_seed`), and shows its accuracies in
figure 8 and its scores in figure 6, neither of which has numbers that can be
read. A step costs what it does on CIFAR-10. Classifiers have 7,800 steps here,
too; the code of GLICO, from which that number is, has ten times as many for ten
times the classes (`--config.training.steps=78000`).
"""

from ml_collections import ConfigDict

from configs.parts import cola
from configs.parts.sections import named
from experiments.components.images import IMAGES


def get_config(run: str = 'scola') -> ConfigDict:
  data, evaluation = (
    named(IMAGES, 'tfds', dataset='cifar100', split=split, size=32, channels=3)
    for split in ('train', 'test')
  )
  file = 'configs/cola/cifar100.py'
  config = cola.get_config(file, run, data=data, classes=100, size=32)
  return cola.of_official_splits(config, evaluation, most=500)
