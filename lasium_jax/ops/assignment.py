"""The assignment of rows to columns, one to one, that costs least."""

import jax.numpy as jnp
import optax

from lasium_jax.types import Array

# A batch of 128 takes 3 to 11 ms by optax, and 0.4 ms by SciPy on the host
# (`benchmarks/speed.py --only=cola/assign`, on two busy CPU cores). Beside a
# step of a network either is little, and only optax's needs no way out of the
# program.


def assign(costs: Array) -> Array:
  """The column of each row, by the Hungarian algorithm.

  Of several assignments that cost least it is any, always the same one.

  Args:
    costs: `[n, n]`, finite; else the columns are a permutation, but no best
      one.

  Returns:
    `[n]` int32, a permutation: the sum of `costs[i, columns[i]]` is least.

  Raises:
    ValueError: if there are not as many rows as columns.
  """
  if costs.ndim != 2 or costs.shape[0] != costs.shape[1]:
    raise ValueError(
      f'Costs are {list(costs.shape)}; they must be [n, n], so that each row '
      'has a column of its own.'
    )
  # They are pairs, ordered by columns.
  rows, columns = optax.assignment.hungarian_algorithm(costs)
  return jnp.zeros(len(costs), jnp.int32).at[rows].set(columns)
