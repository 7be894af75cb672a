"""Tasks of augmented images: UMTRA (Khodadadeh et al., NeurIPS 2019)."""

import jax
import jax.numpy as jnp

from lasium_jax.ops.images import as_floats
from lasium_jax.ops.sampling import distinct
from lasium_jax.settings import Count, Ways
from lasium_jax.tasks.examples import split_task
from lasium_jax.types import Array, Augment, ImageSet, Task, TaskFn


def umtra(
  *,
  ways: Ways,
  shots: Count,
  queries: Count,
  augment: Augment,
  augment_support: bool = False,
) -> TaskFn:
  """Each of N random images is a class; its augmentations are the queries.

  Among many classes, N images are rarely of one. No labels are read. Where
  K > 1 the support has the image K times over; the paper has K = 1.

  Args:
    ways: N, at most the number of images.
    shots: K.
    queries: Q.
    augment: `(key, x [n, H, W, C]) -> x`, applied to the query images, such as
      `lasium_jax.ops.augment.random_views`. All the learner learns is what it
      leaves the same.
    augment_support: whether the K support images are other views of theirs too,
      so that tasks of a hundred images tell each from all others (instance
      discrimination). UMTRA leaves them as they are.

  Returns:
    A task function of an `ImageSet`.

  Example:
    >>> images = jnp.zeros((12, 8, 8, 1), jnp.uint8)
    >>> source = lx.ImageSet(images, jnp.array([0]), jnp.array([12]))
    >>> mirror = lambda key, x: x[:, :, ::-1]
    >>> task_fn = lx.tasks.umtra(ways=2, shots=1, queries=3, augment=mirror)
    >>> jax.jit(task_fn)(jax.random.key(0), source).query.y.tolist()
    [0, 0, 0, 1, 1, 1]
  """

  def task(key: Array, source: ImageSet) -> Task:
    image_key, augment_key = jax.random.split(key)
    picks = distinct(image_key, len(source.images), ways)
    x = as_floats(source.images[picks])
    x = jnp.repeat(x[:, None], shots + queries, axis=1)
    return split_task(
      augment_key, x, shots, augment, augment_support=augment_support
    )

  return task
