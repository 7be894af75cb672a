"""What is measured: each case is built as the entry points compile it."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from experiments.components.checks import Config
from jax.sharding import Mesh

from benchmarks import flops, timing
from benchmarks.timing import Run
from configs.lasium import omniglot
from experiments.components import build
from experiments.run import loop
from lasium_jax import meta, parallel
from lasium_jax.data.dataset import Dataset, image_set
from lasium_jax.ops.images import as_floats
from lasium_jax.types import Array, Generator, GeneratorSource, Metrics, Params

# The network of the released code, and the paper's (configs/lasium/omniglot.py).
VARIANTS = {'stride': '', 'max_pool': '-paper'}


class Case(NamedTuple):
  """One thing to time.

  Attributes:
    run: does it `repeats` times in one dispatch.
    repeats: iterations (or tasks) of a run; what is reported is of one.
    gflop: of one, counted by hand; None where nothing is to be counted.
    items: what one is made of, such as 4 tasks.
    item: in words.
    peak_mb: memory of the compiled program in 10^6 bytes.
    reference: does the same once in PyTorch; None if that is not installed
      or has nothing to compare.
  """

  run: Run
  repeats: int
  gflop: float | None
  items: int
  item: str
  peak_mb: float
  reference: Run | None = None


def settings(run: str, *, small: bool) -> Config:
  """The config of a run; `small` shrinks it, to try the program only."""
  config = omniglot.get_config(run)
  if small:
    config.data.size = 16
    config.network.filters = 4
    config.generator.filters = tuple(4 for _ in config.generator.filters)
    config.generator.latent_size = 3
    config.generator.batch_size = 4
    config.learner.inner_steps = config.evaluation.inner_steps = 2
    config.evaluation.queries = 3
    config.meta.steps_per_dispatch = 2
  return config


@functools.cache
def pictures(side: int) -> Dataset:
  """Noisy copies of one random pattern a class: 100 classes of 20 images."""
  rng = np.random.default_rng(0)
  labels = np.repeat(np.arange(100, dtype=np.int32), 20)
  patterns = 160 * (rng.random((100, side, side, 1)) < 0.2)
  noise = rng.integers(0, 64, (len(labels), side, side, 1))
  images = (patterns[labels] + noise).astype(np.uint8)
  return Dataset(images, labels, tuple(map(str, range(100))))


def maml_step(
  variant: str, meta_batch: int, *, small: bool, reference: bool
) -> Case:
  """A second-order meta-iteration; tasks are real images, picked by index."""
  config = settings(f'supervised-maml{VARIANTS[variant]}', small=small)
  config.meta.batch = meta_batch
  # The loop's body is the same; a dispatch should end within seconds.
  repeats = config.meta.steps_per_dispatch if meta_batch <= 4 else 2
  source = image_set(pictures(config.data.size))
  learner, task_fn = build.learner(config), build.training_tasks(config, None)
  params = _learner_params(config)
  torch_run = None
  if reference:
    from benchmarks import compare

    torch_run = compare.maml_step(config, learner, task_fn, params, source)
  count = flops.maml_step(
    layers(config),
    tasks=meta_batch,
    support=config.tasks.ways * config.tasks.shots,
    query=config.tasks.ways * config.tasks.queries,
    steps=config.learner.inner_steps,
  )
  run, peak = _meta_iterations(config, None, params, source, repeats)
  return Case(run, repeats, count / 1e9, meta_batch, 'tasks', peak, torch_run)


def lasium_iteration(name: str, *, small: bool) -> Case:
  """A meta-iteration on tasks from a generator: make, decode, update."""
  config = settings(f'ro-{name}-maml', small=small)
  model, source = synthetic(config)
  params = _learner_params(config)
  count = task_count(config) + flops.maml_step(
    layers(config),
    tasks=config.meta.batch,
    support=config.tasks.ways * config.tasks.shots,
    query=config.tasks.ways * config.tasks.queries,
    steps=config.learner.inner_steps,
  )
  repeats = config.meta.steps_per_dispatch
  run, peak = _meta_iterations(config, model, params, source, repeats)
  return Case(run, repeats, count / 1e9, config.meta.batch, 'tasks', peak)


def make_tasks(name: str, *, small: bool) -> Case:
  """The tasks of such an iteration alone, a meta-batch at a time."""
  config = settings(f'ro-{name}-maml', small=small)
  model, source = synthetic(config)
  task_fn = build.training_tasks(config, model)
  size = config.meta.batch

  def step(key: Array, state: Any, source: Any) -> tuple[Any, Metrics]:
    tasks = jax.vmap(task_fn, in_axes=(0, None))(
      jax.random.split(key, size), source
    )
    # Something of every image is used, or it would not be made.
    ink = tasks.support.x.mean() + tasks.query.x.mean()
    return state + 1, {'ink': ink}

  repeats = config.meta.steps_per_dispatch
  run, peak = _iterations(step, None, jnp.int32(0), source, repeats)
  return Case(run, repeats, task_count(config) / 1e9, size, 'tasks', peak)


def generator_step(name: str, *, small: bool, reference: bool) -> Case:
  """A training step of a generator on one batch."""
  config = settings(f'ro-{name}-maml', small=small)
  data = pictures(config.data.size)
  _, trainer = build.generator(config, data.shape)
  size = config.generator.batch_size
  batch = as_floats(jnp.asarray(data.images[:size]))
  state = trainer.init(jax.random.key(1), batch)
  torch_run = None
  if reference:
    from benchmarks import compare

    check = {'vae': compare.vae_step, 'msgan': compare.msgan_step}[name]
    torch_run = check(config, trainer, state, batch)
  net = generator_layers(config)
  count = (
    flops.vae_step(net, size)
    if isinstance(net, flops.Vae)
    else flops.msgan_step(net, size)
  )
  mesh = build.generator_mesh(config)
  run, peak = _iterations(trainer.update, mesh, state, batch, 1)
  return Case(run, 1, count / 1e9, size, 'images', peak, torch_run)


def evaluation(variant: str, *, small: bool, reference: bool) -> Case:
  """Adapting to a labeled task and predicting its queries."""
  config = settings(f'supervised-maml{VARIANTS[variant]}', small=small)
  learner = build.learner(config, evaluation=True)
  task_fn = build.evaluation_tasks(config, 1)
  source = image_set(pictures(config.data.size))
  params, key = _learner_params(config), jax.random.key(2)
  torch_run = None
  if reference:
    from benchmarks import compare

    torch_run = compare.evaluation(config, learner, task_fn, params, source)
  repeats = 4  # Tasks of a dispatch: the body of a loop, as often as asked.
  indices = np.arange(repeats)
  mesh = build.mesh(config)
  members = jax.tree.map(lambda leaf: leaf[None], params)  # A run of one.
  params, source = parallel.replicate(mesh, (members, source))
  judge: Any = build.judge(config, task_fn, lambda _: learner)
  compiled = judge.lower(key, {}, params, source, indices).compile()
  count = flops.evaluation(
    layers(config),
    support=config.tasks.ways,
    query=config.tasks.ways * config.evaluation.queries,
    steps=config.evaluation.inner_steps,
  )
  return Case(
    lambda: compiled(key, {}, params, source, indices),
    repeats,
    count / 1e9,
    1,
    'tasks',
    timing.peak_megabytes(compiled, mesh),
    torch_run,
  )


def layers(config: Config) -> flops.Layers:
  """Operations of the learner's network, layer by layer."""
  shape = (config.data.size, config.data.size, config.data.channels)
  network = config.network
  return flops.conv4(
    shape,
    config.tasks.ways,
    filters=network.filters,
    downsample=network.downsample,
    head=network.head,
  )


