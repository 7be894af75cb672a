"""What LASIUM's benchmarks share: the names of runs, and their sections.

The values are the paper's for Omniglot (its Tables 5 and 6).
"""

import math

from ml_collections import ConfigDict

from configs.parts import common
from configs.parts.sections import named, section
from experiments.components.clustering import CLUSTERING
from experiments.components.few_shot import also_judged
from experiments.components.floors import FLOORS
from experiments.components.latents import ANCHORS, SAMPLERS
from experiments.components.tasks import AUGMENTATION, CLUSTER_TASKS, TASKS
from experiments.components.trunks import TRUNKS
from experiments.stages import (
  clustered,
  evaluation,
  generator,
  meta,
  partitions,
  rounds,
)
from experiments.systems import clustered_images
from lasium_jax.models.build import GENERATORS, LEARNERS, NETWORKS
from lasium_jax.settings import Part

VARIANTS = ('paper', 'released')
# The paper trains the VAE for 1,000 epochs and the MSGAN for 500; an epoch of
# Omniglot's 24,000 training images is 187 steps. WGAN-GP's code has 200,000.
# Autoencoders train as long as in configs/interpolative/emnist.py.
# COLA has 500 epochs, after 200 of either task in which clusters are found.
AUTOENCODERS = ('autoencoder', 'interpolative', 'acai')
STEPS = {
  'vae': 187_000,
  'msgan': 93_500,
  'wgan_gp': 200_000,
  'cola': 93_500,
  **dict.fromkeys(('variational', *AUTOENCODERS), 23_400),
}
CLUSTERED_STEPS = 74_800
# Generators whose classes are clusters that a run finds, and how many: fewer
# than Omniglot has characters, as a Gaussian of each is kept.
CLUSTERS = {'cola': 200}
# Generators whose anchors are encoded images.
ENCODED = ('vae', 'variational', *AUTOENCODERS)
# Views of characters, of which neither changes what they are: the first to
# learn from, the second to compare images by.
VIEWS = {
  'rotation': 17.0,
  'translation': 0.125,
  'scale': 1.2,
  'shear': 0.25,
  'stretch': 1.15,
}
# What a learner does otherwise when it is judged; None is as in training.
EVALUATED: dict[str, dict[str, int | None]] = {
  'maml': {'steps': 50, 'learning_rate': None, 'inductive': None},
  'protonets': {
    'head_steps': None,
    'head_learning_rate': None,
    'tune_network': None,
    'head_views': None,
    'refine_steps': None,
    'turned_features': None,
    'inductive': None,
  },
}


def get_config(file: str, run: str, data: ConfigDict) -> ConfigDict:
  """The settings of one run of a benchmark.

  Args:
    file: the path of its config module.
    run: what comes behind the colon, such as 'ro-vae-maml';
      configs/lasium/omniglot.py has the grammar.
    data: the benchmark's section.

  Returns:
    A config with the sections that the run has a use for, and no others.

  Raises:
    ValueError: if there is no such run.
  """
  config = common.run('lasium', file, run)
  config.data = data
  words = run.split('-')
  variant = words.pop() if words[-1] in VARIANTS else ''
  config.network = named(NETWORKS, 'conv4')
  clusters = words[0] == 'clustered'
  if clusters:  # What remains is the warm-up.
    words = words[1:] if len(words) > 2 else ['umtra', *words[1:]]
  match words:
    case ['scratch']:
      pass
    case ['supervised', learner] if learner in LEARNERS:
      _learn(config, 'labeled', learner)
      config.augment.shift = (0, 0)  # Only synthetic tasks are shifted.
    case [tasks, learner] if tasks in _alone() and learner in LEARNERS:
      _learn(config, tasks, learner)
    case [generator, learner] if generator in CLUSTERS and learner in LEARNERS:
      _learn(config, 'lasium', learner)
      _generate(config, 'ic', generator)
    case ['cactus', generator, learner] if (
      generator in ENCODED and learner in LEARNERS
    ):
      _learn(config, 'cactus', learner)
      _partition(config, generator, learner)
    case [sampler, generator, learner] if (
      sampler in SAMPLERS
      and generator in (CLUSTERS if sampler == 'ic' else _unlabeled())
      and learner in LEARNERS
    ):
      _learn(config, 'lasium', learner)
      _generate(config, sampler, generator)
    case _:
      raise ValueError(_no_such_run(file, run))
  config.evaluation = section(Part(evaluation.evaluate))
  config.floors = ConfigDict(
    {name: _floor(name, judge=words == [name]) for name in FLOORS}
  )
  if clusters:
    _cluster(config, file, run)
  _choose_variant(config, variant)
  return common.with_sweep(config)


