"""From CIFAR-10 to CIFAR-100 (table 1, figure 11).

  python experiments/interpolative.py \
    --config=configs/interpolative/cifar.py:interpolative \
    --data_dir=PREPARED_TFDS_DATA --workdir=runs/cifar

The argument is one of docs/interpolative.md. Images are 32x32 in
color, and latents have 512 dimensions. It trains on the training images of
CIFAR-10 that the prepared data have, and is judged on its test images (the
paper has 4.39 of 255 for the autoencoder) and on CIFAR-100's (5.40), which are
of other classes. Of the whole data set they are 50,000, as in the paper, and
23,400 steps of 128 are 60 epochs; of fewer they are more epochs, and the
results say how many images there were (`training images`). The paper does not
say how many epochs it has.
"""

from ml_collections import ConfigDict

from configs.parts import interpolative
from configs.parts.sections import named
from experiments.components.images import IMAGES


def get_config(run: str = 'interpolative') -> ConfigDict:
  color = {'size': 32, 'channels': 3}
  return interpolative.get_config(
    'configs/interpolative/cifar.py',
    run,
    data=named(IMAGES, 'tfds', dataset='cifar10', split='train', **color),
    held_out=named(IMAGES, 'tfds', dataset='cifar10', split='test', **color),
    evaluation=named(IMAGES, 'tfds', dataset='cifar100', split='test', **color),
    steps=23_400,
    latent_size=512,
    color=True,
  )
