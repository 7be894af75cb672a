"""LASIUM on the built-in characters: small, and needs no data.

  make demo
  python experiments/lasium.py --config=configs/lasium/glyphs.py:ro-vae-maml \
    --workdir=runs/demo

The argument is that of configs/lasium/omniglot.py. Everything is smaller than in the
paper (32 filters, 300 generator steps of 128, 300 meta-iterations, 200 tasks),
so that it ends within 8 minutes on two cores; the test classes are of scripts
(Georgian, Armenian, Hebrew, Arabic) that training never saw.
"""

from ml_collections import ConfigDict

from configs.parts import base


def get_config(run: str = 'ro-vae-maml') -> ConfigDict:
  config = base.get_config('glyphs', run)
  config.data.name = 'glyphs'
  config.generator.filters = tuple(32 for _ in config.generator.filters)
  config.generator.steps = 300
  config.network.filters = 32
  config.meta.iterations = min(300, config.meta.iterations)
  config.meta.validate_every = 100
  config.meta.validation_tasks = 50
  config.evaluation.tasks = 200
  config.evaluation.scratch = True
  return config
