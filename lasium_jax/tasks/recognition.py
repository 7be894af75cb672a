"""Tasks whose queries are made: are they still of their class?"""

from typing import NamedTuple

import jax

from lasium_jax.settings import Count, Ways
from lasium_jax.tasks.examples import by_class, some_of_each
from lasium_jax.types import Array, ImageSet, Task, TaskFn


class RealAndMade(NamedTuple):
  """Real images, and made ones of the same classes in the same order."""

  real: ImageSet
  made: ImageSet


def recognition(
  *, ways: Ways = 20, shots: Count = 1, queries: Count = 1
) -> TaskFn:
  """Supports of real images, and made images to be told by them.

  The accuracy of a learner on such tasks (`lasium_jax.meta.evaluate`) is the
  recognizability of the made images (Boutin et al. 2022, section 3.2, with
  ProtoNets, 20 ways and 1 shot). Real images as `made` give what real ones
  reach.

  Args:
    ways: N, at most the number of classes.
    shots: K, real images of each; a class that has fewer has NaN, so that it
      cannot be used unnoticed.
    queries: Q, made images of each, likewise.

  Returns:
    A task function of `RealAndMade`, which raises ValueError if real and made
    images are of different numbers of classes.

  Example:
    >>> images = jnp.zeros((6, 8, 8, 1), jnp.uint8)  # Of three classes.
    >>> real = lx.ImageSet(images, jnp.array([0, 2, 4]), jnp.array([2, 2, 2]))
    >>> source = lx.tasks.RealAndMade(real, made=real)
    >>> task_fn = lx.tasks.recognition(ways=3, queries=2)
    >>> task = jax.jit(task_fn)(jax.random.key(0), source)
    >>> task.support.y.tolist(), task.query.y.tolist()
    ([0, 1, 2], [0, 0, 1, 1, 2, 2])
  """

  def task(key: Array, source: RealAndMade) -> Task:
    class_key, real_key, made_key = jax.random.split(key, 3)
    num_classes, made = len(source.real.counts), len(source.made.counts)
    if num_classes != made:
      raise ValueError(
        f'Real images are of {num_classes} classes, and made ones of {made}: '
        'give made images of the same classes, in the same order.'
      )
    classes = jax.random.choice(class_key, num_classes, (ways,), replace=False)
    return Task(
      by_class(some_of_each(real_key, source.real, classes, shots)),
      by_class(some_of_each(made_key, source.made, classes, queries)),
    )

  return task
