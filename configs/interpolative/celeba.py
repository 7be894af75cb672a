"""From faces of men to those of women (figures 9 and 10).

  python experiments/interpolative.py \
    --config=configs/interpolative/celeba.py:interpolative \
    --data_dir=FOLDER --workdir=runs/celeba

FOLDER has a folder `celeba` with img_align_celeba/, list_attr_celeba.txt and
list_eval_partition.txt, as the data set's authors publish them. The argument is
one of docs/interpolative.md. Of each face the largest centered
square becomes 128x128 pixels; latents have 512 dimensions. It trains on the men
of the training split, and is judged on the men and the women of the test split.
The paper does not say which of CelebA's splits it has, nor how long it trains;
23,400 steps of 128 are about 44 epochs, and are meant for a GPU.
"""

from ml_collections import ConfigDict

from configs.parts import interpolative
from configs.parts.sections import named
from experiments.components.images import IMAGES


def get_config(run: str = 'interpolative') -> ConfigDict:
  return interpolative.get_config(
    'configs/interpolative/celeba.py',
    run,
    data=named(IMAGES, 'celeba', split='train'),
    held_out=named(IMAGES, 'celeba', split='test'),
    evaluation=named(IMAGES, 'celeba', present=False, split='test'),
    steps=23_400,
    latent_size=512,
    color=True,
  )
