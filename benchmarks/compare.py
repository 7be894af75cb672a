"""Our program and PyTorch's on the same numbers, before either is timed.

Each function compares results, and returns the run of PyTorch to time.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch

from benchmarks import torch_nets as nets
from benchmarks import torch_reference as reference
from benchmarks.timing import Run
from experiments.components.few_shot import as_judged
from experiments.run.config import Settings
from lasium_jax import meta
from lasium_jax.ops import xla_convolutions
from lasium_jax.types import (
  Array,
  Batch,
  Learner,
  Params,
  Task,
  TaskFn,
  UpdateFn,
)

# How far apart norms may be: TOLERANCE is for the generators, in float32, and
# EXACT for the learner, in float64. Through a learner's inner steps float32
# itself is off by per cents, where rounding moves a unit across the kink of its
# ReLU.
TOLERANCE, EXACT = 2e-3, 1e-6
# A parameter whose gradient is zero but for rounding, such as a bias before
# a normalization, is compared by the norm of the whole times this.
FLOOR = 1e-2


class Mismatch(Exception):
  """The two do not compute the same; their times would mean nothing."""


def device() -> str:
  """Where PyTorch computes: where JAX does, if it can."""
  on_gpu = jax.default_backend() == 'gpu' and torch.cuda.is_available()
  return 'cuda' if on_gpu else 'cpu'


def configure(threads: int, precision: str) -> None:
  """Gives PyTorch the cores and the precision that JAX has."""
  torch.set_float32_matmul_precision(
    'highest' if precision == 'float32' else 'high'
  )
  torch.backends.cudnn.allow_tf32 = precision != 'float32'
  if device() == 'cpu':
    torch.set_num_threads(threads)


def agree(
  name: str, ours: Any, theirs: Any, tolerance: float = TOLERANCE
) -> None:
  """Raises `Mismatch` unless two arrays, or dicts of them, are close."""
  if not isinstance(ours, dict):
    ours, theirs = {'': ours}, {'': theirs}
  if set(ours) != set(theirs):
    raise Mismatch(f'{name}: {sorted(ours)} against {sorted(theirs)}.')
  a, b = ({k: _array(v) for k, v in tree.items()} for tree in (ours, theirs))
  whole = np.sqrt(sum(float((v**2).sum()) for v in b.values()))
  for key, value in b.items():
    size = np.linalg.norm(value) + FLOOR * whole
    error = np.linalg.norm(a[key] - value) / max(size, 1e-30)
    if not error <= tolerance:
      raise Mismatch(
        f'{name}: {key or "the result"} differs by {error:.2g} of its norm '
        f'between JAX and PyTorch, and {tolerance:g} is allowed.'
      )


def _array(value: Any) -> np.ndarray:
  if isinstance(value, torch.Tensor):
    value = value.detach().cpu()
  return np.asarray(value, np.float64)


def task_in_torch(task: Task, where: str) -> reference.Task:
  """One task as PyTorch's tensors on a device."""
  labels = [
    torch.tensor(np.asarray(y), dtype=torch.long, device=where)
    for y in (task.support.y, task.query.y)
  ]
  return reference.Task(
    nets.images(task.support.x, where),
    labels[0],
    nets.images(task.query.x, where),
    labels[1],
  )


def maml_step(
  settings: Settings,
  learner: Learner,
  task_fn: TaskFn,
  params: Params,
  source: Any,
) -> Run:
  """Compares loss and gradient on two tasks, in float64."""
  where, size = device(), settings['meta']['batch']
  keys = jax.random.split(jax.random.key(4), size)
  tasks = jax.jit(jax.vmap(task_fn, in_axes=(0, None)))(keys, source)
  given = [
    task_in_torch(jax.tree.map(lambda leaf, i=i: leaf[i], tasks), where)
    for i in range(size)
  ]
  forward = _conv4(settings)
  inner = _inner(settings['learner'])
  few = jax.tree.map(lambda leaf: leaf[:2], tasks)
  _compare_gradients(learner, params, few, forward, inner)
  weights = nets.trainable(nets.convert(params, where))
  optimizer = reference.adam(weights, settings['meta']['learning_rate'])
  return functools.partial(
    reference.maml_step, forward, weights, given, optimizer, **inner
  )


def _compare_gradients(
  learner: Learner,
  params: Params,
  tasks: Task,
  forward: reference.Forward,
  inner: dict[str, Any],
) -> None:
  with jax.enable_x64(True):
    params, tasks = doubled((params, tasks))
    loss, gradient = _loss_and_gradient(learner, params, tasks)
    weights = nets.trainable(nets.convert(params))
    given = [
      task_in_torch(jax.tree.map(lambda leaf, i=i: leaf[i], tasks), 'cpu')
      for i in range(len(tasks.query.y))
    ]
  theirs = reference.maml_gradient(forward, weights, given, **inner)
  agree('MAML loss', loss, theirs, EXACT)
  agree('MAML gradient', nets.convert(gradient), slopes(weights), EXACT)


def doubled(tree: Any) -> Any:
  """Every float in float64; only where `jax.enable_x64` is on."""
  return jax.tree.map(
    lambda leaf: (
      jnp.asarray(np.asarray(leaf), jnp.float64)
      if leaf.dtype == jnp.float32
      else leaf
    ),
    tree,
  )


