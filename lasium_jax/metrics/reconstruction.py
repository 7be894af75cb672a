"""How well a generator with an encoder gives images back."""

import jax.numpy as jnp

from lasium_jax.types import Array, Generator, Params


def pixel_error(generator: Generator, params: Params, x: Array) -> Array:
  """The mean absolute difference of each image from its reconstruction.

  In the units of bytes, 0..255, as in table 1 of Interpolative Autoencoders;
  `mean_and_ci95` of it is a cell of that table.

  Args:
    generator: with an encoder.
    params: the generator's.
    x: `[n, H, W, C]` in [0, 1].

  Returns:
    `[n]`, over pixels and channels.

  Raises:
    ValueError: if the generator has no encoder.

  Example:
    >>> generator = lx.Generator(
    ...   decode=lambda params, z: z[:, None, None] + params,
    ...   encode=lambda params, x: x[:, 0, 0],
    ... )
    >>> errors = lx.metrics.pixel_error(generator, 0.2, jnp.zeros((2, 1, 1, 1)))
    >>> [f'{error:.2f}' for error in errors]
    ['51.00', '51.00']
  """
  if generator.encode is None:
    raise ValueError(
      'This generator has no encoder, so that it cannot give an image back.'
    )
  again = generator.decode(params, generator.encode(params, x))
  return 255 * jnp.abs(again - x).mean((1, 2, 3))
