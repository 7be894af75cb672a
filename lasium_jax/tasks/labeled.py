"""Tasks from labeled images: for evaluation, and supervised meta-training."""

import jax

from lasium_jax.settings import Count, Ways
from lasium_jax.tasks.examples import some_of_each, split_task
from lasium_jax.types import Array, Augment, ImageSet, Task, TaskFn


def labeled(
  *,
  ways: Ways,
  shots: Count,
  queries: Count,
  augment: Augment | None = None,
) -> TaskFn:
  """Distinct classes, and distinct images of each, uniformly at random.

  Args:
    ways: N, at most the number of classes.
    shots: K.
    queries: Q; every class must have `K + Q` images. The images of a class
      that has fewer are NaN, so that they cannot be used unnoticed.
    augment: `(key, x [n, H, W, C]) -> x`, applied to the query images.

  Returns:
    A task function of an `ImageSet`.

  Example:
    >>> images = jnp.zeros((12, 8, 8, 1), jnp.uint8)  # Of three classes.
    >>> source = lx.ImageSet(images, jnp.array([0, 4, 8]), jnp.array([4, 4, 4]))
    >>> task_fn = lx.tasks.labeled(ways=2, shots=1, queries=3)
    >>> task = jax.jit(task_fn)(jax.random.key(0), source)
    >>> task.query.x.shape, task.query.y.tolist()
    ((6, 8, 8, 1), [0, 0, 0, 1, 1, 1])
  """

  def task(key: Array, source: ImageSet) -> Task:
    class_key, image_key, augment_key = jax.random.split(key, 3)
    num_classes = len(source.counts)
    classes = jax.random.choice(class_key, num_classes, (ways,), replace=False)
    x = some_of_each(image_key, source, classes, shots + queries)
    return split_task(augment_key, x, shots, augment)

  return task
