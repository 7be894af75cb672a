"""COLA's steps: counts by hand against XLA's, and both tables of codes."""

from itertools import permutations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from batch_of import batch_of, training_set

from benchmarks import cola
from lasium_jax import embeddings, generators
from lasium_jax.batches import gather
from lasium_jax.nets import TwoHeads, resnet18
from lasium_jax.types import TrainingSet

SHAPE = (12, 12, 3)


@pytest.mark.parametrize('task', cola.TASKS)
def test_clustered_steps(key, task):
  """Of so wide a network that XLA counts little but its layers.

  On images so large that taps on padding, which XLA leaves out, are few.
  """
  shape, n, width, views = (254, 254, 3), 2, 64, 3
  _, trainer = embeddings.clustered(
    TwoHeads(resnet18.Trunk(width), cola.CLUSTERS),
    shape,
    lambda key, x: x,
    clusters=cola.CLUSTERS,
    views=views,
  )
  data = training_set(shape, cola.CLUSTERS)
  state = jax.eval_shape(lambda: trainer.init(key, data))
  update = jax.jit(trainer.updates[cola.TASKS.index(task)])
  step = update.lower(key, state, batch_of(jnp.zeros((n, *shape))))
  counted = step.cost_analysis()['flops']
  by_hand = cola.clustered_count(task, shape, n, width=width, views=views)
  assert 0.97 < counted / by_hand < 1.02


@pytest.mark.parametrize('task', cola.TASKS)
def test_a_clustered_step_runs(task):
  case = cola.clustered_step(task, small=True)
  metrics = [case.run()[1] for _ in range(2)]
  name = {'cluster': 'loss', 'rotate': 'rotation_loss'}[task]
  first, second = (found[name].item() for found in metrics)
  assert np.isfinite([first, second]).all() and first != second
  assert case.items == 8 and case.gflop > 0 and case.peak_mb > 0


def test_both_assign_the_same_targets_as_well_as_can_be():
  """Of equal costs, those of one batch, by permutations."""
  costs = cola.assignment_costs(8)
  best = min(
    costs[range(8), columns].sum() for columns in permutations(range(8))
  )
  for solver in cola.SOLVERS:
    case = cola.assignment(solver, small=True)
    columns = np.asarray(case.run())
    assert sorted(columns) == list(range(8)) and case.items == 8
    np.testing.assert_allclose(costs[range(8), columns].sum(), best, rtol=1e-5)


def test_what_is_assigned_are_distances_to_clusters():
  """Of points on the sphere: costs of a point add up, target by target."""
  costs = cola.assignment_costs(128)
  assert costs.shape == (128, 128) and costs.dtype == np.float32
  assert costs.min() >= 0 and costs.max() <= 4
  kinds = np.unique(costs, axis=1)  # A column for each cluster.
  assert kinds.shape == (128, cola.CLUSTERS)
  cosines = 1 - kinds / 2
  np.testing.assert_allclose((cosines**2).sum(1), 1, rtol=1e-4)


@pytest.mark.parametrize('table', cola.TABLES)
def test_a_step_of_codes_runs(table):
  case = cola.codes_step(table, 500, small=True)
  losses = [case.run()[1]['loss'].item() for _ in range(3)]
  assert losses[2] < losses[0] and case.items == 4
  assert case.gflop > 0 and case.peak_mb > 0


@pytest.fixture
def both():
  """The updates by rows and of the whole table, and their first states."""
  images = np.random.default_rng(0).integers(0, 256, (6, *SHAPE), np.uint8)
  data = TrainingSet(images, jnp.arange(6) % 2)
  _, trainer = generators.cola(SHAPE, clusters=2, latent_size=3, width=4)
  state = trainer.init(jax.random.key(0), data)
  updates = trainer.updates[0], cola.update_of_whole(SHAPE, width=4)
  return data, tuple(map(jax.jit, updates)), (state, cola.whole(state))


def test_tables_are_one_where_a_batch_has_all_images(key, both):
  data, updates, states = both
  batch = gather(data, jnp.array([3, 0, 5, 1, 2, 4]), epoch=0)
  for _ in range(3):
    found = [
      update(key, state, batch)
      for update, state in zip(updates, states, strict=True)
    ]
    states = [state for state, _ in found]
    losses = [metrics['loss'] for _, metrics in found]
    np.testing.assert_allclose(*losses, rtol=1e-5)
  rows, table = states
  weights, codes = table.params
  np.testing.assert_allclose(rows.codes, codes, atol=1e-5)
  ours = jax.tree.leaves(rows.variables['params'])
  for own, other in zip(ours, jax.tree.leaves(weights), strict=True):
    np.testing.assert_allclose(own, other, atol=1e-5)


def test_the_whole_table_goes_on_by_old_gradients(key, both):
  """A code that a batch does not have moves, and by rows it stays."""
  data, updates, states = both
  first, second = (
    gather(data, jnp.array(rows), epoch=0) for rows in ([0, 1], [2, 3])
  )
  for update, state, moves in zip(updates, states, (False, True), strict=True):
    before, _ = update(key, state, first)
    after, _ = update(key, before, second)
    old, new = (
      np.asarray(s.params[1] if moves else s.codes) for s in (before, after)
    )
    moved = (old != new).any(1)
    assert moved.tolist() == [moves, moves, True, True, False, False]
