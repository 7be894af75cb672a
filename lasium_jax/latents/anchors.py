"""Anchors: the class centers of a synthetic task (Algorithm 1, line 3)."""

from collections.abc import Callable
from typing import Literal

import chex
import jax
import jax.numpy as jnp

from lasium_jax.ops.images import as_floats
from lasium_jax.ops.sampling import distinct
from lasium_jax.settings import Count, NonNegative
from lasium_jax.types import (
  AnchorFn,
  Anchors,
  Array,
  Generator,
  GeneratorSource,
  Params,
)


def squared_distances(z: Array) -> Array:
  """Squared distances of all pairs among `z [N, D]`: `[N * (N - 1) / 2]`."""
  chex.assert_rank(z, 2)
  rows, columns = jnp.triu_indices(len(z), k=1)
  return jnp.sum((z[rows] - z[columns]) ** 2, axis=-1)


def prior_anchors(
  generator: Generator,
  ways: int,
  *,
  epsilon: NonNegative = 0.0,
  max_draws: Count = 10_000,
) -> AnchorFn:
  """Anchors from the prior, drawn until no two are close (Figure 1a).

  Args:
    generator: whose `sample` is the prior.
    ways: N.
    epsilon: every pairwise squared distance must exceed it. The paper's
      ablation has 246.09 where 256 is expected (D = 128).
    max_draws: after so many rejected draws the anchors are NaN and
      `num_draws` is 0; `count_rejections` raises then.

  Returns:
    An anchor function.

  Raises:
    ValueError: if the generator has no prior.

  Example:
    >>> generator = lx.Generator(
    ...   decode=lambda params, z: z[:, :, None, None],
    ...   sample=lambda key, params, n: jax.random.normal(key, (n, 8)),
    ... )
    >>> anchor_fn = lx.latents.prior_anchors(generator, ways=5, epsilon=2.0)
    >>> source = lx.GeneratorSource(params=(), images=None)
    >>> jax.jit(anchor_fn)(jax.random.key(0), source).z.shape
    (5, 8)
  """
  sample = generator.sample
  if sample is None:
    raise ValueError(
      'This generator has no prior; use encoded_anchors, or one that has.'
    )

  def anchors(key: Array, source: GeneratorSource) -> Anchors:
    z, _, num_draws = _reject(
      key,
      lambda key: (sample(key, source.params, ways), jnp.zeros(0, jnp.int32)),
      epsilon,
      max_draws,
    )
    return Anchors(z, num_draws)

  return anchors


def cluster_anchors(
  generator: Generator,
  ways: int,
  clusters: int,
  *,
  epsilon: NonNegative = 0.0,
  max_draws: Count = 10_000,
) -> AnchorFn:
  """Anchors from the priors of different clusters, one from each.

  No paper has these: they are for generators that know clusters, such as COLA
  (Winter and Weinshall 2020), whose clusters are apart by construction.

  Args:
    generator: whose `sample_class` is the prior of a cluster.
    ways: N.
    clusters: how many there are; each is as likely as any other.
    epsilon: every pairwise squared distance must exceed it.
    max_draws: as in `prior_anchors`; clusters are drawn anew, too.

  Returns:
    An anchor function; its `Anchors.y` are the clusters.

  Raises:
    ValueError: if the generator has no priors of clusters, or there are fewer
      clusters than ways.

  Example:
    >>> generator = lx.Generator(
    ...   decode=lambda params, z: z[:, :, None, None],
    ...   sample_class=lambda key, params, y: params[y],
    ... )
    >>> anchor_fn = lx.latents.cluster_anchors(generator, ways=3, clusters=3)
    >>> source = lx.GeneratorSource(params=jnp.eye(3), images=None)
    >>> anchors = jax.jit(anchor_fn)(jax.random.key(0), source)
    >>> sorted(anchors.y.tolist())
    [0, 1, 2]
    >>> (anchors.z.argmax(1) == anchors.y).all().item()
    True
  """
  sample_class = generator.sample_class
  if sample_class is None:
    raise ValueError(
      'This generator has no priors of clusters; use prior_anchors or '
      'encoded_anchors, or one that has.'
    )
  if clusters < ways:
    raise ValueError(
      f'{ways} ways are to be of different clusters, and there are {clusters}: '
      'ask for fewer ways, or for more clusters.'
    )

  def anchors(key: Array, source: GeneratorSource) -> Anchors:
    def draw(key: Array) -> tuple[Array, Array]:
      cluster_key, latent_key = jax.random.split(key)
      y = distinct(cluster_key, clusters, ways)
      return sample_class(latent_key, source.params, y), y

    z, y, num_draws = _reject(key, draw, epsilon, max_draws)
    return Anchors(z, num_draws, y=y)

  return anchors


