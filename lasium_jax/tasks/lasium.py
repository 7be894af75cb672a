"""Tasks from a generator's latent space: the paper's Algorithm 1."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from lasium_jax.types import (
  AnchorFn,
  Array,
  Examples,
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
  shots: int,
  queries: int,
  augment: Callable[[Array, Array], Array] | None = None,
) -> TaskFn:
  """Algorithm 1: anchors, in-class latents around them, decoded images.

  Every class has `K + Q` images: its anchor's, then one for each omega. The
  first `K` are support, the last `Q` query. Anchors that were encoded from
  real images are not decoded: the real image is the class's first.

  Args:
    generator: decodes the latents.
    anchors: draws the `N` class centres.
    sampler: moves them within their class.
    shots: K.
    queries: Q.
    augment: `(key, x [n, H, W, C]) -> x`, applied to the query images, such
      as the small shift of the Omniglot experiments.

  Returns:
    A task function of a `GeneratorSource`.
  """

  def task(key: Array, source: GeneratorSource) -> Task:
    anchor_key, sampler_key, augment_key = jax.random.split(key, 3)
    first = anchors(anchor_key, source)
    omegas = jnp.arange(1, shots + queries)
    keys = jax.random.split(sampler_key, len(omegas))
    z = jax.vmap(sampler, in_axes=(0, None, 0))(keys, first.z, omegas)
    if first.x is None:
      z = jnp.concatenate([first.z[None], z])
    x = generator.decode(source.params, z.reshape(-1, z.shape[-1]))
    x = x.reshape(*z.shape[:2], *x.shape[1:])
    if first.x is not None:
      x = jnp.concatenate([first.x[None], x])
    x = x.swapaxes(0, 1)  # [N, K + Q, H, W, C]
    query = by_class(x[:, shots:])
    if augment is not None:
      query = query._replace(x=augment(augment_key, query.x))
    return Task(by_class(x[:, :shots]), query)

  return task


def by_class(x: Array) -> Examples:
  """`[N, k, H, W, C]` images of N classes as `N * k` labelled examples."""
  ways, count = x.shape[:2]
  labels = jnp.repeat(jnp.arange(ways, dtype=jnp.int32), count)
  return Examples(x.reshape(ways * count, *x.shape[2:]), labels)
