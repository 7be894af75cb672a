"""What the benchmarks' configs share: all fields, and the names of runs."""

import math

from ml_collections import ConfigDict
from ml_collections.config_dict import placeholder

SAMPLERS = ('n', 'ro', 'oc')
GENERATORS = ('vae', 'msgan')
LEARNERS = ('maml', 'protonets')
VARIANTS = ('paper', 'released')


def get_config(benchmark: str, run: str) -> ConfigDict:
  """The settings of one run of a benchmark.

  Args:
    benchmark: the name of its config module.
    run: what comes behind the colon, such as 'ro-vae-maml'; configs/lasium/omniglot.py
      has the grammar.

  Returns:
    A config with every field there is.

  Raises:
    ValueError: if there is no such run.
  """
  config = _defaults()
  config.benchmark, config.name = benchmark, run
  words = run.split('-')
  variant = words.pop() if words[-1] in VARIANTS else ''
  match words:
    case ['scratch']:
      config.meta.iterations = 0
      config.evaluation.scratch = True
    case ['supervised', learner] if learner in LEARNERS:
      config.tasks.source = 'labeled'
      config.tasks.shift = (0, 0)  # Only synthetic tasks are shifted.
      config.learner.name = learner
    case ['umtra', learner] if learner in LEARNERS:
      config.tasks.source = 'umtra'
      config.learner.name = learner
    case [sampler, generator, learner] if (
      sampler in SAMPLERS and generator in GENERATORS and learner in LEARNERS
    ):
      config.latents.sampler = sampler
      config.learner.name = learner
      choose_generator(config, generator)
    case _:
      raise ValueError(
        f'configs/lasium/{benchmark}.py has no run {run!r}. It has '
        '{n,ro,oc}-{vae,msgan}-{maml,protonets}, umtra-{maml,protonets}, '
        'supervised-{maml,protonets} and scratch, each with -paper or '
        '-released behind it or nothing.'
      )
  _choose_variant(config, variant)
  return config


def _choose_variant(config: ConfigDict, variant: str) -> None:
  """Follows the paper's text, or its released code, where they differ."""
  if variant == 'paper':
    config.network.downsample = 'max_pool'
    config.network.head = 'flatten'
    config.latents.sigma = math.sqrt(0.5)
    config.learner.distance = 'sum'
  if variant == 'released':
    config.generator.kl_weighting = 'mean'
    if config.generator.name == 'vae':
      config.latents.sigma, config.latents.sigma_max = 0.0, 2.0


