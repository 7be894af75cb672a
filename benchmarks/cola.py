"""COLA's steps I and II, the second by rows of its table or by all of it.

And the assignment of a batch's targets in step I, by optax and by SciPy.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np
import optax
from scipy.optimize import linear_sum_assignment

from benchmarks import autoencoders, classifier_flops, flops, programs, timing
from benchmarks.cases import Case, training_step
from benchmarks.classifiers import photos
from benchmarks.flops import Shape
from experiments.run.precision import jit
from lasium_jax import embeddings, generators, settings
from lasium_jax.embeddings.clustered import draw_targets
from lasium_jax.generators.codes import State
from lasium_jax.generators.similarity import measure_of
from lasium_jax.models.build import GENERATORS
from lasium_jax.nets import TwoHeads, infogan, resnet18
from lasium_jax.ops.assignment import assign
from lasium_jax.ops.augment import random_views
from lasium_jax.ops.sphere import on_sphere
from lasium_jax.types import Array, Batch, Metrics, Params

CLUSTERS, TURNS = 10, 4
TASKS = ('cluster', 'rotate')  # Whose epochs alternate in step I.
TABLES = ('rows', 'table')  # What a step of step II moves.
SOLVERS = ('optax', 'scipy')  # What assigns targets in step I.


def clustered_step(task: str, *, small: bool) -> Case:
  """A step of step I: targets change places, or turned images are told apart.

  The assignment on the device and the views are part of the first.
  """
  shape, size = ((16, 16, 3), 8) if small else ((32, 32, 3), 128)
  width, views = (2, 2) if small else (64, 3)
  # The labels of `photos` are not read.
  data = photos(shape, max(size, CLUSTERS))
  _, trainer = embeddings.clustered(
    TwoHeads(resnet18.Trunk(width), CLUSTERS),
    shape,
    random_views,
    clusters=CLUSTERS,
    views=views,
  )
  update = trainer.updates[TASKS.index(task)]
  count = clustered_count(task, shape, size, width=width, views=views)
  return training_step(
    trainer._replace(updates=(update,)), data, size, count, None
  )


def clustered_count(
  task: str, shape: Shape, n: int, *, width: int, views: int
) -> int:
  """One update. Images are assigned by their points, then views are learned.

  The views, the distances and the assignment are no layers, and not counted.
  """
  if task == 'rotate':
    layers = classifier_flops.resnet18(shape, TURNS, width=width)
    return flops.train(layers, TURNS * n)
  layers = classifier_flops.resnet18(shape, CLUSTERS, width=width)
  return flops.forward(layers, n) + flops.train(layers, views * n)


def assignment(solver: str, *, small: bool) -> Case:
  """The targets of a batch of step I are assigned to its images.

  Args:
    solver: 'optax' does so on the device, as step I does; 'scipy' on the host,
      where costs are already, so that the way there is not measured.
    small: whether it is only tried.

  Returns:
    The case; both have the same costs.
  """
  costs = assignment_costs(8 if small else 128)
  items = len(costs), 'images'
  if solver == 'scipy':
    return Case(lambda: linear_sum_assignment(costs)[1], 1, None, *items, 0.0)
  program = jit(assign).lower(costs).compile()
  peak = timing.peak_megabytes(program)
  return Case(lambda: program(costs), 1, None, *items, peak)


def assignment_costs(n: int) -> np.ndarray:
  """`[n, n]`, squared distances of random points to targets of clusters."""
  points_key, targets_key = jax.random.split(jax.random.key(0))
  points = on_sphere(jax.random.normal(points_key, (n, CLUSTERS)))
  targets = draw_targets(targets_key, n, clusters=CLUSTERS, sigma=0.0)
  return np.asarray(2 - 2 * points @ targets.T)


def codes_step(table: str, images: int, *, small: bool) -> Case:
  """A step of step II, of sCOLA's generator and codes.

  Args:
    table: 'rows' moves the codes of the batch, as `lasium_jax.generators.cola`
      does; 'table' all of them, with one Adam that knows nothing of rows.
    images: that there are codes of.
    small: whether it is only tried.

  Returns:
    The case; both tables have the same operations of networks.
  """
  shape, size = ((12, 12, 3), 4) if small else ((32, 32, 3), 128)
  latent_size, width = (3, 4) if small else (64, 64)
  data = photos(shape, 20 if small else images)
  _, trainer = generators.cola(
    shape, clusters=CLUSTERS, latent_size=latent_size, width=width
  )
  layers = autoencoders.generator(
    shape, latent_size=CLUSTERS + latent_size, width=width
  )
  count = autoencoders.glo_count(layers, size)
  if table == 'rows':
    return training_step(trainer, data, size, count, None)
  state = whole(trainer.init(jax.random.key(1), data))
  update = update_of_whole(shape, width=width)
  measured, peak = programs.training_step(update, None, state, data, size)
  return Case(measured, 1, count / 1e9, size, 'images', peak)


class Whole(NamedTuple):
  """Training under way, with the table as a parameter like others.

  Attributes:
    params: `(weights, codes)`, the network's and `[n, D]`.
    opt_state: one Adam's, of both.
  """

  params: tuple[Params, Array]
  opt_state: optax.OptState


# That of `lasium_jax.generators.codes`.
_adam = optax.scale_by_adam(b1=0.5, b2=0.999)


def whole(state: State) -> Whole:
  """The same beginning as that of COLA's own trainer."""
  params = state.variables['params'], state.codes
  return Whole(params, _adam.init(params))


def update_of_whole(
  shape: Shape, *, width: int
) -> Callable[[Array, Whole, Batch], tuple[Whole, Metrics]]:
  """An update of the network, and of each code whether it is met or not.

  It is COLA's first one where a batch has all images.

  Args:
    shape: `(H, W, C)` of the images.
    width: of the network.

  Returns:
    The update, by the rates of the first epochs.
  """
  own = settings.defaults(GENERATORS['cola'])
  rates = own['learning_rate'], own['codes_learning_rate']
  net = infogan.Generator(shape, width, normalize=False, slope=0.2)
  measure = measure_of(
    own['loss'], gamma=own['gamma'], levels=own['levels'], weights=None
  )

  def loss_fn(params: tuple[Params, Array], batch: Batch) -> Array:
    weights, codes = params
    logits: Any = net.apply({'params': weights}, codes[batch.rows])
    return measure.distance({}, jax.nn.sigmoid(logits), batch.x).mean()

  def update(key: Array, state: Whole, batch: Batch) -> tuple[Whole, Metrics]:
    del key
    loss, gradients = jax.value_and_grad(loss_fn)(state.params, batch)
    steps, opt_state = _adam.update(gradients, state.opt_state)
    scaled = tuple(
      jax.tree.map(lambda step, rate=rate: -rate * step, tree)
      for rate, tree in zip(rates, steps, strict=True)
    )
    params = optax.apply_updates(state.params, scaled)
    return Whole(params, opt_state), {'loss': loss}

  return update


# What makes each case, and its arguments but for `small`.
CASES: dict[str, tuple[Any, ...]] = {
  **{f'cola/{task}': (clustered_step, task) for task in TASKS},
  **{f'cola/assign/{solver}': (assignment, solver) for solver in SOLVERS},
  **{
    f'cola/{table}/{n}': (codes_step, table, n)
    for table in TABLES
    for n in (500, 50_000)
  },
}
