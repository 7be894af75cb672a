"""What differs for photographs, and for images whose size a flag may set."""

from ml_collections import ConfigDict

from configs.parts.sections import left_open, section
from experiments.components.clustering import CLUSTERING
from experiments.components.tasks import AUGMENTATION
from lasium_jax.models.build import GENERATORS, LEARNERS, NETWORKS


def adapted(config: ConfigDict, run: str) -> ConfigDict:
  """A run of LASIUM, with what photographs need in place of Omniglot's.

  Args:
    config: of configs/parts/lasium.py, changed in place.
    run: its name, behind the config file's colon.

  Returns:
    The config.
  """
  config.floors.scratch.judge = config.floors.nearest.judge = True
  if 'clustering' in config:
    _clusters(config)
  if 'clustered' in config:
    config.clustered_views = section(AUGMENTATION, views=True)
  _leave_to_size(config)
  if 'partitions' in config:
    _partitions(config)
  if 'generator' in config:
    config.generator_training.steps = 2_000
  if run == 'umtra-protonets':
    # As `scratch` trains for each task, but from what was learned. Prototypes
    # are judged beside it.
    config.evaluation_learner.update(
      head_steps=50,
      head_learning_rate=3e-4,
      tune_network=True,
      head_views=True,
    )
  many = run == 'umtra-protonets' or 'clustering' in config
  if many:
    # With 32 channels everywhere, pooled, it learns more than with 64 at every
    # second position, in the same time (RESULTS.md). A wider last block was
    # not tried.
    config.network.update(downsample='max_pool', filters=32, last_filters=0)
  if many and config.tasks.name == 'umtra':
    # More to tell apart at once teaches more, and so do sums and, of the rates
    # tried, the one below (RESULTS.md).
    config.tasks.update(ways=128, queries=1, augment_support=True)
    config.learner.distance = 'sum'
    config.also_judged.inductive = True
    # The last parameters are taken: no label chooses among them.
    config.meta.update(
      batch=1,
      iterations=15_000,
      learning_rate=3e-3,
      schedule='cosine',
      validate_every=0,
      steps_per_dispatch=1,
    )
  return config


def _partitions(config: ConfigDict) -> None:
  """CACTUs' own settings for mini-ImageNet, which augments no image."""
  config.augment = section(AUGMENTATION)
  config.tasks.ways = 5
  config.partitions.number = 50


def _clusters(config: ConfigDict) -> None:
  """Other views than ink has, and a turned photograph is no other kind."""
  config.augment = section(AUGMENTATION)
  config.clustering = section(CLUSTERING, views=1)
  config.evaluation_learner.turned_features = None
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
  if 'augment' in config:
    config.augment.shift = (0, 0)
    left_open(config.augment, AUGMENTATION, 'views')
  if 'learner' in config and 'learning_rate' in config.learner:
    left_open(config.learner, LEARNERS[config.learner.name], 'learning_rate')
