"""Interpolants beside the image that is known to lie between two others.

Where two images A and B are one image, changed by two amounts of something such
as a rotation, the image C that lies between them is known: changed by the mean
of the amounts, also of classes and by changes that training never had. See
Interpolative Autoencoders, equation 1; Oring et al. 2021 (2008.01487) measure
so.
"""

import jax.numpy as jnp

from lasium_jax.ops.mixtures import mix
from lasium_jax.types import Array, Generator, Params

# Its codes are the pixels, so that mixtures of codes are mixtures of pixels:
# the baseline beside any generator.
PIXELS = Generator(
  decode=lambda params, z: z,
  encode=lambda params, x: x,
)


def interpolant_error(
  generator: Generator,
  params: Params,
  triplet: tuple[Array, Array, Array],
  alpha: Array,
) -> Array:
  """The error of mixed codes, in the units of bytes.

    255 |C - G(alpha E(A) + (1 - alpha) E(B))|

  averaged over pixels.

  Args:
    generator: with an encoder; `PIXELS` mixes pixels.
    params: the generator's.
    triplet: A, B and the C between them, each `[n, H, W, C]` in [0, 1].
    alpha: `[n]` in [0, 1], the weight of A.

  Returns:
    `[n]`.

  Raises:
    ValueError: if the generator has no encoder.

  Example:
    >>> dark, light = jnp.zeros((1, 2, 2, 1)), jnp.ones((1, 2, 2, 1))
    >>> lx.metrics.interpolant_error(
    ...   lx.metrics.PIXELS, (), (dark, light, light / 2), jnp.full(1, 0.5)
    ... ).tolist()
    [0.0]
  """
  if generator.encode is None:
    raise ValueError(
      'This generator has no encoder, so that it cannot mix two images.'
    )
  a, b, c = triplet
  codes = (generator.encode(params, x) for x in (a, b))
  made = generator.decode(params, mix(alpha, *codes))
  return 255 * jnp.abs(made - c).mean((1, 2, 3))
