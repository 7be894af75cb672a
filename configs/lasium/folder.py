"""LASIUM on your own images: a folder of them, without labels.

  python experiments/lasium.py --config=configs/lasium/folder.py \
    --config.data.path=FOLDER --workdir=runs/mine

The argument is that of configs/lasium/omniglot.py; without one it is
umtra-protonets, which needs no generator and was best of what was tried on
photographs (RESULTS.md). It is judged with its network tuned to views of each
task's images, in 50 steps from the prototypes, which are judged beside it; for
these alone say `--config.evaluation_learner.head_steps=0`. The MSGAN is as wide
at any size, and above 44 pixels slow on CPUs.
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
meta-iterations, of umtra-protonets 15,000, 20 minutes on two cores; that needs
128 images or more to learn from (`tasks.ways`). On a GPU let
`meta.steps_per_dispatch` be 10. Queries are not shifted, unlike
Omniglot's: a shift fills with the background 0, and nobody knows what is beyond
the edge of a photograph.
"""

from ml_collections import ConfigDict

from configs.parts import lasium, photographs
from configs.parts.sections import named
from experiments.components.data import DATA


def get_config(run: str = 'umtra-protonets') -> ConfigDict:
  data = named(DATA, 'folder')
  config = lasium.get_config('configs/lasium/folder.py', run, data)
  config.evaluation.tasks = 300
  return photographs.adapted(config, run)
