"""What is measured: each case is built as the entry points compile it."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.sharding import Mesh

from benchmarks import flops, programs
from benchmarks.programs import Setup
from benchmarks.timing import Run
from experiments.components.data import image_shape
from experiments.components.few_shot import as_judged
from experiments.run.config import Settings
from experiments.run.run import vectorizes
from lasium_jax.batches import gather
from lasium_jax.data import image_set
from lasium_jax.tasks import labeled
from lasium_jax.types import (
  Array,
  Batch,
  GeneratorSource,
  Metrics,
  Trainer,
  TrainingSet,
  UpdateFn,
)

Check = Callable[[UpdateFn, Any, Batch], Run]

# The network of the released code, and that of the paper's text
# (configs/lasium/omniglot.py).
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


def maml_step(
  variant: str, meta_batch: int, *, small: bool, reference: bool
) -> Case:
  """A second-order meta-iteration; tasks are real images, picked by index."""
  name = f'supervised-maml{VARIANTS[variant]}'
  subject = programs.setup(name, small=small, **{'meta.batch': meta_batch})
  settings, parts, run = subject
  assert parts.meta
  # The loop's body is the same; a dispatch should end within seconds.
  repeats = settings['meta']['steps_per_dispatch'] if meta_batch <= 4 else 2
  source, learner = image_set(run.splits.train), parts.meta.learner({})
  params = programs.learner_params(learner, run)
  torch_run = None
  if reference:
    from benchmarks import compare

    torch_run = compare.maml_step(
      settings, learner, parts.meta.task_fn({}), params, source
    )
  measured, peak = programs.meta_iterations(subject, params, source, repeats)
  gflop = maml_count(settings) / 1e9
  return Case(measured, repeats, gflop, meta_batch, 'tasks', peak, torch_run)


def lasium_iteration(name: str, *, small: bool) -> Case:
  """A meta-iteration on tasks from a generator: make, decode, update."""
  subject = programs.setup(f'ro-{name}-maml', small=small)
  settings, parts, run = subject
  assert parts.meta
  params = programs.learner_params(parts.meta.learner({}), run)
  repeats = settings['meta']['steps_per_dispatch']
  measured, peak = programs.meta_iterations(
    subject, params, synthetic(subject), repeats
  )
  gflop = (task_count(settings) + maml_count(settings)) / 1e9
  size = settings['meta']['batch']
  return Case(measured, repeats, gflop, size, 'tasks', peak)


def make_tasks(name: str, *, small: bool) -> Case:
  """The tasks of such an iteration alone, a meta-batch at a time."""
  subject = programs.setup(f'ro-{name}-maml', small=small)
  settings, parts, _ = subject
  assert parts.meta
  task_fn, size = parts.meta.task_fn({}), settings['meta']['batch']

  def step(key: Array, state: Any, source: Any) -> tuple[Any, Metrics]:
    tasks = jax.vmap(task_fn, in_axes=(0, None))(
      jax.random.split(key, size), source
    )
    # Something of every image is used, or it would not be made.
    ink = tasks.support.x.mean() + tasks.query.x.mean()
    return state + 1, {'ink': ink}

  repeats = settings['meta']['steps_per_dispatch']
  measured, peak = programs.iterations(
    step, None, jnp.int32(0), synthetic(subject), repeats
  )
  gflop = task_count(settings) / 1e9
  return Case(measured, repeats, gflop, size, 'tasks', peak)


def generator_step(name: str, *, small: bool, reference: bool) -> Case:
  """A training step of a generator on one batch, gathered from its images."""
  settings, parts, run = programs.setup(f'ro-{name}-maml', small=small)
  assert parts.generating
  trainer = parts.generating.trainer
  data = TrainingSet(jnp.asarray(run.splits.train.images))
  size = settings['generator_training']['batch_size']
  check = None
  if reference:
    from benchmarks import compare

    checks = {'vae': compare.vae_step, 'msgan': compare.msgan_step}
    check = functools.partial(checks[name], settings)
  net = generator_layers(settings)
  count = (
    flops.vae_step(net, size)
    if isinstance(net, flops.Vae)
    else flops.msgan_step(net, size)
  )
  return training_step(trainer, data, size, count, check, mesh=run.image_mesh)


def training_step(
  trainer: Trainer,
  data: TrainingSet,
  size: int,
  count: int,
  check: Check | None,
  *,
  mesh: Mesh | None = None,
) -> Case:
  """A trainer's update on the first rows of its images.

  Args:
    trainer: whose first update is measured.
    data: what it trains on.
    size: of the batch.
    count: of operations.
    check: compares the update with PyTorch's, and returns that to time.
    mesh: the devices that share the batch; one by default.

  Returns:
    The case.
  """
  update, state = trainer.updates[0], trainer.init(jax.random.key(1), data)
  batch = gather(data, jnp.arange(size), 0)
  torch_run = check(update, state, batch) if check else None
  measured, peak = programs.training_step(update, mesh, state, data, size)
  return Case(measured, 1, count / 1e9, size, 'images', peak, torch_run)


def evaluation(variant: str, *, small: bool, reference: bool) -> Case:
  """Adapting to a labeled task and predicting its queries."""
  subject = programs.setup(f'supervised-maml{VARIANTS[variant]}', small=small)
  settings, parts, run = subject
  assert parts.meta
  evaluated, shots = settings['evaluation'], 1
  ways, queries = evaluated['ways'], evaluated['queries']
  task_fn = labeled(ways=ways, shots=shots, queries=queries)
  source, learner = image_set(run.splits.test), parts.meta.judged({})
  params = programs.learner_params(learner, run)
  torch_run = None
  if reference:
    from benchmarks import compare

    torch_run = compare.evaluation(settings, learner, task_fn, params, source)
  # Tasks of a dispatch. On a CPU they are the body of a loop: a few will do.
  repeats = evaluated['tasks_per_dispatch'] if vectorizes() else 4
  measured, peak = programs.evaluation(
    subject, task_fn, params, source, repeats
  )
  count = flops.evaluation(
    layers(settings),
    support=ways * shots,
    query=ways * queries,
    steps=as_judged(settings)['steps'],
  )
  return Case(measured, repeats, count / 1e9, 1, 'tasks', peak, torch_run)


def layers(settings: Settings) -> flops.Layers:
  """Operations of the learner's network, layer by layer."""
  network = settings['network']
  return flops.conv4(
    image_shape(settings),
    settings['tasks']['ways'],
    filters=network['filters'],
    last_filters=network['last_filters'],
    downsample=network['downsample'],
    head=network['head'],
  )


