"""Few shapes for many sizes."""


def padded_size(n: int) -> int:
  """The least size that holds `n`, of four to each doubling.

  1 to 8, then 10, 12, 14, 16, 20, 24, 28, 32, 40 and so on: programs are
  compiled for few shapes, and at most a fourth of the work is for nothing.
  """
  step = 1 << max(0, n.bit_length() - 3)
  return -(-n // step) * step
