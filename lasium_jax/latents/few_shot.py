"""Latents of a kind, from the codes of a few images of it.

Codes are mixed with weights that add up to 1. With weights from 0 to 1 what is
made lies between the images; with a negative one it goes beyond them. See
Interpolative Autoencoders, sections 4.1 and 5.2.
"""

import math
from typing import Annotated

import jax
import jax.numpy as jnp
import numpy as np

from lasium_jax.ops.affine import random_warps
from lasium_jax.ops.mixtures import mix
from lasium_jax.ops.sampling import distinct
from lasium_jax.settings import NonNegative, Range, Whole
from lasium_jax.types import Array, FewShotSampler, Generator, Params

Concentration = Annotated[float, Range(0.01)]  # Near 0 no draw is finite.

# The maps that interpolative autoencoders are trained with, unless told
# otherwise.
VIEWS = {'rotation': math.radians(20), 'translation': 0.1, 'scale': 1.25}


def paths() -> FewShotSampler:
  """Evenly spaced points on the paths between all pairs of codes.

  The points of one path follow each other, from one code to the other, without
  these two. All `k (k - 1) / 2` paths have as many points; where that does not
  add up to n, one more on paths that are drawn. So n of one path each are
  midpoints.

  Returns:
    A sampler, which raises ValueError if there is one code alone.

  Example:
    >>> sampler = lx.latents.paths()
    >>> sampler(jax.random.key(0), jnp.array([[4.0], [0.0]]), 3).tolist()
    [[3.0], [2.0], [1.0]]
  """

  def sampler(key: Array, codes: Array, n: int) -> Array:
    first, second = _pairs('paths', key, codes)
    each, more = divmod(n, len(first))
    points = each + (np.arange(len(first)) < more)
    path = np.repeat(np.arange(len(first)), points)
    place = np.arange(n) - (np.cumsum(points) - points)[path] + 1
    alpha = jnp.asarray(1 - place / (points[path] + 1), codes.dtype)
    return mix(alpha, codes[first[path]], codes[second[path]])

  return sampler


def midpoints() -> FewShotSampler:
  """The midpoints of all pairs of codes, as in the paper's Figure 10.

  Their order is drawn. There are `k (k - 1) / 2`; if n is larger they are
  repeated in the same order.

  Returns:
    A sampler, which raises ValueError if there is one code alone.

  Example:
    >>> sampler = lx.latents.midpoints()
    >>> codes = jnp.array([[0.0], [2.0], [4.0]])
    >>> sorted(sampler(jax.random.key(0), codes, 3).ravel().tolist())
    [1.0, 2.0, 3.0]
  """

  def sampler(key: Array, codes: Array, n: int) -> Array:
    first, second = _pairs('midpoints', key, codes)
    middles = (codes[first] + codes[second]) / 2
    return middles[jnp.arange(n) % len(first)]

  return sampler


def mixtures(*, concentration: Concentration = 1.0) -> FewShotSampler:
  """Means of all codes with random weights, `w ~ Dirichlet(concentration)`.

  Args:
    concentration: 1 draws all weights alike; less keeps closer to single codes,
      more closer to the mean of all.

  Returns:
    A sampler, which raises ValueError if there is one code alone.

  Example:
    >>> sampler = lx.latents.mixtures(concentration=0.5)
    >>> z = sampler(jax.random.key(0), jnp.array([[0.0, 1.0], [1.0, 0.0]]), 9)
    >>> z.shape, bool(jnp.allclose(z.sum(1), 1))
    ((9, 2), True)
  """

  def sampler(key: Array, codes: Array, n: int) -> Array:
    _require('mixtures', codes, 2)
    alphas = jnp.full(len(codes), concentration, codes.dtype)
    return jax.random.dirichlet(key, alphas, (n,)) @ codes

  return sampler


def differences(*, alpha: NonNegative = 1.0) -> FewShotSampler:
  """A code, moved as another differs from a third: `z = a + u (b - c)`.

  Which three, all different, is drawn for each latent, and `u ~ U(0, alpha)`.
  So it goes beyond the codes, where mixtures stay between them.

  Args:
    alpha: how far to go at most.

  Returns:
    A sampler, which raises ValueError if there are fewer than three codes; of
    two images, `few_shot` makes more by its `views`.

  Example:
    >>> sampler = lx.latents.differences()
    >>> codes = jnp.array([[0.0], [1.0], [2.0]])
    >>> z = sampler(jax.random.key(0), codes, 99)
    >>> bool(-2 < z.min() < 0), bool(2 < z.max() < 4)
    (True, True)
  """

  def sampler(key: Array, codes: Array, n: int) -> Array:
    _require('differences', codes, 3)
    far_key, row_key = jax.random.split(key)
    far = jax.random.uniform(far_key, (n, 1), maxval=alpha)
    keys = jax.random.split(row_key, n)
    rows = jax.vmap(lambda key: distinct(key, len(codes), 3))(keys)
    start, there, here = codes[rows.T]
    return start + far * (there - here)

  return sampler


def few_shot(
  generator: Generator, sampler: FewShotSampler, *, views: Whole = 0
) -> Generator:
  """A generator that makes images like a few: encoded, mixed, decoded.

  It is used like one that has a way of its own to do that, by `sample_like`.

  Args:
    generator: with an encoder.
    sampler: mixes the codes.
    views: how many times each image is also encoded under a random map: turned
      by up to 20 degrees, moved by up to a tenth of a side, 4/5 to 5/4 as
      large. They count as images of their own. Two images alone leave a line
      to draw from; with views there is more.

  Returns:
    The generator with its `sample_like` replaced.

  Raises:
    ValueError: if the generator has no encoder.

  Example:
    >>> generator = lx.Generator(
    ...   decode=lambda params, z: z.reshape(-1, 2, 2, 1),
    ...   encode=lambda params, x: x.reshape(-1, 4),
    ... )
    >>> generator = lx.latents.few_shot(generator, lx.latents.mixtures())
    >>> seeds = jnp.zeros((3, 2, 2, 1))
    >>> z = generator.sample_like(jax.random.key(0), (), seeds, 8)
    >>> generator.decode((), z).shape
    (8, 2, 2, 1)
  """
  encode = generator.encode
  if encode is None:
    raise ValueError(
      'This generator has no encoder, and what few_shot mixes are the codes of '
      'images. Take one that has an encoder, such as an autoencoder.'
    )

  def sample_like(key: Array, params: Params, x: Array, n: int) -> Array:
    view_key, sample_key = jax.random.split(key)
    if views:
      copies = jnp.tile(x, (views, 1, 1, 1))
      x = jnp.concatenate([x, random_warps(view_key, copies, **VIEWS)])
    return sampler(sample_key, encode(params, x), n)

  return generator._replace(sample_like=sample_like)


def _pairs(name: str, key: Array, codes: Array) -> tuple[Array, Array]:
  """The rows of all pairs of codes, the pairs in random order."""
  _require(name, codes, 2)
  pairs = jnp.asarray(np.triu_indices(len(codes), k=1))
  first, second = jax.random.permutation(key, pairs, axis=1)
  return first, second


def _require(name: str, codes: Array, least: int) -> None:
  if len(codes) < least:
    raise ValueError(
      f'{name} needs the codes of {least} images or more, and there are '
      f'{len(codes)}: give more images, or have views made of them (views).'
    )
