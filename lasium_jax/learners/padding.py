"""Support sets filled up to a size."""

from lasium_jax.types import Array, Examples


def real(support: Examples, padded: bool) -> Array | None:
  """`[n]` bool, False for padding; None where there is none."""
  return support.y >= 0 if padded else None
