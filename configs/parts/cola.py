"""What the runs of COLA share."""

from collections.abc import Iterable

from ml_collections import ConfigDict

from configs.parts import common
from configs.parts.sections import left_open, named, section
from experiments.components.batches import OF_A_SAMPLE
from experiments.components.crops import CROPS
from experiments.components.measures import MEASURE
from experiments.components.optimizers import OPTIMIZERS
from experiments.components.tasks import AUGMENTATION
from experiments.components.trunks import TRUNKS
from experiments.stages import class_samples, clustered, generator
from experiments.systems import clustered_images
from experiments.systems.code_clusters import CODE_CLUSTERS
from experiments.systems.cola import QUALITY, SMALL_SAMPLE, TRAINING
from experiments.systems.cola_checks import CLASSES
from lasium_jax import small_sample
from lasium_jax.models.build import CLASSIFIERS, GENERATORS
from lasium_jax.settings import Part

# Runs, and the generator of each.
RUNS = {
  'scola': 'cola',
  'glo': 'glo',
  'cgan-pd': 'cgan_pd',
  'cola': 'cola',
  'glo-unlabeled': 'glo',
}
UNLABELED = ('cola', 'glo-unlabeled')
GAN_STEPS = 100_000  # With 64 images in each of the critic's 5 steps.
GAN_BATCH = 320
STEPS = 7_800  # Of a classifier: the paper has as many for all samples.
# Networks that a run may name: the paper's classifiers, and a small WRN.
NETWORKS: dict[str, ConfigDict] = {
  'resnet20': named(CLASSIFIERS, 'resnet20'),
  'resnet32': named(CLASSIFIERS, 'resnet32'),
  'wrn-16-2': named(CLASSIFIERS, 'wide_resnet', depth=16, width=2),
  'wrn-16-8': named(CLASSIFIERS, 'wide_resnet', depth=16, width=8),
  'wrn-28-10': named(CLASSIFIERS, 'wide_resnet', depth=28, width=10),
}
# The rate is halved every 30 of 180 epochs, and of WRN-16-8 it is a fifth every
# 60 of 200 (appendix B.3); the paper says nothing of other networks.
DECAY = {
  'decay_at': tuple(round(i / 6, 4) for i in range(1, 6)),
  'decay_by': 0.5,
}
DECAYS = {'wrn-16-8': {'decay_at': (0.3, 0.6, 0.9), 'decay_by': 0.2}}
# How classifiers are trained otherwise than in the paper; see `_follow`.
RECIPES = ('strong', 'onecycle')
RECIPE_NETWORK = 'wrn-16-8'  # Where a run with a recipe names none.
STRONG_STEPS = 25_000  # 500 epochs of 500 images.
WARMUP = 0.3  # The share of the steps during which the rate rises.


def get_config(
  file: str,
  run: str,
  *,
  data: ConfigDict,
  classes: int,
  size: int,
  network: str = 'resnet20',
) -> ConfigDict:
  """The settings of one run.

  Args:
    file: the path of its config module.
    run: one of `RUNS`, behind which a network and a recipe may stand, such as
      'scola-wrn-28-10-strong'.
    data: the section of the images that a sample is drawn of.
    classes: how many they have.
    size: the side of an image that the run has, in pixels.
    network: of `NETWORKS`, the paper's for these images, where the run names
      neither a network nor a recipe.

  Returns:
    The config: 50 images of each class, three classifiers on each diet.

  Raises:
    ValueError: if there is no such run.
  """
  kind, named_network, recipe = _words(file, run)
  config = common.run('cola', file, run)
  config.seeds = 3
  config.data = data
  config.data.size = size
  config.small_sample = section(SMALL_SAMPLE)
  name = RUNS[kind]
  config.generator = named(GENERATORS, name, **{CLASSES[name]: classes})
  if kind == 'cgan-pd':
    left_open(config.generator, GENERATORS[name], 'decay_steps')
  if 'loss' in config.generator:
    config.measure = section(MEASURE)
  config.generator_training = section(
    Part(generator.train),
    steps=GAN_STEPS if kind == 'cgan-pd' else None,
    batch_size=GAN_BATCH if kind == 'cgan-pd' else None,
  )
  config.samples = section(Part(class_samples.show))
  config.quality = section(QUALITY)
  network = named_network or (RECIPE_NETWORK if recipe else network)
  _classify(config, network)
  if kind in UNLABELED:
    config.batches = named(OF_A_SAMPLE, 'made_alone')
    _cluster(config)
  else:
    config.batches = named(OF_A_SAMPLE, 'generated')
    config.augment = section(CROPS)
    _follow(config, recipe)
  return common.with_sweep(config)


