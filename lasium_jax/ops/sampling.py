"""Random choices that cost what they return."""

import jax
import jax.numpy as jnp

from lasium_jax.types import Array


def distinct(key: Array, count: Array | int, n: int) -> Array:
  """`n` distinct integers below `count`, in random order.

  Floyd's algorithm, then a shuffle: `count` may be traced, and choosing 5 of
  24,000 does not permute 24,000.

  Args:
    key: a PRNG key.
    count: int scalar, at least `n`; what comes of less is not distinct.
    n: how many.

  Returns:
    `[n]` int32.

  Raises:
    ValueError: if there are fewer, where `count` is known, not traced.
  """
  if isinstance(count, int) and count < n:
    raise ValueError(
      f'{n} different ones are asked for, and there are {count}: give more '
      'images, or ask for fewer ways.'
    )
  draw_key, order_key = jax.random.split(key)
  keys = jax.random.split(draw_key, n)

  def body(i: Array, chosen: Array) -> Array:
    last = count - n + i
    pick = jax.random.randint(keys[i], (), 0, last + 1)
    taken = (chosen == pick).any()
    return chosen.at[i].set(jnp.where(taken, last, pick))

  chosen = jax.lax.fori_loop(0, n, body, jnp.full(n, -1, jnp.int32))
  return jax.random.permutation(order_key, chosen)
