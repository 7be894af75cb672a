"""Ten of the built-in characters, from five drawings of each: needs no data.

  python experiments/cola.py --config=configs/cola/glyphs.py \
    --workdir=runs/scola

As configs/cola/cifar10.py, with a quarter of the width, fewer steps, and the
other drawings of the same characters as the test. Characters are not mirrored,
and wide networks have one unit of width. The recipes `-strong` and `-onecycle`
are here to be tried: rotations by up to 135 degrees are not for characters. The
runs without labels, `cola` and `glo-unlabeled`, have 15 drawings of each
character.
"""

from ml_collections import ConfigDict

from configs.parts import cola
from configs.parts.lasium import VIEWS
from configs.parts.sections import named, section
from experiments.components.images import IMAGES
from experiments.components.tasks import AUGMENTATION
from experiments.components.trunks import TRUNKS


def get_config(run: str = 'scola') -> ConfigDict:
  # The GAN halves images three times.
  size = 32 if run.startswith('cgan-pd') else 28
  config = cola.get_config(
    'configs/cola/glyphs.py',
    run,
    data=named(IMAGES, 'glyphs'),
    classes=10,
    size=size,
  )
  config.small_sample.update(shots=5, classes=10)
  config.generator.width = 16
  if 'loss' in config.generator:  # By others, ink is drawn as nothing.
    config.generator.loss = 'l2'
  if config.generator.name == 'cgan_pd':
    config.generator_training.steps = 2_000
  if run in cola.UNLABELED:
    config.small_sample.shots = 15
    config.generator_training.batch_size = 30
  else:
    config.augment.update(margin=2, mirror=False)
  if 'clustered' in config:
    config.trunk = named(TRUNKS, 'halvings', width=16)
    config.clustered_views = section(AUGMENTATION, **VIEWS)
    config.clustered_training.batch_size = 50
  _classify(config)
  return config


def _classify(config: ConfigDict) -> None:
  """Smaller classifiers, of fewer steps, for characters."""
  wide = config.classifier.name == 'wide_resnet'
  config.classifier.width = 1 if wide else 8
  config.training.steps = 600
  config.training.batch_size = min(64, config.training.batch_size)
  if config.optimizer.warmup_steps:
    config.optimizer.warmup_steps = 180
