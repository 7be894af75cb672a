"""Which images networks can make."""


def check_quarters(name: str, shape: tuple[int, int, int]) -> None:
  """Raises ValueError unless the sides of `(H, W, C)` are divisible by 4.

  Args:
    name: of what needs that, for the message.
    shape: of the images.
  """
  if shape[0] % 4 or shape[1] % 4:
    raise ValueError(f'{name} needs sides divisible by 4, not {shape}.')
