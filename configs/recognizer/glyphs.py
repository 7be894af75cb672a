"""A classifier of the built-in characters: needs no data.

  python experiments/recognizer.py --config=configs/recognizer/glyphs.py \
    --workdir=runs/recognizer

As configs/recognizer/omniglot.py, with half the filters and 600 steps.
"""

from ml_collections import ConfigDict

from configs.parts import recognizer
from configs.parts.sections import named
from experiments.components.data import DATA


def get_config(run: str = 'resnet20') -> ConfigDict:
  data = named(DATA, 'glyphs')
  file = 'configs/recognizer/glyphs.py'
  config = recognizer.get_config(file, run, data, steps=600)
  config.classifier.width = 8
  return config
