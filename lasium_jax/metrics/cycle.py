"""Whether a mixed code is the code of what it shows."""

import jax.numpy as jnp

from lasium_jax.types import Array, Generator, Params


def cycle_error(generator: Generator, params: Params, z: Array) -> Array:
  """How far the code of what a code shows is from it, `|z - E(G(z))|`.

  See Oring et al. 2021 (2008.01487), the loss of cycles. Codes of two models
  may be of different sizes; `code_spread` tells them.

  Args:
    generator: with an encoder.
    params: the generator's.
    z: `[n, ...]` codes.

  Returns:
    `[n]`, Euclidean.

  Raises:
    ValueError: if the generator has no encoder.

  Example:
    >>> generator = lx.Generator(
    ...   decode=lambda params, z: z[:, None, None] / 2,
    ...   encode=lambda params, x: x[:, 0, 0],
    ... )
    >>> lx.metrics.cycle_error(generator, (), jnp.array([[6.0, 8.0]])).tolist()
    [5.0]
  """
  if generator.encode is None:
    raise ValueError(
      'This generator has no encoder, so that its codes have no cycle.'
    )
  again = generator.encode(params, generator.decode(params, z))
  return jnp.sqrt(jnp.square(again - z).reshape(len(z), -1).sum(1))


def code_spread(z: Array) -> Array:
  """The root of the mean squared distance of codes `[n, ...]` to their mean."""
  flat = z.reshape(len(z), -1)
  return jnp.sqrt(jnp.square(flat - flat.mean(0, keepdims=True)).sum(1).mean())
