"""Which images networks can make."""

from lasium_jax.nets import autoencoder
from lasium_jax.ops.pyramid import LEAST_SIDE, most_levels


def check_quarters(name: str, shape: tuple[int, int, int]) -> None:
  """Raises ValueError unless the sides of `(H, W, C)` are divisible by 4.

  Args:
    name: of what needs that, for the message.
    shape: of the images.
  """
  if shape[0] % 4 or shape[1] % 4:
    raise ValueError(f'{name} needs sides divisible by 4, not {shape}.')


def check_eighths(name: str, shape: tuple[int, int, int]) -> None:
  """Raises ValueError unless the sides of `(H, W, C)` are divisible by 8.

  Args:
    name: as in `check_quarters`.
    shape: likewise.
  """
  if shape[0] % 8 or shape[1] % 8:
    raise ValueError(
      f'{name} with residual networks needs sides divisible by 8, not {shape}.'
    )


def check_levels(
  name: str, shape: tuple[int, int, int], loss: str, levels: int
) -> None:
  """Raises ValueError unless `(H, W, C)` has the levels of a loss's pyramid.

  Args:
    name: as in `check_quarters`.
    shape: likewise.
    loss: what images are compared by; only 'laplacian' has a pyramid.
    levels: of it.
  """
  most = most_levels(min(shape[:2]))
  if loss == 'laplacian' and levels > most:
    raise ValueError(
      f"{name}'s pyramid cannot have levels={levels}: each halves an image "
      f'whose sides are {LEAST_SIDE} or more, and of {shape[0]}x{shape[1]} '
      f'there are at most {most}.'
    )


def check_doublings(name: str, shape: tuple[int, int, int]) -> None:
  """Raises ValueError unless `(H, W, C)` is a square of 16, 32, 64 and so on.

  Args:
    name: as in `check_quarters`.
    shape: likewise.
  """
  height, width, _ = shape
  if height != width or height < 16 or height & (height - 1):
    raise ValueError(
      f'{name} with convolutional networks needs two equal sides, a power of '
      f"2 from 16, not {shape}. The network 'infogan' takes any."
    )


def check_networks(
  name: str, network: autoencoder.Name, shape: tuple[int, int, int]
) -> None:
  """Raises ValueError unless encoder and decoder can be built for a shape.

  Args:
    name: as in `check_quarters`.
    network: which.
    shape: as in `check_quarters`.
  """
  if network == 'convolutional':  # The other takes any.
    check_doublings(name, shape)