def encoded_anchors(
  generator: Generator,
  ways: int,
  *,
  epsilon: NonNegative = 0.0,
  max_draws: Count = 10_000,
  posterior: Literal['mean', 'sample'] = 'mean',
) -> AnchorFn:
  """Anchors from encoded unlabeled images, no two close (Figure 2a, b).

  Args:
    generator: with an encoder.
    ways: N.
    epsilon: every pairwise squared distance must exceed it.
    max_draws: as in `prior_anchors`.
    posterior: whether an anchor is what the encoder says of its image, a VAE's
      posterior mean, or a sample of the posterior, as in the released code.

  Returns:
    An anchor function; its `Anchors.x` are the images.

  Raises:
    ValueError: if the generator has no encoder, or no posterior to sample.

  Example:
    >>> generator = lx.Generator(
    ...   decode=lambda params, z: z.reshape(-1, 2, 2, 1),
    ...   encode=lambda params, x: x.reshape(-1, 4),
    ... )
    >>> anchor_fn = lx.latents.encoded_anchors(generator, ways=5)
    >>> images = jnp.arange(36, dtype=jnp.uint8).reshape(9, 2, 2, 1)
    >>> source = lx.GeneratorSource(params=(), images=images)
    >>> anchors = jax.jit(anchor_fn)(jax.random.key(0), source)
    >>> anchors.z.shape, anchors.x.shape
    ((5, 4), (5, 2, 2, 1))
  """
  latents_of = _encoder(generator, posterior)

  def anchors(key: Array, source: GeneratorSource) -> Anchors:
    def draw(key: Array) -> tuple[Array, Array]:
      image_key, latent_key = jax.random.split(key)
      indices = distinct(image_key, len(source.images), ways)
      x = as_floats(source.images[indices])
      return latents_of(latent_key, source.params, x), indices

    z, indices, num_draws = _reject(key, draw, epsilon, max_draws)
    return Anchors(z, num_draws, as_floats(source.images[indices]))

  return anchors


def _encoder(
  generator: Generator, posterior: str
) -> Callable[[Array, Params, Array], Array]:
  """`(key, params, x [n, H, W, C]) -> z [n, D]`."""
  encode, sample_like = generator.encode, generator.sample_like
  if posterior == 'sample' and sample_like is not None:

    def sampled(key: Array, params: Params, x: Array) -> Array:
      keys = jax.random.split(key, len(x))
      one = jax.vmap(lambda key, x: sample_like(key, params, x[None], 1)[0])
      return one(keys, x)

    return sampled
  if posterior == 'sample' or encode is None:
    lacking = 'posterior to sample' if encode is not None else 'encoder'
    raise ValueError(
      f'This generator has no {lacking}; use prior_anchors, or one that has.'
    )
  return lambda key, params, x: encode(params, x)


def _reject(
  key: Array,
  draw: Callable[[Array], tuple[Array, Array]],
  epsilon: float,
  max_draws: int,
) -> tuple[Array, Array, Array]:
  """Repeats `draw` until its latents are apart: (z, indices, num_draws)."""

  def far(z: Array) -> Array:
    return (squared_distances(z) > epsilon).all()

  def unfinished(carry: tuple[Array, Array, Array, Array]) -> Array:
    _, z, _, num_draws = carry
    return ~far(z) & (num_draws < max_draws)

  def again(
    carry: tuple[Array, Array, Array, Array],
  ) -> tuple[Array, Array, Array, Array]:
    key, _, _, num_draws = carry
    key, draw_key = jax.random.split(key)
    return key, *draw(draw_key), num_draws + 1

  key, first_key = jax.random.split(key)
  start = (key, *draw(first_key), jnp.int32(1))
  _, z, indices, num_draws = jax.lax.while_loop(unfinished, again, start)
  accepted = far(z)
  z = jnp.where(accepted, z, jnp.nan)
  return z, indices, jnp.where(accepted, num_draws, 0)


def count_rejections(
  key: Array, anchors: AnchorFn, source: GeneratorSource, num_tasks: int
) -> int:
  """How many sets of anchors are rejected while `num_tasks` are made.

  The last column of the paper's Table 9.

  Args:
    key: a PRNG key.
    anchors: an anchor function.
    source: what it draws from.
    num_tasks: how many sets to accept.

  Returns:
    The number of rejected sets.

  Raises:
    ValueError: if epsilon cannot be met within `max_draws` draws.
  """
  keys = jax.random.split(key, num_tasks)
  draws = jax.jit(
    lambda keys, source: jax.lax.map(
      lambda key: anchors(key, source).num_draws, keys, batch_size=64
    )
  )(keys, source)
  if (draws == 0).any():
    raise ValueError(
      'No set of anchors was far enough apart, in as many draws as allowed: '
      'epsilon, the least squared distance between two anchors, is too large '
      'for this latent space. Lower it; two draws from a standard Gaussian '
      'prior of D dimensions are 2 D apart on average.'
    )
  return int((draws - 1).sum())
