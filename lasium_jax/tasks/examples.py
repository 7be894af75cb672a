"""From images of classes to the examples of a task."""

import jax.numpy as jnp

from lasium_jax.types import Array, Augment, Examples, Task


def split_task(
  key: Array, x: Array, shots: int, augment: Augment | None
) -> Task:
  """The first `shots` images of each class are support, the rest query.

  Args:
    key: for `augment`.
    x: `[N, K + Q, H, W, C]`.
    shots: K.
    augment: `(key, x [n, H, W, C]) -> x` for the query images, or None.

  Returns:
    The task, its examples ordered by class.
  """
  query = by_class(x[:, shots:])
  if augment is not None:
    query = query._replace(x=augment(key, query.x))
  return Task(by_class(x[:, :shots]), query)


def by_class(x: Array) -> Examples:
  """`[N, k, H, W, C]` images of N classes as `N * k` labeled examples."""
  ways, count = x.shape[:2]
  labels = jnp.repeat(jnp.arange(ways, dtype=jnp.int32), count)
  return Examples(x.reshape(ways * count, *x.shape[2:]), labels)
