"""A classifier of the built-in characters: needs no data.

  python experiments/recognizer.py --config=configs/recognizer/glyphs.py \
    --workdir=runs/recognizer

As configs/recognizer/omniglot.py, with half the filters and 600 steps. Its
argument may also be one of configs/recognizer/emnist.py's `none`, `mixup`,
`autoencoder` and `interpolative`, here three runs of a network of a quarter of
the width on the test scripts; the last two borrow from
configs/interpolative/glyphs.py, which learns from other scripts.
"""

from ml_collections import ConfigDict

from configs.parts import recognizer
from configs.parts.sections import named
from experiments.components.data import DATA
from experiments.components.images import LABELED


def get_config(run: str = 'resnet20') -> ConfigDict:
  data = named(DATA, 'glyphs')
  if run in recognizer.HALVES:
    data = named(LABELED, 'glyphs_images', split='test')
  file = 'configs/recognizer/glyphs.py'
  config = recognizer.get_config(file, run, data, steps=600)
  config.classifier.width = 8
  if run in recognizer.HALVES:
    config.classifier.width, config.seeds = 16, 3
  return config
