"""In-class latents: the paper's policy P (Algorithm 1, line 5; Figure 3)."""

import jax
import jax.numpy as jnp

from lasium_jax.ops.images import as_floats
from lasium_jax.ops.sampling import distinct
from lasium_jax.settings import NonNegative, Share
from lasium_jax.types import (
  Anchors,
  Array,
  Generator,
  GeneratorSource,
  LatentSampler,
)


def noise(
  *,
  sigma: NonNegative = 0.5,
  sigma_max: NonNegative | None = None,
  relative: bool = False,
) -> LatentSampler:
  """LASIUM-N: `z' = z + e`, `e ~ N(0, sigma^2)`.

  Args:
    sigma: the standard deviation. (The paper's tables name sigma^2, the
      released code passes the same number as sigma.)
    sigma_max: if given, each omega of a task draws one standard deviation from
      `U(sigma, sigma_max)` for all of its classes; the released VAE variant
      has 0 and 2.
    relative: whether standard deviations are in units of those of the task's
      anchors, dimension by dimension. LASIUM's are of a latent space with a
      standard Gaussian prior. That of an autoencoder has whatever scale its
      training came to, in every dimension another.

  Returns:
    A latent sampler.

  Raises:
    ValueError: if `sigma_max` is below `sigma`.

  Example:
    >>> sampler = lx.latents.noise(sigma=0.0)
    >>> anchors = lx.Anchors(jnp.array([[1.0, 2.0]]), num_draws=jnp.int32(1))
    >>> sampler(jax.random.key(0), None, anchors, jnp.int32(1)).tolist()
    [[1.0, 2.0]]
  """
  # A swept sigma is traced, and cannot be compared.
  known = not isinstance(sigma, jax.core.Tracer)
  if sigma_max is not None and known and sigma_max < sigma:
    raise ValueError(
      f'sigma_max is {sigma_max}; it must be at least sigma, {sigma}.'
    )

  def sampler(
    key: Array, source: GeneratorSource, anchors: Anchors, omega: Array
  ) -> Array:
    del source, omega
    key, sigma_key = jax.random.split(key)
    scale = jnp.asarray(sigma)
    if sigma_max is not None:
      scale = jax.random.uniform(sigma_key, minval=sigma, maxval=sigma_max)
    return anchors.z + scale * _noise_like(key, anchors.z, relative)

  return sampler


def random_out_of_class(
  generator: Generator, *, alpha: Share = 0.2
) -> LatentSampler:
  """LASIUM-RO: `z' = z + alpha (v - z)`, `v` out of the class by chance.

  `v` is a fresh draw from the prior; of a generator without one, it is the
  latent of a random unlabeled image.

  Args:
    generator: with a prior or an encoder.
    alpha: how far to go; 0.2 or 0.4 in the paper.

  Returns:
    A latent sampler.

  Raises:
    ValueError: if the generator has neither.

  Example:
    >>> generator = lx.Generator(
    ...   decode=lambda params, z: z[:, :, None, None],
    ...   sample=lambda key, params, n: jnp.ones((n, 2)),
    ... )
    >>> sampler = lx.latents.random_out_of_class(generator, alpha=0.25)
    >>> anchors = lx.Anchors(jnp.array([[1.0, 5.0]]), num_draws=jnp.int32(1))
    >>> source = lx.GeneratorSource(params=(), images=None)
    >>> sampler(jax.random.key(0), source, anchors, jnp.int32(1)).tolist()
    [[1.0, 4.0]]
  """
  sample, encode = generator.sample, generator.encode
  if sample is None and encode is None:
    raise ValueError(
      'random_out_of_class needs a generator with a prior or an encoder.'
    )

  def out_of_class(key: Array, source: GeneratorSource, ways: int) -> Array:
    if sample is not None:
      return sample(key, source.params, ways)
    assert encode is not None
    rows = distinct(key, len(source.images), ways)
    return encode(source.params, as_floats(source.images[rows]))

  def sampler(
    key: Array, source: GeneratorSource, anchors: Anchors, omega: Array
  ) -> Array:
    del omega
    v = out_of_class(key, source, len(anchors.z))
    return anchors.z + alpha * (v - anchors.z)

  return sampler