def _alone() -> list[str]:
  """The tasks that need no generator."""
  own = ('images', 'labels')
  return [name for name, part in TASKS.items() if part.reads in own]


def _unlabeled() -> list[str]:
  """LASIUM's generators: one that reads labels is none, but for clusters."""
  return [
    name
    for name, part in GENERATORS.items()
    if part.reads != 'labels' or name in CLUSTERS
  ]


def _no_such_run(file: str, run: str) -> str:
  samplers, generators, learners = map(
    ','.join, ([n for n in SAMPLERS if n != 'ic'], _unlabeled(), LEARNERS)
  )
  return (
    f'{file} has no run {run!r}. It has {{{samplers}}}-{{{generators}}}-'
    f'{{{learners}}}, {",".join(CLUSTERS)}-{{{learners}}}, '
    f'cactus-{{{",".join(ENCODED)}}}-{{{learners}}}, '
    f'umtra-{{{learners}}}, clustered-protonets, '
    f'clustered-{{SAMPLER-GENERATOR,{",".join(CLUSTERS)}}}-protonets, '
    f'supervised-{{{learners}}} and scratch, each with '
    f'-{" or -".join(VARIANTS)} behind it or nothing.'
  )


def _learn(config: ConfigDict, tasks: str, learner: str) -> None:
  """The sections of a learner and the tasks that it is trained on."""
  config.tasks = named(TASKS, tasks, ways=5, shots=1, queries=5)
  config.augment = section(AUGMENTATION, shift=(-5, 4))
  config.learner = named(LEARNERS, learner)
  changes = EVALUATED.get(learner, {})
  own = section(LEARNERS[learner], **changes)
  config.evaluation_learner = ConfigDict()
  for name in changes:
    with config.evaluation_learner.ignore_type():
      config.evaluation_learner[name] = own.get_ref(name)
  config.also_judged = section(Part(also_judged))
  config.meta = section(Part(meta.train))


def _cluster(config: ConfigDict, file: str, run: str) -> None:
  """The sections of rounds of clustering, after a warm-up without labels."""
  tasks, learner = (
    config.get(name, {}).get('name') for name in ('tasks', 'learner')
  )
  # Clusters are found by features, which a learner with logits has not.
  if tasks not in ('umtra', 'lasium') or learner != 'protonets':
    raise ValueError(_no_such_run(file, run))
  if tasks == 'umtra':
    config.tasks.update(ways=100, queries=2, augment_support=True)
  else:  # What a generator makes costs more than views.
    config.tasks.update(ways=32, queries=2)
  # With maxima of 2x2 a network of half the width learns more than with
  # strides, in the same time. Of 28x28 pixels they leave one position, which
  # has all features: more of these teach more, in a quarter more time
  # (RESULTS.md).
  config.network.update(downsample='max_pool', filters=32, last_filters=512)
  config.augment = section(AUGMENTATION, **VIEWS)
  config.learner.distance = 'sum'
  config.also_judged.update(inductive=True, refine_steps=10)
  # The last parameters are taken: no label chooses among them.
  config.meta.update(
    iterations=1_500,
    batch=1,
    schedule='cosine',
    validate_every=0,
    steps_per_dispatch=1,
  )
  # A class has some 20 images, so that more together are of two.
  config.clustering = section(
    CLUSTERING, links=5, most=22, thresholds=100, views=1, turned_features=True
  )
  # A turned image is of another class here, so that what is seen of it tells
  # more of the image.
  config.evaluation_learner.turned_features = True
  config.rounds = section(Part(rounds.train), steps_per_dispatch=1)
  config.cluster_tasks = section(
    CLUSTER_TASKS,
    ways=60,
    shots=1,
    queries=5,
    augment_support=True,
    turned=True,
  )
  config.cluster_views = section(AUGMENTATION)


