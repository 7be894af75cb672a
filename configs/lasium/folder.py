"""LASIUM on your own images: a folder of them, without labels.

  python experiments/lasium.py --config=configs/lasium/folder.py \
    --config.data.path=FOLDER --workdir=runs/mine

The argument is that of configs/lasium/omniglot.py; without one it is ro-vae-maml. For
photographs try umtra-protonets first: it needs no generator. The MSGAN is as
wide at any size, and above 44 pixels slow on CPUs.
FOLDER is any tree of PNG, JPEG, WebP, BMP or TIFF files. A tenth of the files
is held out. Where sub-folders name classes, held-out files give the tasks of
validation and evaluation; better is a folder of kinds that FOLDER has not, one
sub-folder a kind: `--config.data.evaluation_path=KINDS`. With neither, the run
ends after meta-training.

Images become `--config.data.size` (28, 32, 64, 84 or 128) pixels wide and high,
in `--config.data.channels` (1 or 3). Networks, latent size and inner rate
follow from these (experiments/components/by_size.py); any of them can be set. For dark
ink on white paper say `--config.data.invert=True`.

The defaults are for CPUs and patience: 2,000 steps of the generator, 1,000
meta-iterations. Queries are not shifted, unlike Omniglot's: a shift fills with
the background 0, and nobody knows what is beyond the edge of a photograph.
"""

from ml_collections import ConfigDict
from ml_collections.config_dict import placeholder

from configs.parts import base


def get_config(run: str = 'ro-vae-maml') -> ConfigDict:
  config = base.get_config('folder', run)
  data = config.data
  data.name = 'folder'
  data.size = 84
  data.channels = 3
  data.invert = False
  config.tasks.shift = (0, 0)
  config.generator.steps = 2_000
  if run.startswith('umtra-protonets'):
    # More to tell apart at once teaches more (RESULTS.md).
    config.tasks.ways, config.tasks.queries, config.meta.batch = 32, 2, 2
  config.evaluation.tasks = 300
  config.evaluation.scratch = True
  config.evaluation.nearest = True
  _leave_to_size(config)
  return config


def _leave_to_size(config: ConfigDict) -> None:
  """None stands for what experiments/components/by_size.py has."""
  if config.generator.name == 'vae':
    config.generator.filters = placeholder(tuple)
    config.generator.halvings = placeholder(int)
    config.generator.latent_size = placeholder(int)
  config.tasks.views = placeholder(bool)
  config.network.filters = placeholder(int)
  config.network.padding = placeholder(str)
  if not config.name.endswith('-paper'):  # Which has both for any size.
    config.network.downsample = placeholder(str)
    config.network.head = placeholder(str)
  config.learner.inner_rate = placeholder(float)
  config.evaluation.inner_rate = placeholder(float)
