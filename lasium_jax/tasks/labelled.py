"""Tasks from labelled images: for evaluation, and supervised meta-training."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from lasium_jax.latents import as_floats
from lasium_jax.tasks.lasium import by_class
from lasium_jax.types import Array, ImageSet, Task, TaskFn


def labelled(
  *,
  ways: int,
  shots: int,
  queries: int,
  augment: Callable[[Array, Array], Array] | None = None,
) -> TaskFn:
  """Distinct classes, and distinct images of each, uniformly at random.

  Args:
    ways: N, at most the number of classes.
    shots: K.
    queries: Q; every class must have `K + Q` images.
    augment: `(key, x [n, H, W, C]) -> x`, applied to the query images.

  Returns:
    A task function of an `ImageSet`.
  """

  def task(key: Array, source: ImageSet) -> Task:
    class_key, image_key, augment_key = jax.random.split(key, 3)
    num_classes = len(source.counts)
    classes = jax.random.choice(class_key, num_classes, (ways,), replace=False)
    picks = jax.vmap(_distinct, in_axes=(0, 0, None))(
      jax.random.split(image_key, ways), source.counts[classes], shots + queries
    )
    indices = source.starts[classes][:, None] + picks
    x = as_floats(source.images[indices])
    query = by_class(x[:, shots:])
    if augment is not None:
      query = query._replace(x=augment(augment_key, query.x))
    return Task(by_class(x[:, :shots]), query)

  return task


def _distinct(key: Array, count: Array, n: int) -> Array:
  """`n` distinct integers below `count`, in random order.

  Floyd's algorithm, so that `count` may be traced; then a shuffle.
  """
  draw_key, order_key = jax.random.split(key)
  keys = jax.random.split(draw_key, n)

  def body(i: Array, chosen: Array) -> Array:
    last = count - n + i
    pick = jax.random.randint(keys[i], (), 0, last + 1)
    taken = (chosen == pick).any()
    return chosen.at[i].set(jnp.where(taken, last, pick))

  chosen = jax.lax.fori_loop(0, n, body, jnp.full(n, -1, jnp.int32))
  return jax.random.permutation(order_key, chosen)
