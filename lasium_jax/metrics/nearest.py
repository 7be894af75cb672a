"""The most similar of some images, so that what is copied from them shows."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from lasium_jax.ops.images import as_floats
from lasium_jax.types import Array

_BLOCK = 1_024  # Images that are compared at once.


class Nearest(NamedTuple):
  """The nearest of other images.

  Attributes:
    distance: `[n]`, the root of the mean squared difference of a pixel, in the
      units of bytes, 0..255. Of a copy it is 0.
    row: `[n]` int32, which one it is.
  """

  distance: Array
  row: Array


def nearest(x: Array, others: Array) -> Nearest:
  """The nearest image to each.

  All are compared by matrix products, whose rounding would hide a copy; the
  distance to the one that was found is then computed from differences.

  Args:
    x: `[n, H, W, C]`, bytes or in [0, 1].
    others: `[m, H, W, C]`, likewise; m of 1 or more.

  Returns:
    Which it is, and how far.

  Example:
    >>> x = jnp.array([10, 200], jnp.uint8).reshape(2, 1, 1, 1)
    >>> found = lx.metrics.nearest(x, x[:1] + jnp.uint8(4))
    >>> [f'{distance:.1f}' for distance in found.distance], found.row.tolist()
    (['4.0', '186.0'], [0, 0])
  """
  others = jnp.asarray(others)
  flat = as_floats(x).reshape(len(x), -1)
  blocks = -(-len(others) // _BLOCK)
  size = -(-len(others) // blocks)
  # The last block is filled with the last image, of which the first counts.
  places = jnp.arange(blocks * size, dtype=jnp.int32)
  rows = jnp.minimum(places, len(others) - 1)

  def compare(
    best: tuple[Array, Array], rows: Array
  ) -> tuple[tuple[Array, Array], None]:
    block = as_floats(others[rows]).reshape(len(rows), -1)
    # The squared distance, less what all of one image have in common.
    products = jnp.matmul(flat, block.T, precision='highest')
    scores = jnp.square(block).sum(1)[None] - 2 * products
    place = scores.argmin(1)
    score = jnp.take_along_axis(scores, place[:, None], 1)[:, 0]
    better = score < best[0]
    return (
      jnp.where(better, score, best[0]),
      jnp.where(better, rows[place], best[1]),
    ), None

  start = jnp.full(len(x), jnp.inf), jnp.zeros(len(x), jnp.int32)
  (_, row), _ = jax.lax.scan(compare, start, rows.reshape(blocks, size))
  differences = flat - as_floats(others[row]).reshape(len(x), -1)
  return Nearest(255 * jnp.sqrt(jnp.square(differences).mean(1)), row)
