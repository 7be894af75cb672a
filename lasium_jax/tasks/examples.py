"""From images of classes to the examples of a task."""

import jax
import jax.numpy as jnp

from lasium_jax.types import Array, Augment, Examples, Task


def split_task(
  key: Array,
  x: Array,
  shots: int,
  augment: Augment | None,
  *,
  augment_support: bool = False,
) -> Task:
  """The first `shots` images of each class are support, the rest query.

  Args:
    key: for `augment`.
    x: `[N, K + Q, H, W, C]`.
    shots: K.
    augment: `(key, x [n, H, W, C]) -> x` for the query images, or None.
    augment_support: whether it is for the support images too.

  Returns:
    The task, its examples ordered by class.
  """
  support, query = by_class(x[:, :shots]), by_class(x[:, shots:])
  if augment is None:
    return Task(support, query)
  if augment_support:
    key, support_key = jax.random.split(key)
    support = support._replace(x=augment(support_key, support.x))
  return Task(support, query._replace(x=augment(key, query.x)))


def by_class(x: Array) -> Examples:
  """`[N, k, H, W, C]` images of N classes as `N * k` labeled examples."""
  ways, count = x.shape[:2]
  labels = jnp.repeat(jnp.arange(ways, dtype=jnp.int32), count)
  return Examples(x.reshape(ways * count, *x.shape[2:]), labels)
