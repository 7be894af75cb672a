"""STL-10 from a few images of each class, at 48x48.

  python experiments/cola.py --config=configs/cola/stl10.py:scola \
    --config.small_sample.shots=10 --data_dir=FOLDER --workdir=runs/scola-stl10

FOLDER has a folder `stl10_binary` with class_names.txt, train_X.bin,
train_y.bin, test_X.bin and test_y.bin, as the data set's authors publish them.
Runs are those of configs/cola/cifar10.py; `cola` and `glo-unlabeled`, which
have no labels, cluster the 5,000 images of the official training split, and not
the unlabeled ones. The test is of the 8,000 images of the official test. Images
are made half as large (`--config.data.size` and
`--config.evaluation_data.size`).

The paper shows its accuracies on STL-10 in figure 8 alone, without numbers. A
step of ResNet-20 has 2.25 times the operations of one on CIFAR-10. `cgan-pd`
has the networks of 32x32, which begin with 6x6 pixels in place of 4x4: the code
that they are from, mimicry, has none with classes for this size.
"""

from ml_collections import ConfigDict

from configs.parts import cola
from configs.parts.sections import named
from experiments.components.images import IMAGES


def get_config(run: str = 'scola') -> ConfigDict:
  data, evaluation = (
    named(IMAGES, 'stl10', split=split) for split in ('train', 'test')
  )
  file = 'configs/cola/stl10.py'
  config = cola.get_config(file, run, data=data, classes=10, size=48)
  return cola.of_official_splits(config, evaluation, most=500)
