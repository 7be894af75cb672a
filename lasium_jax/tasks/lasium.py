"""Tasks from a generator's latent space: the paper's Algorithm 1."""

import jax
import jax.numpy as jnp

from lasium_jax.settings import Count
from lasium_jax.tasks.examples import split_task
from lasium_jax.types import (
  AnchorFn,
  Array,
  Augment,
  Generator,
  GeneratorSource,
  LatentSampler,
  Task,
  TaskFn,
)


def lasium(
  generator: Generator,
  anchors: AnchorFn,
  sampler: LatentSampler,
  *,
  shots: Count,
  queries: Count,
  augment: Augment | None = None,
) -> TaskFn:
  """Algorithm 1: anchors, in-class latents around them, decoded images.

  Every class has `K + Q` images: its anchor's, then one for each omega. The
  first `K` are support, the last `Q` query. Anchors that were encoded from
  real images are not decoded: the real image is the class's first.

  Args:
    generator: decodes the latents.
    anchors: draws the `N` class centers.
    sampler: moves them within their class.
    shots: K.
    queries: Q.
    augment: `(key, x [n, H, W, C]) -> x`, applied to the query images, such
      as the small shift of the Omniglot experiments.

  Returns:
    A task function of a `GeneratorSource`.

  Example:
    >>> generator = lx.Generator(
    ...   decode=lambda params, z: z[:, :, None, None],
    ...   sample=lambda key, params, n: jax.random.normal(key, (n, 8)),
    ... )
    >>> anchors = lx.latents.prior_anchors(generator, ways=5)
    >>> sampler = lx.latents.noise(sigma=0.5)
    >>> task_fn = lx.tasks.lasium(
    ...   generator, anchors, sampler, shots=1, queries=3
    ... )
    >>> task = jax.jit(task_fn)(jax.random.key(0), lx.GeneratorSource((), None))
    >>> task.support.x.shape, task.query.x.shape
    ((5, 8, 1, 1), (15, 8, 1, 1))
  """

  def task(key: Array, source: GeneratorSource) -> Task:
    anchor_key, sampler_key, augment_key = jax.random.split(key, 3)
    first = anchors(anchor_key, source)
    omegas = jnp.arange(1, shots + queries)
    keys = jax.random.split(sampler_key, len(omegas))
    z = jax.vmap(sampler, in_axes=(0, None, None, 0))(
      keys, source, first, omegas
    )
    if first.x is None:
      z = jnp.concatenate([first.z[None], z])
    x = generator.decode(source.params, z.reshape(-1, z.shape[-1]))
    x = x.reshape(*z.shape[:2], *x.shape[1:])
    if first.x is not None:
      x = jnp.concatenate([first.x[None], x])
    x = x.swapaxes(0, 1)  # [N, K + Q, H, W, C]
    return split_task(augment_key, x, shots, augment)

  return task
