"""From images of classes to the examples of a task."""

import jax
import jax.numpy as jnp

from lasium_jax.ops.images import as_floats
from lasium_jax.ops.sampling import distinct
from lasium_jax.types import Array, Augment, Examples, ImageSet, Task


def some_of_each(
  key: Array,
  source: ImageSet,
  classes: Array,
  n: int,
  *,
  rows: Array | None = None,
) -> Array:
  """Different images of each of some classes, uniformly at random.

  Args:
    key: a PRNG key.
    source: of the images.
    classes: `[N]` which of its classes.
    n: how many of each.
    rows: `[m]` int32, where in the images each place of the source is; None if
      the images are sorted by class themselves.

  Returns:
    `[N, n, H, W, C]` in [0, 1]. The images of a class that has fewer than n are
    NaN, so that they cannot be used unnoticed.
  """
  counts = source.counts[classes]
  picks = jax.vmap(distinct, in_axes=(0, 0, None))(
    jax.random.split(key, len(classes)), counts, n
  )
  places = source.starts[classes][:, None] + picks
  x = as_floats(source.images[places if rows is None else rows[places]])
  return jnp.where((counts >= n).reshape(-1, 1, 1, 1, 1), x, jnp.nan)


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
