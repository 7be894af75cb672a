"""LASIUM on the built-in characters: small, and needs no data.

  make demo
  python experiments/lasium.py --config=configs/lasium/glyphs.py:ro-vae-maml \
    --workdir=runs/demo

The argument is that of configs/lasium/omniglot.py. Everything is smaller than
in the paper (32 filters, 300 generator steps of 128, 300 meta-iterations, 200
tasks), so that it ends within 8 minutes on two cores; the test classes are of
scripts (Georgian, Armenian, Hebrew, Arabic) that training never saw. Runs of
COLA's generator look for clusters first, and take two or three times as long.
"""

from ml_collections import ConfigDict

from configs.parts import lasium
from configs.parts.sections import named
from experiments.components.data import DATA

SMALLER = {
  'vae': {'filters': (32,) * 4},
  'msgan': {'filters': 32},
  'autoencoder': {'width': 16},
  'interpolative': {'width': 16},
  'cola': {'width': 16, 'clusters': 100},
}


def get_config(run: str = 'ro-vae-maml') -> ConfigDict:
  data = named(DATA, 'glyphs')
  config = lasium.get_config('configs/lasium/glyphs.py', run, data)
  config.network.filters = 32
  config.evaluation.tasks = 200
  config.floors.scratch.judge = True
  if 'generator' in config:
    config.generator_training.steps = 300
    config.generator.update(SMALLER.get(config.generator.name, {}))
  if 'clustered' in config:
    config.trunk.width = 32
    config.clustered.update(views=1, rotations=False)
    config.clustered_training.update(steps=960, judge_every=320)
    config.generator_training.steps = 1_600
  if 'meta' in config:
    config.meta.iterations = 300
  if 'rounds' in config:  # Of which no label chooses any parameters.
    config.rounds.update(number=3, iterations=200)
  elif 'meta' in config:
    config.meta.update(validate_every=100, validation_tasks=50)
  return config
