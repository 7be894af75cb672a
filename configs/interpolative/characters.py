"""From most characters of each of Omniglot's alphabets to their first three.

  python experiments/interpolative.py \
    --config=configs/interpolative/characters.py:interpolative \
    --data_dir=PREPARED_TFDS_DATA --workdir=runs/characters

As configs/interpolative/omniglot.py, divided as Boutin et al. 2022 divide it,
for configs/one_shot/omniglot.py: it trains on 1,473 characters, and is judged
on 150. With `--config.data.size=50` all images are of 50x50, as those of Boutin
et al.
"""

from ml_collections import ConfigDict

from configs.parts import interpolative
from configs.parts.sections import named
from experiments.components.images import IMAGES


def get_config(run: str = 'interpolative') -> ConfigDict:
  most, first = (
    named(IMAGES, 'omniglot', split=split) for split in ('train', 'test')
  )
  return interpolative.get_config(
    'configs/interpolative/characters.py',
    run,
    data=most,
    held_out=most.copy_and_resolve_references(),
    evaluation=first,
    steps=23_400,
  )
