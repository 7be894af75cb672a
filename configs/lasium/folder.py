"""LASIUM on your own images: a folder of them, without labels.

  python experiments/lasium.py --config=configs/lasium/folder.py \
    --config.data.path=FOLDER --workdir=runs/mine

The argument is that of configs/lasium/omniglot.py; without one it is
ro-vae-maml. For photographs try umtra-protonets first: it needs no generator.
The MSGAN is as wide at any size, and above 44 pixels slow on CPUs.
FOLDER is any tree of PNG, JPEG, WebP, BMP or TIFF files. A tenth of the files
is held out. Where sub-folders name classes, one half of the held-out files
gives the tasks of validation and the other those of evaluation; better is a
folder of kinds that FOLDER has not, one sub-folder a kind:
`--config.data.evaluation_path=KINDS`. With neither, the run ends after
meta-training.

Images become `--config.data.size` (28, 32, 64, 84 or 128) pixels wide and high,
in `--config.data.channels` (1 or 3). Networks, latent size and inner rate
follow from these (experiments/components/by_size.py); any of them can be set.
For dark ink on white paper say `--config.data.invert=True`.

The defaults are for CPUs and patience: 2,000 steps of the generator, 1,000
meta-iterations. Queries are not shifted, unlike Omniglot's: a shift fills with
the background 0, and nobody knows what is beyond the edge of a photograph.
"""

from ml_collections import ConfigDict

from configs.parts import lasium
from configs.parts.sections import left_open, named, section
from experiments.components.data import DATA
from experiments.components.tasks import AUGMENTATION
from lasium_jax.models.build import GENERATORS, LEARNERS, NETWORKS


def get_config(run: str = 'ro-vae-maml') -> ConfigDict:
  data = named(DATA, 'folder')
  config = lasium.get_config('configs/lasium/folder.py', run, data)
  config.evaluation.tasks = 300
  config.floors.scratch.judge = config.floors.nearest.judge = True
  if 'generator' in config:
    config.generator_training.steps = 2_000
  if run.startswith('umtra-protonets'):
    # More to tell apart at once teaches more, and so do sums (RESULTS.md).
    config.tasks.update(ways=64, queries=2, augment_support=True)
    config.learner.distance = 'sum'
    config.meta.update(batch=1, iterations=2_000, schedule='cosine')
  _leave_to_size(config)
  return config


def _photographs(config: ConfigDict) -> None:
  """Clusters of photographs: other views, and a turned one is no other kind."""
  config.augment = section(AUGMENTATION)
  config.cluster_views = section(AUGMENTATION)
  config.clustering.views = 1
  config.cluster_tasks.turned = False


def _leave_to_size(config: ConfigDict) -> None:
  """None stands for what experiments/components/by_size.py has."""
  if 'generator' in config and config.generator.name == 'vae':
    left_open(
      config.generator,
      GENERATORS['vae'],
      'filters',
      'halvings',
      'latent_size',
    )
  left_open(config.network, NETWORKS['conv4'], 'padding')
  if not config.name.endswith('-paper'):  # Which has these for any size.
    left_open(
      config.network, NETWORKS['conv4'], 'filters', 'downsample', 'head'
    )
  if 'clustering' in config:
    _photographs(config)
  if 'augment' in config:
    config.augment.shift = (0, 0)
    left_open(config.augment, AUGMENTATION, 'views')
  if 'learner' in config and 'learning_rate' in config.learner:
    left_open(config.learner, LEARNERS[config.learner.name], 'learning_rate')