def generator_layers(config: Config) -> flops.Vae | flops.Gan:
  shape = (config.data.size, config.data.size, config.data.channels)
  latent_size = config.generator.latent_size
  filters = config.generator.filters
  if config.generator.name == 'vae':
    return flops.vae(shape, latent_size=latent_size, filters=filters)
  return flops.msgan(shape, latent_size=latent_size, filters=filters[0])


def task_count(config: Config) -> int:
  """Operations of making a meta-batch of tasks."""
  net = generator_layers(config)
  size = {
    'tasks': config.meta.batch,
    'ways': config.tasks.ways,
    'images': config.tasks.shots + config.tasks.queries,
  }
  if isinstance(net, flops.Vae):
    return flops.vae_tasks(net, **size)
  return flops.msgan_tasks(net, **size)


def synthetic(config: Config) -> tuple[Generator, GeneratorSource]:
  """A generator that has learned nothing: the work is the same."""
  data = pictures(config.data.size)
  model, trainer = build.generator(config, data.shape)
  images = jnp.asarray(data.images)
  params = trainer.init(jax.random.key(1), as_floats(images[:2])).params
  source = GeneratorSource(params, images)
  return model, source


def _learner_params(config: Config) -> Any:
  images = pictures(config.data.size).images[: config.tasks.ways]
  x = as_floats(jnp.asarray(images))
  return build.learner(config).init(jax.random.key(0), x)


def _meta_iterations(
  config: Config,
  model: Generator | None,
  params: Params,
  source: Any,
  repeats: int,
) -> tuple[Run, float]:
  optimizer = build.outer_optimizer(config)
  state = meta.MetaState(params, optimizer.init(params))
  step = build.meta_step(config, model)
  return _iterations(step, build.mesh(config), state, source, repeats)


def _iterations(
  step: Any, mesh: Mesh | None, state: Any, source: Any, repeats: int
) -> tuple[Run, float]:
  """The compiled loop of the entry points, `repeats` steps a dispatch."""
  # Its buffers will be donated, and may be those of what was compared.
  state = jax.tree.map(jnp.copy, state)
  state, source = parallel.replicate(mesh, (state, source))
  compiled = loop.compile_steps(step, jax.random.key(3))
  program = compiled.func.lower(
    *compiled.args, state, source, jnp.int32(0), repeats
  ).compile()

  def advance(state: Any) -> Any:
    return program(*compiled.args, state, source, jnp.int32(0))

  return timing.threaded(advance, state), timing.peak_megabytes(program, mesh)
