"""Gaussians that are fitted to latents, and mixtures of them."""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from lasium_jax.types import (
  Array,
  Generator,
  Params,
)

# So many draws of a mixture are made at once: each reads a root of its own.
_AT_ONCE = 256


class Gaussian(NamedTuple):
  """A normal distribution, which may lie in a subspace; or several, stacked.

  Attributes:
    mean: `[D]`, or `[K, D]` of a mixture.
    root: `[D, D]`, whose product with its transpose is the covariance; or
      `[K, D, D]`.
  """

  mean: Array
  root: Array


def fitted(
  codes: Array, members: Array | None = None, *, ridge: float = 0.0
) -> Gaussian:
  """The Gaussian with the mean and the covariance of codes.

  Where there are no more codes than dimensions, its root is the centered codes
  themselves: the covariance is singular, and draws are weighted sums of codes,
  which lie in the plane through them. Of more codes it is from eigenvectors.

  Args:
    codes: `[n, D]`.
    members: `[n]` bool, those that count; None for all.
    ridge: this share of the mean variance is added to that of each dimension,
      so that draws leave the plane.

  Returns:
    The Gaussian. That of a single code has no spread. That of none has a mean
    of NaN, so that nothing can be drawn from it unnoticed.
  """
  if members is None:
    members = jnp.ones(len(codes), bool)
  size = codes.shape[1]
  count = members.sum()
  mean = jnp.where(members[:, None], codes, 0.0).sum(0) / count
  divisor = jnp.maximum(count - 1, 1)

  def of_few() -> Array:
    (rows,) = jnp.nonzero(members, size=size, fill_value=0)
    filled = jnp.arange(size) < count
    centered = jnp.where(filled[:, None], codes[rows] - mean[None], 0.0)
    return centered.T / jnp.sqrt(divisor)

  def of_many() -> Array:
    centered = jnp.where(members[:, None], codes - mean[None], 0.0)
    covariance = _product(centered.T, centered) / divisor
    added = ridge * jnp.trace(covariance) / size
    return _root(covariance + added * jnp.eye(size))

  if ridge:
    return Gaussian(mean, of_many())
  return Gaussian(mean, jax.lax.cond(count <= size, of_few, of_many))


def fitted_mixture(
  codes: Array, clusters: Array, count: int, *, ridge: float = 0.0
) -> Gaussian:
  """A Gaussian for each cluster of codes (COLA, step III).

  Args:
    codes: `[n, D]`.
    clusters: `[n]` int, in `0..count-1`; other numbers are of no cluster.
    count: K, how many clusters there are.
    ridge: as in `fitted`.

  Returns:
    `fitted` of each, stacked.
  """
  return jax.lax.map(
    lambda own: fitted(codes, clusters == own, ridge=ridge), jnp.arange(count)
  )


def merged(mixture: Gaussian) -> Gaussian:
  """The Gaussian with the mean and the covariance of a mixture.

  Args:
    mixture: of K Gaussians that have equal shares; one that has no codes, and
      so a mean of NaN, has none.

  Returns:
    The Gaussian. Where clusters have equally many codes it is the one fitted
    to all of them, but for the number that their squares are divided by.
  """
  nonempty = jnp.isfinite(mixture.mean).all(-1)
  share = nonempty / nonempty.sum()
  means = jnp.where(nonempty[:, None], mixture.mean, 0.0)
  roots = jnp.where(nonempty[:, None, None], mixture.root, 0.0)
  mean = _product(share, means)
  offsets = means - mean[None]
  einsum = functools.partial(jnp.einsum, precision='highest')
  within = einsum('k,kij,klj->il', share, roots, roots)
  covariance = within + einsum('k,ki,kj->ij', share, offsets, offsets)
  return Gaussian(mean, _root(covariance))


# By their default, accelerators round factors to a few bits, and draws would
# leave the plane.
_product = functools.partial(jnp.matmul, precision='highest')


def _root(covariance: Array) -> Array:
  values, vectors = jnp.linalg.eigh(covariance)
  # Those that are zero come out a little below it.
  return vectors * jnp.sqrt(jnp.maximum(values, 0.0))[None]


def draw(key: Array, gaussian: Gaussian, n: int) -> Array:
  """Draws `[n, D]` from one Gaussian."""
  noise = jax.random.normal(key, (n, len(gaussian.mean)))
  return gaussian.mean[None] + _product(noise, gaussian.root.T)


def draw_clusters(key: Array, mixture: Gaussian, n: int) -> Array:
  """Draws clusters `[n]`, each as often as any other that has codes."""
  nonempty = jnp.isfinite(mixture.mean).all(-1)
  return jax.random.categorical(
    key, jnp.where(nonempty, 0.0, -jnp.inf), shape=(n,)
  )


def draw_of(
  key: Array, mixture: Gaussian, clusters: Array, *, spread: Array | float = 1.0
) -> Array:
  """Draws one latent from the Gaussian of each cluster that is named.

  Args:
    key: a PRNG key.
    mixture: of K Gaussians.
    clusters: `[n]` int, in `0..K-1`.
    spread: what their deviations are multiplied by.

  Returns:
    `[n, D]`; NaN for a cluster that has no codes, or is none.
  """
  noise = jax.random.normal(key, (len(clusters), mixture.mean.shape[1]))

  def one(cluster: Array, own: Array) -> Array:
    mean, root = (
      jnp.asarray(leaf)
      .at[cluster]
      .get(mode='fill', wrap_negative_indices=False)
      for leaf in mixture
    )
    return mean + spread * _product(root, own)

  drawn: Array = jax.lax.map(
    lambda each: one(*each), (clusters, noise), batch_size=_AT_ONCE
  )
  return drawn


def with_prior(
  generator: Generator,
  project: Callable[[Array], Array],
  *,
  spread: Array | float = 1.0,
) -> Generator:
  """A generator whose prior is the mixture that its parameters have.

  Args:
    generator: any, whose parameters have the fields of a mixture in `prior`.
    project: draws `[n, D]` to the nearest latents that are allowed.
    spread: as in `draw_of`.

  Returns:
    The generator. Its `sample` draws each cluster that has codes equally often,
    and its `sample_class` has NaN for one that has none.
  """

  def sample(key: Array, params: Params, n: int) -> Array:
    key, cluster_key = jax.random.split(key)
    prior = Gaussian(**params['prior'])
    y = draw_clusters(cluster_key, prior, n)
    return sample_class(key, params, y)

  def sample_class(key: Array, params: Params, y: Array) -> Array:
    prior = Gaussian(**params['prior'])
    return project(draw_of(key, prior, y, spread=spread))

  return generator._replace(sample=sample, sample_class=sample_class)
