"""One drawing of each of the built-in characters: small, and needs no data.

  python experiments/lasium.py \
    --config=configs/lasium/glyphs.py:supervised-protonets \
    --workdir=runs/recognizer
  python experiments/interpolative.py \
    --config=configs/interpolative/glyphs.py:interpolative \
    --workdir=runs/interpolative
  python experiments/one_shot.py \
    --config=configs/one_shot/glyphs.py:interpolative \
    --config.borrowed.folder=runs/interpolative \
    --config.one_shot.recognizer=runs/recognizer --workdir=runs/one-shot

As configs/one_shot/omniglot.py, whose arguments it has, on images of 28x28 that
are left gray, with a network of a quarter of the width and 300 steps. Another
size is `--config.data.size` of all three, and `--config.critics.size` of the
last.
"""

from ml_collections import ConfigDict

from configs.parts import one_shot
from configs.parts.sections import named
from experiments.components.images import IMAGES


def get_config(run: str = 'interpolative') -> ConfigDict:
  config = one_shot.get_config(
    'configs/one_shot/glyphs.py',
    run,
    data=named(IMAGES, 'glyphs', split='train'),
    evaluation=named(IMAGES, 'glyphs', split='test'),
    steps=300,
  )
  config.critics.size = 28
  config.critics.threshold = 0.0
  config.network.width = 16
  return config