def _train(config: ConfigDict, name: str) -> None:
  """The sections of a generator and of its training."""
  config.generator = named(GENERATORS, name)
  if name == 'vae':
    config.generator.filters = (64, 64, 64, 64)
  steps = STEPS.get(name, STEPS['vae'])
  config.generator_training = section(
    Part(generator.train), steps=steps, batch_size=common.batch_size(name)
  )


def _partition(config: ConfigDict, generator: str, learner: str) -> None:
  """The sections of clusters of encoded images (CACTUs)."""
  _train(config, generator)
  config.augment.shift = (0, 0)
  config.partitions = section(Part(partitions.find))
  if learner == 'protonets':  # As in CACTUs' code; MAML keeps its ways.
    config.tasks.update(ways=20, queries=15)


def _generate(config: ConfigDict, sampler: str, name: str) -> None:
  """The sections of a generator and of sampling in its latent space."""
  _train(config, name)
  anchors = 'encoded' if name in ENCODED else 'prior'
  config.anchors = named(ANCHORS, 'clusters' if name in CLUSTERS else anchors)
  config.latents = named(SAMPLERS, sampler)
  # Their latent space has no scale of its own, or a small one, on spheres.
  if name in (*AUTOENCODERS, *CLUSTERS) and 'relative' in config.latents:
    config.latents.relative = True
  if name in CLUSTERS:
    config.generator.clusters = CLUSTERS[name]
    if config.data.invert:  # By others, ink on nothing is drawn as nothing.
      config.generator.loss = 'l2'
    _find_clusters(config)


def _find_clusters(config: ConfigDict) -> None:
  """The sections of what finds a generator's classes (COLA's step I)."""
  # The loss is a mean over as many coordinates as there are clusters, which are
  # many more than where COLA's rate of 0.05 is from, and its gradients are
  # smaller. Clusters of characters came out better by 0.5 than by that.
  config.clustered = section(clustered_images.CLUSTERED, learning_rate=0.5)
  # ResNet-18 is for photographs, and for GPUs.
  config.trunk = named(TRUNKS, 'halvings')
  config.clustered_views = section(AUGMENTATION, **VIEWS)
  config.clustered_training = section(
    Part(clustered.train), steps=CLUSTERED_STEPS, judge_every=1_000
  )


def _floor(name: str, *, judge: bool) -> ConfigDict:
  floor = ConfigDict({'judge': judge})
  floor.update(section(FLOORS[name].part))
  return floor


def _choose_variant(config: ConfigDict, variant: str) -> None:
  """Follows the paper's text, or its released code, where they differ."""
  latents = config.get('latents', ConfigDict())
  learner = config.get('learner', ConfigDict())
  generator = config.get('generator', ConfigDict())
  if variant == 'paper':
    config.network.update(downsample='max_pool', head='flatten')
    if latents.get('name') == 'n':
      latents.sigma = math.sqrt(0.5)
    if learner.get('name') == 'protonets':
      learner.distance = 'sum'
  if variant == 'released' and generator.get('name') == 'vae':
    generator.kl_weighting = 'mean'
    if 'anchors' in config:
      config.anchors.posterior = 'sample'
    if latents.get('name') == 'n' and learner.name == 'maml':
      latents.sigma, latents.sigma_max = 0.0, 2.0
    if latents.get('name') == 'n' and learner.name == 'protonets':
      latents.sigma = 2.0
  if variant == 'released' and generator.get('name') == 'msgan':
    generator.label_noise = 'released'
    config.anchors.epsilon = 246.09
