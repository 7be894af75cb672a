"""CIFAR-10 from a few images of each class.

  python experiments/cola.py --config=configs/cola/cifar10.py:scola \
    --config.small_sample.shots=10 --data_dir=PREPARED_TFDS_DATA \
    --workdir=runs/scola

The paper has 5, 10, 20, 50 and 100 images of each class, and three samples of
each size (`--config.small_sample.split_seed`), and tests on the 10,000 images
of the official test. The argument is the generator: `scola`, COLA whose
clusters are the classes; `glo`, which is trained without classes and has a
Gaussian for each afterwards; `cgan-pd`, the GAN with a projection
discriminator, whose 100,000 steps are for GPUs.

`cola` has no labels: all 50,000 images are clustered, and clusters are the
generator's classes. It is judged by the classes' labels, which nothing learns
from, and its one classifier learns from made images alone. `glo-unlabeled` is
what it is compared with: GLO on the same images, whose codes are clustered
afterwards by a mixture of Gaussians, without labels too.

A network of the paper may stand behind the others (`scola-resnet32`,
`scola-wrn-16-8`, `scola-wrn-28-10`), and then a recipe by which plain networks
learn better from small samples than by the paper's: `scola-strong` has small
batches, much weight decay, a cosine schedule, reflected margins and
TrivialAugment, for WRN-16-8; `scola-onecycle` the same views and fewer steps of
more images; `scola-resnet20-strong` is of the paper's network. Real images
alone and half of each batch made have equal steps in every run.

Published for `scola`, of as many real images as made ones: 29.05 % of 5 images
a class, 42.86 of 10, 49.63 of 20, 54.51 of 50, 58.59 of 100. The generator
takes some minutes on two cores. Each of the nine classifiers takes half an hour
where a matrix product has 410 GFLOP/s, and almost two hours where it has 128
(docs/performance.md). Step I of `cola` has 156,000 steps of 2.2 s each on the
faster of these machines: four days.
"""

from ml_collections import ConfigDict

from configs.parts import cola
from configs.parts.sections import named
from experiments.components.images import IMAGES


def get_config(run: str = 'scola') -> ConfigDict:
  data, evaluation = (
    named(IMAGES, 'tfds', dataset='cifar10', split=split, size=32, channels=3)
    for split in ('train', 'test')
  )
  file = 'configs/cola/cifar10.py'
  config = cola.get_config(file, run, data=data, classes=10, size=32)
  return cola.of_official_splits(config, evaluation, most=5_000)
