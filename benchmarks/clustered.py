"""Clustered instance learning: views, neighbors, clusters and iterations."""

import tracemalloc

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks import programs, timing
from benchmarks.cases import Case
from experiments.components.tasks import augment_of
from experiments.run.config import Settings
from experiments.run.precision import jit
from lasium_jax import clustering
from lasium_jax.tasks import cluster_set
from lasium_jax.types import Array, Metrics

RUN = 'clustered-protonets'
GROUP = 20  # Images of a group, as Omniglot has drawings of a character.


def views(*, small: bool) -> Case:
  """The affine views of one task of clusters."""
  settings = _settings(small=small)
  tasks = settings['cluster_tasks']
  n = tasks['ways'] * (tasks['shots'] + tasks['queries'])
  augment = augment_of(settings, 'augment')
  assert augment is not None
  side = settings['data']['size']

  def step(key: Array, state: Array, x: Array) -> tuple[Array, Metrics]:
    return state + 1, {'views': augment(key, x)}

  x = jax.random.uniform(jax.random.key(0), (n, side, side, 1))
  run, peak = programs.iterations(step, None, jnp.int32(0), x, 1)
  return Case(run, 1, None, n, 'images', peak)


def iteration(*, small: bool) -> Case:
  """An outer step on a task of clusters, its views included."""
  subject = programs.setup(RUN, small=small, **_fields(small=small))
  settings, parts, run = subject
  assert parts.meta and parts.clustering
  learning = parts.clustering
  own = parts._replace(
    meta=parts.meta._replace(
      task_fn=lambda values: learning.task_fn, learner=learning.learner
    )
  )
  train = run.splits.train
  source = cluster_set(
    jnp.asarray(train.images), jnp.asarray(train.labels), least=6
  )
  params = programs.learner_params(learning.learner({}), run)
  repeats = settings['rounds']['steps_per_dispatch']
  measured, peak = programs.meta_iterations(
    subject._replace(parts=own), params, source, repeats
  )
  return Case(measured, repeats, None, 1, 'tasks', peak)


def neighbors(images: int, *, small: bool) -> Case:
  """The exact neighbors of all images."""
  x = jnp.asarray(groups(200 if small else images))
  k = _settings(small=small)['clustering']['neighbors']
  find = jit(lambda x: clustering.nearest_neighbors(x, k))
  program = find.lower(x).compile()
  gflop = 2 * len(x) ** 2 * x.shape[1] / 1e9
  peak = timing.peak_megabytes(program)
  return Case(lambda: program(x), 1, gflop, len(x), 'images', peak)


def clusters(images: int, *, small: bool) -> Case:
  """The similarity of all images' neighborhoods, and clusters by it."""
  x = groups(200 if small else images)
  own = _settings(small=small)['clustering']
  found = clustering.nearest_neighbors(jnp.asarray(x), own['neighbors'])

  def run() -> np.ndarray:
    similarity = clustering.reciprocal_similarity(
      x, found, expansion=own['expansion']
    )
    names = ('links', 'least', 'most', 'thresholds')
    return clustering.density_clusters(
      similarity, **{name: own[name] for name in names}
    ).labels

  # Both are NumPy's, which tells Python of its memory.
  tracemalloc.start()
  run()
  peak = tracemalloc.get_traced_memory()[1] / 1e6
  tracemalloc.stop()
  return Case(run, 1, None, len(x), 'images', peak)


def groups(n: int, dimensions: int = 64) -> np.ndarray:
  """`[n, dimensions]` features of groups that overlap a little."""
  generator = np.random.default_rng(0)
  centers = generator.normal(size=(-(-n // GROUP), dimensions))
  x = np.repeat(centers, GROUP, axis=0)[:n]
  x = x + 0.5 * generator.normal(size=x.shape)
  return x.astype(np.float32)


def _settings(*, small: bool) -> Settings:
  fields = _fields(small=small)
  return programs.setup(RUN, small=small, **fields).settings


def _fields(*, small: bool) -> dict[str, int]:
  return {'cluster_tasks.ways': 4, 'tasks.ways': 4} if small else {}