def _loss_and_gradient(
  learner: Learner, params: Params, tasks: Task
) -> tuple[Array, Params]:
  """Means over tasks, by the loop over tasks that the meta-step has."""
  key = jax.random.key(0)  # Adapting draws nothing.

  @jax.jit
  def run(params: Params, tasks: Task) -> Any:
    def one(task: Task) -> Any:
      (loss, _), gradient = jax.value_and_grad(
        lambda p: meta.task_loss(learner, key, p, task), has_aux=True
      )(params)
      return loss, gradient

    return meta.accumulate(one, tasks)

  loss, gradient = run(params, tasks)
  return loss, gradient


def evaluation(
  settings: Settings,
  learner: Learner,
  task_fn: TaskFn,
  params: Params,
  source: Any,
) -> Run:
  """Compares the probabilities of one task's queries, in float64."""

  @jax.jit
  def ours(params: Params, task: Task) -> Array:
    adapted = learner.adapt(jax.random.key(0), params, task.support)
    return learner.predict(adapted, task.query.x)

  inner = _inner(as_judged(settings))
  forward = _conv4(settings)
  task = jax.jit(task_fn)(jax.random.key(5), source)
  with jax.enable_x64(True):
    exact, given = doubled((params, task))
    logits = np.asarray(jax.nn.softmax(ours(exact, given)))
    weights = nets.trainable(nets.convert(exact))
    theirs = task_in_torch(given, 'cpu')
  predictions = reference.predict(forward, weights, theirs, **inner)
  agree('Predictions', logits, torch.softmax(predictions, dim=1), EXACT)
  weights = nets.trainable(nets.convert(params, device()))
  run = functools.partial(
    reference.predict, forward, weights, task_in_torch(task, device()), **inner
  )
  return lambda: run().cpu()


def _inner(learner: Settings) -> dict[str, Any]:
  """A learner's section as arguments of the reference."""
  return {'steps': learner['steps'], 'rate': learner['learning_rate']}


def _conv4(settings: Settings) -> reference.Forward:
  network = settings['network']
  return functools.partial(
    nets.conv4, downsample=network['downsample'], head=network['head']
  )


def vae_step(
  settings: Settings, update: UpdateFn, state: Any, batch: Batch
) -> Run:
  """Compares losses and all gradients of the first step."""
  where, key = device(), jax.random.key(6)
  updated, metrics = xla_convolutions.jit(update)(key, state, batch)
  section = settings['generator']
  shape = (len(batch.x), section['latent_size'])
  noise = torch.tensor(np.asarray(jax.random.normal(key, shape)), device=where)
  weights = nets.trainable(nets.convert(state.variables['params'], where))
  averages = nets.convert(state.variables['batch_stats'], where)
  run = functools.partial(
    reference.vae_step,
    weights,
    averages,
    reference.adam(weights, section['learning_rate']),
    nets.images(batch.x, where),
    noise,
  )
  agree('VAE loss', {'loss': metrics['loss']}, run())
  agree('VAE gradient', _first_gradient(updated.opt_state), slopes(weights))
  return run


def msgan_step(
  settings: Settings, update: UpdateFn, state: Any, batch: Batch
) -> Run:
  """Compares losses and all gradients of the first step."""
  where, key = device(), jax.random.key(7)
  updated, metrics = xla_convolutions.jit(update)(key, state, batch)
  section = settings['generator']
  draws = _gan_draws(key, len(batch.x), section['latent_size'])
  generator, discriminator = (
    nets.trainable(nets.convert(tree, where))
    for tree in (state.params['params'], state.discriminator['params'])
  )
  rate = section['learning_rate']
  run = functools.partial(
    reference.msgan_step,
    generator,
    discriminator,
    (reference.adam(generator, rate), reference.adam(discriminator, rate)),
    nets.images(batch.x, where),
    reference.GanDraws(
      *(torch.tensor(np.asarray(x), device=where) for x in draws)
    ),
  )
  theirs = run()
  agree('MSGAN losses', {name: metrics[name] for name in theirs}, theirs)
  for name, opt_state, weights in (
    ('generator', updated.generator_opt, generator),
    ('discriminator', updated.discriminator_opt, discriminator),
  ):
    agree(f'MSGAN {name} gradient', _first_gradient(opt_state), slopes(weights))
  return run


def _gan_draws(key: Array, n: int, latent_size: int) -> tuple[Array, Array]:
  """What `lasium_jax.generators.msgan` draws from a step's key.

  Its `label_noise` is 'one_sided': only targets of real images are drawn.
  """
  latent_key, discriminator_key = jax.random.split(key)
  real_key, _ = jax.random.split(discriminator_key)
  return (
    jax.random.normal(latent_key, (2 * n, latent_size)),
    jax.random.uniform(real_key, (n,), minval=0.95, maxval=1.0),
  )


def _first_gradient(opt_state: Any) -> nets.Params:
  """Adam's first moment after its first step is a tenth of the gradient."""
  moments = opt_state[0].mu
  moments = moments.get('params', moments)
  return nets.convert(jax.tree.map(lambda m: 10 * jnp.asarray(m), moments))


def slopes(weights: nets.Params) -> dict[str, Any]:
  """PyTorch's gradients, by the names of its parameters."""
  return {name: value.grad for name, value in weights.items()}
