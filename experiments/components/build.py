"""Configs into functions: the only place that knows names of algorithms."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax.sharding import Mesh
from jax.typing import ArrayLike

from experiments.components import checks
from experiments.components.checks import BadConfig, Config, pick
from experiments.run import members
from lasium_jax import latents, learners, meta, parallel, tasks
from lasium_jax.generators import msgan, vae
from lasium_jax.nets import conv4
from lasium_jax.ops.augment import random_shifts, random_views
from lasium_jax.types import (
  AnchorFn,
  Array,
  Generator,
  LatentSampler,
  Learner,
  Metrics,
  Params,
  TaskFn,
  Trainer,
)

Shape = tuple[int, int, int]


def check(config: Config) -> None:
  """Raises `BadConfig` for settings that cannot work, before data are read."""
  checks.check_settings(config)
  for member in members.members(config):
    checks.check_settings(members.configured(config, member.values))
  members.over_members(config)
  side, channels = config.data.size, config.data.channels
  try:
    # Names and combinations are checked where they are turned to functions.
    if checks.needs_generator(config):
      model, _ = generator(config, (side, side, channels))
      training_tasks(config, model)
    learner(config, evaluation=True)
    over_tasks(config)
    mesh(config), generator_mesh(config)
  except ValueError as error:
    raise BadConfig(f'This config cannot work: {error}') from error
  embed = network(config, None)
  features = jax.eval_shape(
    lambda key, x: embed.apply(embed.init(key, x), x)[0],
    jax.random.key(0),
    jax.ShapeDtypeStruct((1, side, side, channels), 'float32'),
  )
  if not features.size:
    raise BadConfig(
      f'config.network leaves nothing of {side}x{side} images: make '
      'config.data.size larger, or config.network.padding SAME.'
    )


def generator(config: Config, shape: Shape) -> tuple[Generator, Trainer]:
  """The generative model and what trains it."""
  settings = config.generator
  make: dict[str, Callable[[], tuple[Generator, Trainer]]] = {
    'vae': lambda: vae(
      shape,
      latent_size=settings.latent_size,
      filters=settings.filters,
      halvings=settings.halvings,
      kl_weighting=settings.kl_weighting,
      learning_rate=settings.rate,
    ),
    'msgan': lambda: msgan(
      shape,
      latent_size=settings.latent_size,
      filters=settings.filters[0],
      mode_seeking=settings.mode_seeking,
      learning_rate=settings.rate,
    ),
  }
  return pick(make, 'generator.name', settings.name)()


def anchors(config: Config, model: Generator) -> AnchorFn:
  options = {
    'prior': latents.prior_anchors,
    'encoded': latents.encoded_anchors,
  }
  make = pick(options, 'generator.anchors', config.generator.anchors)
  return make(
    model,
    config.tasks.ways,
    config.generator.epsilon,
    max_draws=config.latents.max_draws,
  )


def sampler(config: Config, model: Generator) -> LatentSampler:
  settings = config.latents
  options: dict[str, Callable[[], LatentSampler]] = {
    'n': lambda: latents.noise(settings.sigma, sigma_max=settings.sigma_max),
    'ro': lambda: latents.random_out_of_class(model, settings.alpha),
    'oc': lambda: latents.other_classes(
      settings.alpha, self_noise=settings.self_noise
    ),
  }
  return pick(options, 'latents.sampler', settings.sampler)()


def training_tasks(config: Config, model: Generator | None) -> TaskFn:
  """The tasks of meta-training; `model` is None if they need no generator."""
  settings = config.tasks
  shape = {
    'shots': settings.shots,
    'queries': settings.queries,
    'augment': _augment(config),
  }
  if model is not None:
    return tasks.lasium(
      model, anchors(config, model), sampler(config, model), **shape
    )
  options: dict[str, Callable[..., TaskFn]] = {
    'umtra': tasks.umtra,
    'labeled': tasks.labeled,
  }
  make = pick(options, 'tasks.source', settings.source)
  return make(ways=settings.ways, **shape)


def _augment(config: Config) -> Callable[[Array, Array], Array] | None:
  low, high = config.tasks.shift
  if config.tasks.views:
    return random_views
  if (low, high) == (0, 0):
    return None
  return functools.partial(random_shifts, low=low, high=high)


def evaluation_tasks(config: Config, shots: int) -> TaskFn:
  """Tasks of real classes, for validation and for the test."""
  return tasks.labeled(
    ways=config.evaluation.ways,
    shots=shots,
    queries=config.evaluation.queries,
  )


def learner(config: Config, *, evaluation: bool = False) -> Learner:
  """The learner, as it trains or as it is evaluated."""
  settings = config.learner
  inner = config.evaluation if evaluation else settings
  ways = config.evaluation.ways if evaluation else config.tasks.ways
  options: dict[str, Callable[[], Learner]] = {
    'maml': lambda: learners.maml(
      network(config, ways),
      steps=inner.inner_steps,
      learning_rate=inner.inner_rate,
      first_order=settings.first_order,
      checkpoint=settings.checkpoint,
      inductive=settings.inductive,
    ),
    'protonets': lambda: learners.protonets(
      network(config, None),
      ways=ways,
      distance=settings.distance,
      inductive=settings.inductive,
    ),
  }
  return pick(options, 'learner.name', settings.name)()


def scratch(config: Config) -> Learner:
  return learners.scratch(
    network(config, config.evaluation.ways),
    steps=config.evaluation.scratch_steps,
    learning_rate=config.evaluation.scratch_rate,
    inductive=config.learner.inductive,
  )


def nearest(config: Config) -> Learner:
  return learners.nearest_neighbors(ways=config.evaluation.ways)


def network(config: Config, outputs: int | None) -> Any:
  return conv4(outputs, **config.network)


def outer_optimizer(config: Config) -> optax.GradientTransformation:
  adam = optax.adam(config.meta.rate)
  if not config.meta.clip:
    return adam
  return optax.chain(optax.clip(config.meta.clip), adam)


def meta_step(
  config: Config, model: Generator | None
) -> Callable[[Array, meta.MetaState, Any], tuple[meta.MetaState, Metrics]]:
  """A meta-iteration of one member of the run."""
  return meta.meta_step(
    learner(config),
    training_tasks(config, model),
    outer_optimizer(config),
    meta_batch=config.meta.batch,
    over_tasks=over_tasks(config),
    over_devices=parallel.mean_over_devices(mesh(config)),
  )


def judge(
  config: Config, task_fn: TaskFn, make_learner: Callable[[Config], Learner]
) -> Callable[[Array, dict[str, Array], Params, Any, ArrayLike], Array]:
  """All members' accuracies on numbered tasks, compiled.

  Args:
    config: of the run.
    task_fn: makes the tasks.
    make_learner: of a member's config.

  Returns:
    `(key, values, params, source, indices [n]) -> accuracies [members, n]`,
    where values and params have a leading axis of members.
  """
  over, devices = members.over_members(config), mesh(config)
  at_once = config.evaluation.tasks_per_dispatch if _vectorizes() else None

  def accuracies(
    key: Array,
    values: dict[str, Array],
    params: Params,
    source: Any,
    indices: Array,
  ) -> Array:
    def of_member(member: tuple[dict[str, Array], Params]) -> Array:
      values, params = member
      learner = make_learner(members.configured(config, values))
      judged = meta.evaluate(learner, task_fn, batch_size=at_once)

      def share(indices: Array, shared: tuple[Array, Params, Any]) -> Array:
        return judged(*shared, indices)

      return parallel.map_over_devices(
        devices, share, jnp.asarray(indices), (key, params, source)
      )

    return over(of_member, (values, params))

  return jax.jit(accuracies)


def mesh(config: Config) -> Mesh | None:
  """The devices that share tasks; None for one alone."""
  return parallel.mesh(config.devices or _shares(config))


def generator_mesh(config: Config) -> Mesh | None:
  """The devices that share images. One uses all cores for large batches."""
  return parallel.mesh(config.devices or 1)


def _shares(config: Config) -> int:
  """How many cores have tasks of their own: more than sharing each task."""
  if jax.default_backend() != 'cpu' or jax.process_count() > 1:
    return 1
  batch = config.meta.batch
  counts = range(1, min(jax.device_count(), batch) + 1)
  return max(n for n in counts if batch % n == 0)


def _vectorizes() -> bool:
  """Whether this backend is the faster for doing many tasks at once."""
  return jax.default_backend() != 'cpu'


def over_tasks(config: Config) -> meta.OverTasks:
  options: dict[str, meta.OverTasks] = {
    'accumulate': meta.accumulate,
    'vectorize': meta.vectorize,
  }
  options['auto'] = options['vectorize' if _vectorizes() else 'accumulate']
  return pick(options, 'meta.over_tasks', config.meta.over_tasks)


def normalization(config: Config, name: str) -> str:
  """Of what is evaluated by a name: pixels are not normalized at all."""
  inductive = config.learner.inductive or name == 'nearest'
  return 'inductive' if inductive else 'transductive'
