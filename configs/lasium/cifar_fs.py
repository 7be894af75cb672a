"""CIFAR-FS: 38,400 photographs of 32x32 without labels, 20 classes to judge.

  python experiments/lasium.py \
    --config=configs/lasium/cifar_fs.py:umtra-protonets \
    --data_dir=PREPARED_TFDS_DATA --workdir=runs/cifar-fs

The argument is that of configs/lasium/omniglot.py. The classes are CIFAR-100's,
divided as Bertinetto et al. (2019) do: 64 to train on, 16 for validation and 20
for the test, 600 images of each. Both floors are judged too, and
umtra-protonets with its network tuned to each task, as
configs/lasium/folder.py says.
"""

from ml_collections import ConfigDict

from configs.parts import lasium, photographs
from configs.parts.sections import named
from experiments.components.data import DATA


def get_config(run: str = 'umtra-protonets') -> ConfigDict:
  data = named(
    DATA,
    'tfds',
    dataset='cifar100',
    split='cifar_fs',
    size=32,
    channels=3,
    invert=False,
  )
  config = lasium.get_config('configs/lasium/cifar_fs.py', run, data)
  return photographs.adapted(config, run)
