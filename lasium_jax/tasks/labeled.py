"""Tasks from labeled images: for evaluation, and supervised meta-training."""

import jax
import jax.numpy as jnp

from lasium_jax.ops.turns import quarter_turns
from lasium_jax.settings import Count, Ways
from lasium_jax.tasks.examples import some_of_each, split_task
from lasium_jax.types import Array, Augment, ImageSet, Task, TaskFn


def labeled(
  *,
  ways: Ways,
  shots: Count,
  queries: Count,
  augment: Augment | None = None,
  augment_support: bool = False,
  turned: bool = False,
  within_groups: bool = False,
) -> TaskFn:
  """Distinct classes, and distinct images of each, uniformly at random.

  Characters of one alphabet are harder to tell apart than those of many: Lake
  et al. (Science 2015) have 20-way 1-shot tasks of one alphabet each.

  Args:
    ways: N, at most the number of classes.
    shots: K.
    queries: Q; every class must have `K + Q` images. The images of a class
      that has fewer are NaN, so that they cannot be used unnoticed.
    augment: `(key, x [n, H, W, C]) -> x`, applied to the query images.
    augment_support: whether the support images are augmented too.
    turned: whether all images of a drawn class are turned by the same random
      number of quarter turns, as by `lasium_jax.tasks.clustered`.
    within_groups: whether all classes of a task are of one group, which is
      drawn uniformly among those that have N classes or more. If none has, the
      images are NaN.

  Returns:
    A task function of an `ImageSet`, which raises ValueError if the set has no
    groups and they are needed.

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
    if within_groups:
      classes, there = _of_one_group(class_key, _groups(source), ways)
    else:
      num_classes = len(source.counts)
      classes = jax.random.choice(
        class_key, num_classes, (ways,), replace=False
      )
    x = some_of_each(image_key, source, classes, shots + queries)
    if within_groups:
      x = jnp.where(there, x, jnp.nan)
    if turned:
      turns = jax.random.randint(jax.random.fold_in(key, 3), (ways,), 0, 4)
      x = quarter_turns(turns, x)
    return split_task(
      augment_key, x, shots, augment, augment_support=augment_support
    )

  return task


def _groups(source: ImageSet) -> Array:
  if source.groups is None:
    raise ValueError(
      'Tasks within groups need an image set that has groups of classes, and '
      'this one has none: give it `groups`, name its classes so that '
      'lasium_jax.data.class_groups knows them, or set within_groups=False.'
    )
  return source.groups


def _of_one_group(key: Array, groups: Array, ways: int) -> tuple[Array, Array]:
  """Distinct classes `[N]` of a random group, and whether there is any such."""
  group_key, class_key = jax.random.split(key)
  enough = jnp.bincount(groups, length=len(groups)) >= ways
  group = jax.random.categorical(group_key, jnp.where(enough, 0.0, -jnp.inf))
  order = jax.random.uniform(class_key, groups.shape)
  _, classes = jax.lax.top_k(jnp.where(groups == group, order, -1.0), ways)
  return classes, enough.any()
