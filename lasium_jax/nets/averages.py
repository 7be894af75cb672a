"""Running averages of normalization, right from the first step."""

import jax
import jax.numpy as jnp

from lasium_jax.types import Array, Params

MOMENTUM = 0.99


def debiased(averages: Params, steps: Array) -> Params:
  """Running averages without what is left of their initial values.

  They begin at mean 0 and variance 1, of which `MOMENTUM ** steps` is left
  after some steps: 5 % after 300. Adam divides its moments likewise.

  Args:
    averages: the collection `batch_stats` of `lasium_jax.nets.norm.BatchNorm`.
    steps: int scalar, how many batches went into them.

  Returns:
    The weighted averages of those batches alone; after none, the initial
    values.
  """
  left = jnp.where(steps > 0, MOMENTUM ** steps.astype(jnp.float32), 0.0)

  def correct(path: tuple[jax.tree_util.DictKey, ...], average: Array) -> Array:
    initial = 1.0 if path[-1].key == 'var' else 0.0
    return (average - left * initial) / (1 - left)

  return jax.tree_util.tree_map_with_path(correct, averages)
