"""Tiny ImageNet from a few images of each of its 200 classes.

  python experiments/cola.py --config=configs/cola/tiny_imagenet.py:scola \
    --config.small_sample.shots=10 --data_dir=FOLDER --workdir=runs/scola-tiny

FOLDER has a folder `tiny-imagenet-200` with wnids.txt, words.txt, train/ and
val/, as the data set is published. Runs are those of configs/cola/cifar10.py,
and the network of classifiers is WRN-16-8 where a run does not name one. The
test is of the 10,000 images of the official validation, as the official test
has no labels. `cola` and `glo-unlabeled` cluster all 100,000 training
images.

Published for `scola`, of as many real images as made ones: 17.14 % of 10 images
a class, 23.99 of 20, 29.70 of 50, 35.24 of 100. It is for a GPU: a step of
WRN-16-8 has four times the operations of one on CIFAR-10, which takes two cores
3.6 s where a matrix product has 410 GFLOP/s, and 12 s where it has 128
(docs/performance.md). `cgan-pd` has the networks of 32x32, which begin with 8x8
pixels in place of 4x4: the code that they are from, mimicry, has none with
classes for this size.
"""

from ml_collections import ConfigDict

from configs.parts import cola
from configs.parts.sections import named
from experiments.components.images import IMAGES


def get_config(run: str = 'scola') -> ConfigDict:
  data, evaluation = (
    named(IMAGES, 'tiny_imagenet', split=split)
    for split in ('train', 'validation')
  )
  config = cola.get_config(
    'configs/cola/tiny_imagenet.py',
    run,
    data=data,
    classes=200,
    size=64,
    network='wrn-16-8',
  )
  return cola.of_official_splits(config, evaluation, most=500)