def of_official_splits(
  config: ConfigDict, test: ConfigDict, *, most: int
) -> ConfigDict:
  """A run on photographs that have a test of their own.

  Args:
    config: of `get_config`, changed in place.
    test: the section of the images of the test.
    most: how many training images each class has, all of which the run without
      labels learns from, with latents of the paper's size (appendix B.2). The
      loss stays the pyramid's, as the paper's for all images, the perceptual
      one, needs weights that a user names (`config.generator.loss=vgg16` with
      `config.measure.weights`).

  Returns:
    The config.
  """
  config.evaluation_data = test
  if config.name in UNLABELED:
    config.small_sample.shots = most
    config.generator.latent_size = 128
  return config


def _cluster(config: ConfigDict) -> None:
  """The sections of what finds clusters without labels.

  COLA's are found first (algorithm 2), and GLO's in its codes afterwards.
  """
  config.seeds = 1
  if config.generator.name == 'glo':
    config.code_clusters = section(CODE_CLUSTERS)
    return
  config.clustered = section(clustered_images.CLUSTERED)
  config.trunk = named(TRUNKS, 'resnet18')
  config.clustered_views = section(AUGMENTATION, views=True)
  config.clustered_training = section(Part(clustered.train), steps=None)


def _classify(config: ConfigDict, network: str) -> None:
  """The sections of the classifiers."""
  config.classifier = NETWORKS[network].copy_and_resolve_references()
  config.optimizer = named(
    OPTIMIZERS, 'sgd', schedule='steps', **DECAYS.get(network, DECAY)
  )
  config.training = section(TRAINING, steps=STEPS)


def _words(file: str, run: str) -> tuple[str, str, str]:
  """The generator of a run, its network and its recipe, '' where not named."""
  rest, recipe = _split(run, RECIPES)
  kind, network = _split(rest, NETWORKS)
  if kind not in RUNS or (kind in UNLABELED and run != kind):
    raise ValueError(
      f'{file} has no run {run!r}. It has {", ".join(RUNS)}, and all but '
      f'{" and ".join(UNLABELED)} with a network behind it '
      f'(-{", -".join(NETWORKS)}) or nothing, and then with '
      f'-{" or -".join(RECIPES)} or nothing.'
    )
  return kind, network, recipe


def _split(run: str, names: Iterable[str]) -> tuple[str, str]:
  """A run without the last of its words, and that one; '' if it has none."""
  for name in names:
    if run.endswith(f'-{name}'):
      return run.removesuffix(f'-{name}'), name
  return run, ''


def _follow(config: ConfigDict, recipe: str) -> None:
  """Trains the classifiers as plain networks learn best from small samples.

  'strong' has the rate, the weight decay and the batches that Brigato et al.
  (2022) tuned for 50 images of each class. 'onecycle' has the rate and the
  batches of Gauthier et al. (2022), with fewer steps of more images, for GPUs.
  These augmented images by crops alone, or by AutoAugment, whose operations
  were searched with many labels; both recipes have TrivialAugment here.
  """
  if not recipe:
    return
  strong = small_sample.TRAINING['strong']
  config.augment.update(strong.views)
  config.optimizer.schedule = strong.optimizer['schedule']
  if recipe == 'strong':
    config.optimizer.learning_rate = strong.learning_rate
    config.optimizer.update(strong.optimizer)
    config.training.update(steps=STRONG_STEPS, batch_size=strong.batch_size)
  else:
    config.optimizer.warmup_steps = round(WARMUP * STEPS)
