"""Distances of images by their Laplacian pyramids."""

import jax.numpy as jnp
import numpy as np

from lasium_jax.types import Array

LEAST_SIDE = 3  # Below it there is nothing to reflect.
_BINOMIAL = np.array([1, 4, 6, 4, 1], np.float32) / 16


def laplacian_loss(
  x: Array, y: Array, *, gamma: float = 1.0, levels: int = 3
) -> Array:
  """`mean|x - y| + gamma sum_i 2^(-2 i) mean|L_i(x) - L_i(y)|`, i from 1.

  See COLA, equation 5. L_1 is the finest level, what an image loses by being
  halved and doubled again; L_2 is that of the halved image, and so on. What is
  left after the last level has no part. Halving and doubling are by the 5x5
  binomial filter, with images reflected at their edges. The paper names neither
  the filter nor the values of `gamma` and `levels`.

  Args:
    x: `[n, H, W, C]`.
    y: likewise.
    gamma: weight of the pyramid.
    levels: of the pyramid; at 0 only pixels are compared.

  Returns:
    `[n]`, means over the pixels and channels of each image and level.

  Raises:
    ValueError: if an image or a level has a side below 3, which cannot be
      reflected.
  """
  # All of it is linear, so that the pyramid of the difference is enough.
  details, _ = laplacian_pyramid(x - y, levels)
  loss = jnp.abs(x - y).mean((1, 2, 3))
  for i, level in enumerate(details, start=1):
    loss += gamma * 2.0 ** (-2 * i) * jnp.abs(level).mean((1, 2, 3))
  return loss


def laplacian_pyramid(x: Array, levels: int) -> tuple[list[Array], Array]:
  """What images lose at each level, and what is left of them.

  Levels are those of `laplacian_loss`. The images are had again by doubling
  what is left and adding the last level, doubling that and adding the last but
  one, and so on.

  Args:
    x: `[n, H, W, C]`.
    levels: how many.

  Returns:
    Levels from the finest, `[n, H, W, C]` and each halved from the one before,
    odd sides rounded up; and the images after the last halving.

  Raises:
    ValueError: as `laplacian_loss`.
  """
  details, rest = [], x
  for i in range(1, levels + 1):
    if min(rest.shape[1:3]) < LEAST_SIDE:
      raise ValueError(
        f'Images of {x.shape[1]}x{x.shape[2]} have fewer levels than {levels}: '
        f'number {i} is of {rest.shape[1]}x{rest.shape[2]}, and sides must be '
        f'{LEAST_SIDE} or more.'
      )
    blurs = [_blur(side) for side in rest.shape[1:3]]
    halved = _filtered(rest, *(blur[::2] for blur in blurs))
    # Zeros between the pixels are blurred with twice the weight along each
    # axis, which keeps the brightness.
    doubled = _filtered(halved, *(2 * blur[:, ::2] for blur in blurs))
    details.append(rest - doubled)
    rest = halved
  return details, rest


def most_levels(side: int) -> int:
  """How many levels a pyramid of images has whose shorter side this is."""
  levels = 0
  while side >= LEAST_SIDE:
    side, levels = (side + 1) // 2, levels + 1
  return levels


def _blur(size: int) -> np.ndarray:
  """The filter along one axis, reflected at its ends: `[size, size]`."""
  blur = np.zeros((size, size), np.float32)
  places = np.pad(np.arange(size), 2, mode='reflect')
  for tap, weight in enumerate(_BINOMIAL):
    np.add.at(blur, (np.arange(size), places[tap : tap + size]), weight)
  return blur


def _filtered(x: Array, rows: np.ndarray, columns: np.ndarray) -> Array:
  """Rows `[H', H]` and columns `[W', W]` of `x [n, H, W, C]` are mixed.

  As matrix products, whose gradients are such too: images are small.
  """
  x = jnp.einsum('ih,nhwc->niwc', rows, x)
  return jnp.einsum('jw,nhwc->nhjc', columns, x)