def maml_count(settings: Settings) -> int:
  """Operations of a meta-iteration on given tasks."""
  tasks = settings['tasks']
  return flops.maml_step(
    layers(settings),
    tasks=settings['meta']['batch'],
    support=tasks['ways'] * tasks['shots'],
    query=tasks['ways'] * tasks['queries'],
    steps=settings['learner']['steps'],
  )


def generator_layers(settings: Settings) -> flops.Vae | flops.Gan:
  """Operations of the generator's networks, layer by layer."""
  generator, shape = settings['generator'], image_shape(settings)
  latent_size, filters = generator['latent_size'], generator['filters']
  if generator['name'] == 'vae':
    return flops.vae(shape, latent_size=latent_size, filters=filters)
  return flops.msgan(shape, latent_size=latent_size, filters=filters)


def task_count(settings: Settings) -> int:
  """Operations of making a meta-batch of tasks."""
  net, tasks = generator_layers(settings), settings['tasks']
  size = {
    'tasks': settings['meta']['batch'],
    'ways': tasks['ways'],
    'images': tasks['shots'] + tasks['queries'],
  }
  if isinstance(net, flops.Vae):
    return flops.vae_tasks(net, **size)
  return flops.msgan_tasks(net, **size)


def synthetic(subject: Setup) -> GeneratorSource:
  """A generator that has learned nothing: the work is the same."""
  generating = subject.parts.generating
  assert generating
  trainer = generating.trainer
  data = TrainingSet(jnp.asarray(subject.run.splits.train.images))
  params = trainer.params(trainer.init(jax.random.key(1), data))
  return GeneratorSource(params, jnp.asarray(data.images))
