"""Assignments of least cost, beside SciPy's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from lasium_jax.ops.assignment import assign

compiled = jax.jit(assign)
N = 24


def drawn(seed):
  return np.random.default_rng(seed).normal(size=(N, N))


def to_corners(seed):
  """Squared distances of points to three corners, each one of many columns."""
  points = np.random.default_rng(seed).normal(size=(N, 3))
  corners = np.eye(3)[np.random.default_rng(seed + 1).integers(3, size=N)]
  return np.square(points[:, None] - corners).sum(-1)


# Of the last two every assignment, or many, cost least.
COSTS = {
  'drawn': drawn(0),
  'shifted': drawn(1) + 100,
  'products': np.outer(np.arange(N), np.arange(N)),
  'corners': to_corners(2),
  'whole numbers': np.random.default_rng(4).integers(3, size=(N, N)),
  'equal': np.full((N, N), 2.5),
}


def check(costs, columns):
  """Each column once, at the cost that SciPy finds."""
  assert sorted(columns) == list(range(len(costs)))
  least = costs[linear_sum_assignment(costs)].sum()
  found = costs[np.arange(len(costs)), columns].sum()
  np.testing.assert_allclose(found, least, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize('name', COSTS)
def test_costs_are_scipys(name):
  costs = COSTS[name]
  columns = compiled(jnp.float32(costs))
  assert columns.dtype == jnp.int32
  check(costs, np.asarray(columns))


def test_of_one_and_of_many_at_once():
  assert assign(jnp.ones((1, 1))).tolist() == [0]
  stacked = np.stack([drawn(5), drawn(6)])
  for costs, columns in zip(
    stacked, jax.vmap(compiled)(jnp.float32(stacked)), strict=True
  ):
    check(costs, np.asarray(columns))


@pytest.mark.parametrize('bad', [np.nan, np.inf])
@pytest.mark.parametrize(
  'where', [np.s_[3], np.s_[:, 5], np.s_[2, 7], np.s_[:]]
)
def test_costs_that_are_not_finite_come_to_an_end(bad, where):
  """As in training that went wrong, which is to be noticed, not to hang."""
  costs = drawn(7)
  costs[where] = bad
  columns = compiled(jnp.float32(costs))
  assert sorted(columns.tolist()) == list(range(N))


@pytest.mark.parametrize('shape', [(3, 4), (4, 3), (4,)])
def test_each_row_needs_a_column(shape):
  with pytest.raises(ValueError, match='a column of its own'):
    assign(jnp.zeros(shape))
