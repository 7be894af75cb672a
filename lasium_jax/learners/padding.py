"""Support sets filled up to a size."""

from lasium_jax.ops.labels import is_hard
from lasium_jax.types import Array, Examples


def real(support: Examples, padded: bool) -> Array | None:
  """`[n]` bool, False for padding; None where there is none.

  Padding has the label -1, or a soft label of zeros alone.
  """
  if not padded:
    return None
  return support.y >= 0 if is_hard(support.y) else support.y.any(axis=-1)
