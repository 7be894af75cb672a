"""Quarter turns, which make of a character another."""

import jax
import jax.numpy as jnp

from lasium_jax.types import Array


def quarter_turns(turns: Array, images: Array) -> Array:
  """Turns each image counterclockwise.

  Args:
    turns: `[n]` int32 in 0..3, how many quarter turns.
    images: `[n, ..., H, W, C]`, with H equal to W.

  Returns:
    Images of the same shape.

  Raises:
    ValueError: if they are not square.

  Example:
    >>> image = jnp.array([[1, 2], [3, 4]])[None, :, :, None]
    >>> lx.ops.turns.quarter_turns(jnp.array([1]), image)[0, ..., 0].tolist()
    [[2, 4], [1, 3]]
  """
  return jax.vmap(lambda count, image: every_turn(image)[count])(turns, images)


def every_turn(images: Array) -> Array:
  """Images in each of their four turns, counterclockwise.

  Args:
    images: `[..., H, W, C]`, with H equal to W.

  Returns:
    `[4, ..., H, W, C]`, of which the first are the images.

  Raises:
    ValueError: if they are not square.

  Example:
    >>> image = jnp.array([[1, 2], [3, 4]])[:, :, None]
    >>> lx.ops.turns.every_turn(image)[:, 0, 0, 0].tolist()
    [1, 2, 4, 3]
  """
  height, width = images.shape[-3:-1]
  if height != width:
    raise ValueError(
      f'Images are {height}x{width}: a quarter turn needs square ones, and so '
      'do `turned_features`.'
    )
  return jnp.stack([jnp.rot90(images, k, axes=(-3, -2)) for k in range(4)])
