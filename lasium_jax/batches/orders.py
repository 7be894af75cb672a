"""Orders of the rows of a training set, an epoch at a time."""

import jax
import jax.numpy as jnp

from lasium_jax.ops.labels import is_hard
from lasium_jax.settings import Count
from lasium_jax.types import Array, EpochFn, TrainingSet


def shuffled(batch_size: Count) -> EpochFn:
  """All rows once an epoch, in an order of its own.

  What is left over where rows do not divide into batches has no part in that
  epoch; another order leaves out others.

  Args:
    batch_size: b; all rows, where there are fewer.

  Returns:
    `(key, data) -> [n // b, b]` rows.

  Example:
    >>> data = lx.TrainingSet(jnp.zeros((7, 8, 8, 1), jnp.uint8))
    >>> rows = lx.batches.shuffled(3)(jax.random.key(0), data)
    >>> rows.shape, len(set(rows.ravel().tolist()))
    ((2, 3), 6)
  """

  def epoch(key: Array, data: TrainingSet) -> Array:
    n = len(data.images)
    size = min(batch_size, n)
    steps = n // size
    return jax.random.permutation(key, n)[: steps * size].reshape(steps, size)

  return epoch


def repeated(batch_size: Count) -> EpochFn:
  """All rows, each as often as a batch needs to be full.

  Where rows fill a batch, this is `shuffled`. Where they are fewer, an epoch is
  one batch: all rows in an order of its own, again and again, so that none is
  there twice more often than another. What cannot have a row twice in a batch,
  because it keeps something of each, takes `shuffled`.

  Args:
    batch_size: b, also where there are fewer rows.

  Returns:
    `(key, data) -> [steps, b]` rows.

  Example:
    >>> data = lx.TrainingSet(jnp.zeros((3, 8, 8, 1), jnp.uint8))
    >>> rows = lx.batches.repeated(7)(jax.random.key(0), data)
    >>> rows.shape, sorted(jnp.bincount(rows[0]).tolist())
    ((1, 7), [2, 2, 3])
  """
  all_once = shuffled(batch_size)

  def epoch(key: Array, data: TrainingSet) -> Array:
    n = len(data.images)
    if n >= batch_size:
      return all_once(key, data)
    keys = jax.random.split(key, -(-batch_size // n))
    rows = jax.vmap(lambda own: jax.random.permutation(own, n))(keys)
    return rows.reshape(-1)[:batch_size][None]

  return epoch


def sets_of_a_class(batch_size: Count, *, set_size: Count) -> EpochFn:
  """Batches of sets, each of images of one class; sets are drawn each epoch.

  All rows stand in a circle, class by class, in an order of its own within
  each. A set begins at every s-th place, from a random one on, and goes round
  within its class. So its images are different ones if the class has s or more
  and repeat as evenly as can be if it has fewer; a class has sets in proportion
  to its images; and most rows are there once an epoch.

  Args:
    batch_size: b, a multiple of `set_size`; as many whole sets as there are,
      where there are fewer.
    set_size: s.

  Returns:
    `(key, data) -> [n // s // (b // s), b]` rows, of which s after each other
    are a set. It raises ValueError where the data have no hard labels.

  Raises:
    ValueError: if batches are not of whole sets.

  Example:
    >>> images = jnp.zeros((12, 8, 8, 1), jnp.uint8)
    >>> data = lx.TrainingSet(images, jnp.arange(12) // 6)
    >>> order = lx.batches.sets_of_a_class(6, set_size=3)
    >>> rows = order(jax.random.key(0), data)
    >>> (data.y[rows].reshape(2, 2, 3).std(-1) == 0).all().tolist()
    True
  """
  if batch_size % set_size:
    raise ValueError(
      f'A batch of {batch_size} is not of whole sets: it must be a multiple of '
      f'the size of a set, {set_size}.'
    )

  def epoch(key: Array, data: TrainingSet) -> Array:
    if data.y is None or not is_hard(data.y):
      raise ValueError(
        'Sets of one class need a label for each image, and these have '
        f'{"none" if data.y is None else "soft ones"}.'
      )
    row_key, start_key, set_key = jax.random.split(key, 3)
    n = len(data.images)
    count = max(1, n // set_size)
    size = min(batch_size // set_size, count)
    rows, y = jax.random.permutation(row_key, n), jnp.asarray(data.y)
    rows = rows[jnp.argsort(y[rows])]
    classes = y[rows]
    starts = jax.random.randint(start_key, (), 0, n)
    starts = (starts + set_size * jnp.arange(count)) % n
    starts = jax.random.permutation(set_key, starts)
    first, end = (
      jnp.searchsorted(classes, classes[starts], side=side)[:, None]
      for side in ('left', 'right')
    )
    onward = starts[:, None] + jnp.arange(set_size)[None]
    sets = rows[first + (onward - first) % (end - first)]
    used = count // size * size
    return sets[:used].reshape(-1, size * set_size)

  return epoch
