"""How large a class should be: many settings of sampling, side by side."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.run.precision import jit
from lasium_jax.nets import conv4
from lasium_jax.types import Array, TaskFn

SIGMAS = (0.1, 0.25, 0.5, 1.0)
ALPHAS = (0.1, 0.2, 0.4, 0.6)
SHARES = (0.25, 0.5, 0.75, 1.0)
IMAGES = 5  # A class has so many: its anchor, and those around it.
TASKS = 40  # Separation and spread are computed from so many.


class Setting(NamedTuple):
  """A latent sampler and its knob: sigma of N, alpha of the others."""

  sampler: str
  value: float

  @property
  def field(self) -> str:
    return 'sigma' if self.sampler == 'n' else 'alpha'


class Explored(NamedTuple):
  """What a setting makes.

  Attributes:
    setting: the sampler and its knob.
    images: `[ways, IMAGES, H, W, C]`, the anchor first.
    separation: share of pairs in which two images of one class are closer
      than two of different classes; 1 where classes do not overlap, 0.5 where
      there are none.
    spread: distance within classes over that between them.
  """

  setting: Setting
  images: np.ndarray
  separation: float
  spread: float


SETTINGS = (
  *(Setting('n', sigma) for sigma in SIGMAS),
  *(Setting('ro', alpha) for alpha in ALPHAS),
  *(Setting('oc', alpha) for alpha in ALPHAS),
)
# For anchors that know their clusters.
OF_CLUSTERS = tuple(Setting('ic', alpha) for alpha in SHARES)


def explore(
  key: Array,
  task_fn_of: Callable[[str, dict[str, Any]], TaskFn],
  source: Any,
  settings: Sequence[Setting] = SETTINGS,
) -> list[Explored]:
  """Makes classes of the same anchors under every setting.

  Args:
    key: of the anchors.
    task_fn_of: `(sampler, settings) -> task_fn` with `IMAGES` support images.
    source: what it makes tasks of.
    settings: those of a sampler follow each other.

  Returns:
    What each of the settings makes.
  """

  def look(
    sampler: str, knob: dict[str, Array], key: Array, source: Any
  ) -> tuple[Array, Array]:
    task_fn = task_fn_of(sampler, knob)
    return task_fn(key, source).support.x, distances(key, task_fn, source)

  # A sampler's settings are an argument, to compile once for all of them.
  compiled = jit(look, static_argnums=0)
  explored = []
  for setting in settings:
    knob = {setting.field: jnp.float32(setting.value)}
    images, between = compiled(setting.sampler, knob, key, source)
    rows = np.asarray(images).reshape(-1, IMAGES, *images.shape[1:])
    explored.append(Explored(setting, rows, *separation(np.asarray(between))))
  return explored


def distances(key: Array, task_fn: TaskFn, source: Any) -> Array:
  """Distances between support images, `[TASKS, N * IMAGES, N * IMAGES]`.

  They are taken in the feature space of an untrained Conv4, normalized by each
  task's images. That measure of likeness has seen no labels, and is the same
  for any generator.

  Args:
    key: of the tasks.
    task_fn: with `IMAGES` support images a class.
    source: what it makes tasks of.
  """
  network = conv4(None)

  def of_task(key: Array) -> Array:
    x = task_fn(key, source).support.x
    features, _ = network.apply(network.init(jax.random.key(0), x), x)
    return jnp.square(features[:, None] - features[None]).sum(-1) ** 0.5

  return jax.lax.map(of_task, jax.random.split(key, TASKS))


def separation(distances: np.ndarray) -> tuple[float, float]:
  """How far in-class pairs are from out-of-class pairs.

  Args:
    distances: as the function of that name has them.

  Returns:
    Separation and spread, as in `Explored`.

  Raises:
    ValueError: if a distance is not finite.
  """
  if not np.isfinite(distances).all():
    raise ValueError(
      'Some images are not finite: config.anchors.max_draws do not suffice for '
      'config.anchors.epsilon, or the generator diverged.'
    )
  classes = np.arange(distances.shape[1]) // IMAGES
  rows, columns = np.triu_indices(len(classes), k=1)
  alike = classes[rows] == classes[columns]
  pairs = distances[:, rows, columns]
  within, between = pairs[:, alike], np.sort(pairs[:, ~alike].ravel())
  # The share of out-of-class pairs that are further apart than an in-class pair
  # follows from that pair's rank; its mean is the area under the ROC curve.
  closer = 1 - np.searchsorted(between, within.ravel()) / between.size
  return float(closer.mean()), float(within.mean() / between.mean())


def choose(explored: list[Explored], keep: float) -> Explored:
  """The widest classes that are still nearly as far apart as any.

  Classes must be wide, because from copies of an anchor there is nothing to
  learn, and apart, because nor is there from classes that overlap. How far
  apart classes can be at all depends on the generator, so the best of
  `explored` is the measure.

  Args:
    explored: settings, at least one.
    keep: in [0, 1], the share of the best's separation above chance (0.5) that
      the choice must have.

  Returns:
    One of `explored`.
  """
  best = max(entry.separation for entry in explored)
  least = best - (1 - keep) * max(best - 0.5, 0)
  separate = [entry for entry in explored if entry.separation >= least]
  return max(separate, key=lambda entry: entry.spread)