def other_classes(
  *,
  alpha: Share = 0.2,
  self_noise: NonNegative = 1.0,
  relative: bool = False,
) -> LatentSampler:
  """LASIUM-OC: class i moves toward class `(i + omega) mod N` by `alpha`.

  Where that is class i itself, Gaussian noise is added instead, as in the
  released code. With N = 2 the samples lie on one line segment.

  Args:
    alpha: how far to go; 0.2 or 0.4 in the paper.
    self_noise: the standard deviation where a class would meet itself.
    relative: as in `noise`, of that deviation.

  Returns:
    A latent sampler.

  Example:
    >>> sampler = lx.latents.other_classes(alpha=0.25)
    >>> z = jnp.array([[0.0], [4.0], [8.0]])
    >>> anchors = lx.Anchors(z, num_draws=jnp.int32(1))
    >>> sampler(jax.random.key(0), None, anchors, jnp.int32(1)).tolist()
    [[1.0], [5.0], [6.0]]
  """

  def sampler(
    key: Array, source: GeneratorSource, anchors: Anchors, omega: Array
  ) -> Array:
    del source
    z = anchors.z
    others = jnp.roll(z, -omega, axis=0)
    noisy = z + self_noise * _noise_like(key, z, relative)
    moved = z + alpha * (others - z)
    return jnp.where(omega % len(z) == 0, noisy, moved)

  return sampler


def in_cluster(generator: Generator, *, alpha: Share = 0.5) -> LatentSampler:
  """Toward others of the anchor's cluster: `z' = z + alpha (v - z)`.

  `v` is a fresh draw from the prior of the cluster that the anchor is of. No
  paper has this: it is LASIUM-RO's step, but within the cluster. With 1 a class
  is its cluster, whatever the anchor. Where clusters are coarser than classes,
  as a few hundred are of a thousand characters, a class is to be less than its
  cluster: the nearer to 0, the more alike to the anchor.

  Args:
    generator: with priors of clusters, such as COLA.
    alpha: how far to go.

  Returns:
    A latent sampler, for anchors that know their clusters
    (`cluster_anchors`); it raises ValueError for others.

  Raises:
    ValueError: if the generator has no priors of clusters.

  Example:
    >>> generator = lx.Generator(
    ...   decode=lambda params, z: z[:, :, None, None],
    ...   sample_class=lambda key, params, y: params[y],
    ... )
    >>> sampler = lx.latents.in_cluster(generator, alpha=0.25)
    >>> z, y = jnp.array([[1.0, 5.0]]), jnp.array([1])
    >>> anchors = lx.Anchors(z, num_draws=jnp.int32(1), y=y)
    >>> params = jnp.array([[0.0, 0.0], [5.0, 1.0]])
    >>> source = lx.GeneratorSource(params, images=None)
    >>> sampler(jax.random.key(0), source, anchors, jnp.int32(1)).tolist()
    [[2.0, 4.0]]
  """
  sample_class = generator.sample_class
  if sample_class is None:
    raise ValueError('in_cluster needs a generator with priors of clusters.')

  def sampler(
    key: Array, source: GeneratorSource, anchors: Anchors, omega: Array
  ) -> Array:
    del omega
    if anchors.y is None:
      raise ValueError(
        'in_cluster needs anchors that know their clusters: draw them by '
        'cluster_anchors.'
      )
    v = sample_class(key, source.params, anchors.y)
    return anchors.z + alpha * (v - anchors.z)

  return sampler


def _noise_like(key: Array, z: Array, relative: bool) -> Array:
  """Gaussian noise `[N, D]`, of deviation 1 or of that of `z` over its rows."""
  drawn = jax.random.normal(key, z.shape)
  return drawn * z.std(0, ddof=1, keepdims=True) if relative else drawn