def _defaults() -> ConfigDict:
  """Every field there is, with LASIUM's values for Omniglot."""
  config = ConfigDict()
  config.benchmark = ''  # The config module, and in it
  config.name = ''  # the run.
  config.seed = 0
  # Learners trained side by side on one generator, of seeds seed, seed + 1, ...
  # and with every combination of the values that are swept.
  config.seeds = 1
  config.sweep = sweep = ConfigDict()
  sweep.sigma = ()  # Of latents.sigma,
  sweep.alpha = ()  # latents.alpha,
  sweep.inner_rate = ()  # learner.inner_rate with evaluation.inner_rate, and
  sweep.meta_rate = ()  # meta.rate.
  config.over_members = 'auto'  # 'map' on CPU, else 'vectorize'.
  # Devices, of all hosts, that share each batch. Results are those of one to
  # rounding, so a run may go on with others. 0 is one; on CPU each core, where
  # they share the meta-batch evenly, is one in meta-training and evaluation.
  config.devices = 0
  config.checkpoint_seconds = 60.0
  # Of matrix products: 'float32'; 'tensorfloat32', faster on a GPU; or
  # 'bfloat16', faster on a TPU. A CPU rounds as they do, and is slower.
  config.precision = 'float32'

  config.data = data = ConfigDict()
  # A TFDS name; 'glyphs', the built-in set; or 'folder', of image files.
  data.name = 'omniglot'
  # 'random' shuffles the classes; 'rotations' also turns the training classes;
  # 'background' is Omniglot's official split.
  data.split = 'random'
  data.split_seed = 0
  data.tfds_splits = ('train', 'test')  # What 'random' shuffles together.
  data.train_classes = 1_200
  data.validation_classes = 100
  data.test_classes = 323
  data.size = 28
  data.channels = 1
  data.invert = True  # Ink is 1 on background 0.
  # These are of 'folder' (configs/lasium/folder.py).
  data.path = ''
  data.evaluation_path = ''  # One sub-folder a class; '': held-out files.
  data.held_out = 0.1  # Share of the files.
  data.max_bad_share = 0.05  # Of the files that may fail to decode.
  data.max_pixels = 100_000_000  # Larger files are not decoded.
  data.device_bytes = 2 * 2**30  # Of images; more are read as they are needed.

  config.generator = generator = ConfigDict()
  generator.workdir = ''  # Of a run whose generator to use; '' trains one.
  generator.batch_size = 128
  generator.steps_per_dispatch = 1  # More pays on a GPU only.
  generator.sample_pictures = 10
  generator.filters = ()  # Set by choose_generator.
  generator.halvings = 2  # Of the image, by the VAE's first blocks.
  generator.mode_seeking = 1.0  # MSGAN's weight of its own term.
  generator.kl_weighting = 'sum'  # The VAE's; the released code has 'mean'.
  choose_generator(config, 'vae')

  config.latents = latents = ConfigDict()
  latents.sampler = 'ro'  # 'n', 'ro' or 'oc'.
  latents.sigma = 0.5  # LASIUM-N: the standard deviation.
  latents.sigma_max = placeholder(float)  # If set: U(sigma, sigma_max).
  latents.alpha = 0.2  # LASIUM-RO and -OC.
  latents.self_noise = 1.0  # LASIUM-OC, where a class would meet itself.
  latents.max_draws = 10_000

  config.tasks = tasks = ConfigDict()
  # 'lasium'; 'umtra', augmented images; or 'labeled', supervised training.
  tasks.source = 'lasium'
  # While training; evaluation has its own. ProtoNets learn from more ways.
  tasks.ways = 5
  tasks.shots = 1
  tasks.queries = 5
  tasks.shift = (-5, 4)  # Of query images, in pixels; (0, 0) is none.
  tasks.views = False  # Query photographs are cropped, mirrored and recolored.

  config.network = network = ConfigDict()
  network.filters = 64
  network.downsample = 'stride'  # Or 'max_pool'.
  network.padding = 'SAME'  # Or 'VALID'.
  network.head = 'mean'  # Or 'flatten'.
  network.use_scale = False  # Of batch normalization.

  config.learner = learner = ConfigDict()
  learner.name = 'maml'  # Or 'protonets'.
  learner.inductive = False
  learner.inner_rate = 0.4
  learner.inner_steps = 5
  learner.first_order = False
  learner.checkpoint = False  # Less memory for more time, for large images.
  learner.distance = 'mean'  # ProtoNets; Snell et al. have 'sum'.

  config.meta = meta = ConfigDict()
  meta.iterations = 1_000
  meta.batch = 4
  meta.rate = 1e-3
  meta.clip = 0.0  # Clips outer gradients elementwise; 0 does not.
  meta.over_tasks = 'auto'  # 'accumulate' on CPU, else 'vectorize'.
  meta.steps_per_dispatch = 10
  meta.validate_every = 200  # Iterations, a multiple of the dispatch's.
  meta.validation_tasks = 100

  config.evaluation = evaluation = ConfigDict()
  evaluation.ways = 5  # MAML's are those it trained with.
  evaluation.shots = (1, 5)
  evaluation.queries = 15
  evaluation.tasks = 1_000
  evaluation.seed = 0
  evaluation.inner_rate = 0.4
  evaluation.inner_steps = 50
  evaluation.tasks_per_dispatch = 50
  evaluation.scratch = False  # Also train from scratch on the same tasks.
  evaluation.scratch_rate = 1e-2
  evaluation.scratch_steps = 50
  evaluation.nearest = False  # Also the nearest neighbor by pixels.
  return config


def choose_generator(config: ConfigDict, name: str) -> None:
  """Sets a generator's defaults, as in the paper.

  The paper trains the VAE for 1,000 epochs and the MSGAN for 500; an epoch of
  Omniglot's 24,000 training images is 188 steps.
  """
  generator = config.generator
  generator.name = name
  if name == 'vae':
    generator.latent_size = 20
    generator.filters = (64, 64, 64, 64)  # For 84x84, (128,) * 5.
    generator.rate = 1e-3
    generator.steps = 188_000
    generator.anchors = 'encoded'
    generator.epsilon = 0.0
  else:
    generator.latent_size = 128
    generator.filters = (128,)
    generator.rate = 3e-4
    generator.steps = 94_000
    generator.anchors = 'prior'
    generator.epsilon = 0.0
