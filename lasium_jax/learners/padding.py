"""Support sets filled up to a size, and networks that ignore the filling."""

from typing import Any

from lasium_jax.types import Array, Examples, Network, Params


def real(support: Examples, padded: bool) -> Array | None:
  """`[n]` bool, False for padding; None where there is none."""
  return support.y >= 0 if padded else None


def apply(
  network: Network,
  params: Params,
  x: Array,
  statistics: Any = None,
  mask: Array | None = None,
) -> tuple[Array, Any]:
  """`network.apply`; without a mask for networks that know of none."""
  if mask is None:
    return network.apply(params, x, statistics)
  return network.apply(params, x, statistics, mask)
