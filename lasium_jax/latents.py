"""LASIUM's sampling in latent space: anchors, and samples around them.

Algorithm 1 of the paper: `N` anchors far from each other are the classes of a
synthetic task (line 3); for each `omega` a latent sampler, the paper's policy
P, moves every anchor to a new member of its class (line 5).
"""

from collections.abc import Callable

import chex
import jax
import jax.numpy as jnp

from lasium_jax.ops.images import as_floats
from lasium_jax.ops.sampling import distinct
from lasium_jax.types import (
  AnchorFn,
  Anchors,
  Array,
  Generator,
  GeneratorSource,
  LatentSampler,
)


def squared_distances(z: Array) -> Array:
  """Squared distances of all pairs among `z [N, D]`: `[N * (N - 1) / 2]`."""
  chex.assert_rank(z, 2)
  rows, columns = jnp.triu_indices(len(z), k=1)
  return jnp.sum((z[rows] - z[columns]) ** 2, axis=-1)


def prior_anchors(
  generator: Generator, ways: int, epsilon: float, *, max_draws: int = 10_000
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
  """

  def anchors(key: Array, source: GeneratorSource) -> Anchors:
    del source
    z, _, num_draws = _reject(
      key,
      lambda key: (generator.sample(key, ways), jnp.zeros(0, jnp.int32)),
      epsilon,
      max_draws,
    )
    return Anchors(z, num_draws)

  return anchors


def encoded_anchors(
  generator: Generator, ways: int, epsilon: float, *, max_draws: int = 10_000
) -> AnchorFn:
  """Anchors from encoded unlabeled images, no two close (Figure 2a, b).

  Args:
    generator: with an encoder.
    ways: N.
    epsilon: every pairwise squared distance must exceed it.
    max_draws: as in `prior_anchors`.

  Returns:
    An anchor function; its `Anchors.x` are the images.

  Raises:
    ValueError: if the generator has no encoder.
  """
  encode = generator.encode
  if encode is None:
    raise ValueError(
      'This generator has no encoder; use prior_anchors, or one that has.'
    )

  def anchors(key: Array, source: GeneratorSource) -> Anchors:
    def draw(key: Array) -> tuple[Array, Array]:
      indices = distinct(key, len(source.images), ways)
      return encode(source.params, as_floats(source.images[indices])), indices

    z, indices, num_draws = _reject(key, draw, epsilon, max_draws)
    return Anchors(z, num_draws, as_floats(source.images[indices]))

  return anchors


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
  found = far(z)
  return jnp.where(found, z, jnp.nan), indices, jnp.where(found, num_draws, 0)


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


def noise(sigma: float, *, sigma_max: float | None = None) -> LatentSampler:
  """LASIUM-N: `z' = z + e`, `e ~ N(0, sigma^2)`.

  Args:
    sigma: the standard deviation. (The paper's tables name sigma^2, the
      released code passes the same number as sigma.)
    sigma_max: if given, every sample draws its standard deviation from
      `U(sigma, sigma_max)`; the released VAE variant has 0 and 2.

  Returns:
    A latent sampler.
  """

  def sampler(key: Array, anchors: Array, omega: Array) -> Array:
    del omega
    key, sigma_key = jax.random.split(key)
    scale = jnp.asarray(sigma)
    if sigma_max is not None:
      scale = jax.random.uniform(
        sigma_key, (len(anchors), 1), minval=sigma, maxval=sigma_max
      )
    return anchors + scale * jax.random.normal(key, anchors.shape)

  return sampler


def random_out_of_class(generator: Generator, alpha: float) -> LatentSampler:
  """LASIUM-RO: `z' = z + alpha (v - z)`, `v` a fresh draw from the prior.

  Args:
    generator: whose `sample` is the prior.
    alpha: in [0, 1], how far to go; 0.2 or 0.4 in the paper.

  Returns:
    A latent sampler.
  """

  def sampler(key: Array, anchors: Array, omega: Array) -> Array:
    del omega
    return anchors + alpha * (generator.sample(key, len(anchors)) - anchors)

  return sampler


def other_classes(alpha: float, *, self_noise: float = 1.0) -> LatentSampler:
  """LASIUM-OC: class i moves toward class `(i + omega) mod N` by `alpha`.

  Where that is class i itself, Gaussian noise is added instead, as in the
  released code. With N = 2 the samples lie on one line segment.

  Args:
    alpha: in [0, 1], how far to go; 0.2 or 0.4 in the paper.
    self_noise: the standard deviation where a class would meet itself.

  Returns:
    A latent sampler.
  """

  def sampler(key: Array, anchors: Array, omega: Array) -> Array:
    others = jnp.roll(anchors, -omega, axis=0)
    noisy = anchors + self_noise * jax.random.normal(key, anchors.shape)
    moved = anchors + alpha * (others - anchors)
    return jnp.where(omega % len(anchors) == 0, noisy, moved)

  return sampler
