"""From some of the built-in scripts to others: small, and needs no data.

  python experiments/interpolative.py \
    --config=configs/interpolative/glyphs.py:interpolative \
    --workdir=runs/interpolative

The argument is one of docs/interpolative.md. The held-out images are
of the training characters, drawn anew; the networks have a quarter of the
width, and train for 300 steps.
"""

from ml_collections import ConfigDict

from configs.parts import interpolative
from configs.parts.sections import named
from experiments.components.images import IMAGES


def get_config(run: str = 'interpolative') -> ConfigDict:
  config = interpolative.get_config(
    'configs/interpolative/glyphs.py',
    run,
    data=named(IMAGES, 'glyphs', split='train'),
    held_out=named(IMAGES, 'glyphs', split='train', split_seed=1),
    evaluation=named(IMAGES, 'glyphs', split='test'),
    steps=300,
  )
  config.generator_training.steps = 300
  if run == 'dagan':
    config.generator.filters = (16, 16, 32, 32)
  else:
    config.generator.width = 16
  if 'inversion' in config:
    config.inversion.update(width=16, steps=300)
  return config
