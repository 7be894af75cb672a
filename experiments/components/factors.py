"""Changes of images by a known amount, and the two ends of each."""

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from lasium_jax.ops.affine import Affine, random_affine, slant, warp
from lasium_jax.ops.thickness import thicken
from lasium_jax.types import Array


class Factor(NamedTuple):
  """A change, and how far apart two amounts of it are.

  Attributes:
    change: `(x [n, H, W, C], amounts) -> x`.
    ends: `(key, n, share) -> (first, second)`, amounts that are as far apart
      as `share` of the whole range.
    range: the whole range, in words.
  """

  change: Callable[[Array, Any], Array]
  ends: Callable[[Array, int, float], tuple[Any, Any]]
  range: str


def factors(
  *,
  rotation: float,
  translation: float,
  scale: float,
  slanted: float,
  thickness: float,
) -> dict[str, Factor]:
  """What images are changed by.

  The first four are those of the interpolative autoencoder's training, or of
  such a kind: all three at once are drawn as there, and each alone goes from
  one end of its range to the other. The last two are in no such training,
  unless its maps are asked to slant.

  Args:
    rotation: the largest either way, in degrees.
    translation: the largest either way, in fractions of a side; alone it is
      sideways.
    scale: the largest; the smallest is its inverse.
    slanted: the largest either way, the tangent of the angle.
    thickness: the largest, in pixels on each side of a stroke; the smallest is
      0, the image as it is.

  Returns:
    By name.
  """
  radians = math.radians(rotation)

  def either_way(make: Callable[[Array], Any]) -> Any:
    """Ends at `share` and `-share`, each `[n]`."""
    return lambda key, n, share: (
      make(jnp.full(n, share)),
      make(jnp.full(n, -share)),
    )

  ranges = (
    f'up to {rotation:g} degrees, {translation:g} of a side and {scale:g} '
    'times as large, either way'
  )
  return {
    'affine': Factor(
      warp,
      functools.partial(
        _two_maps, rotation=radians, translation=translation, scale=scale
      ),
      ranges,
    ),
    'rotation': Factor(
      warp,
      either_way(lambda a: _still(a)._replace(rotation=radians * a)),
      f'-{rotation:g} to {rotation:g} degrees',
    ),
    'translation': Factor(
      warp,
      either_way(
        lambda a: _still(a)._replace(translation=_sideways(translation * a))
      ),
      f'-{translation:g} to {translation:g} of a side',
    ),
    'scale': Factor(
      warp,
      either_way(lambda a: _still(a)._replace(scale=scale**a)),
      f'{1 / scale:g} to {scale:g}',
    ),
    'slant': Factor(
      slant,
      either_way(lambda a: slanted * a),
      f'tangents of -{slanted:g} to {slanted:g}',
    ),
    'thickness': Factor(
      functools.partial(thicken, most=math.ceil(thickness)),
      either_way(lambda a: thickness / 2 * (1 + a)),
      f'0 to {thickness:g} pixels on each side',
    ),
  }


def _two_maps(
  key: Array,
  n: int,
  share: float,
  *,
  rotation: float,
  translation: float,
  scale: float,
) -> tuple[Affine, Affine]:
  """Two random maps for each of `n` images, as in interpolative training."""
  draw = functools.partial(
    random_affine,
    n=n,
    rotation=share * rotation,
    translation=share * translation,
    scale=scale**share,
  )
  first_key, second_key = jax.random.split(key)
  return draw(first_key), draw(second_key)


def _still(like: Array) -> Affine:
  """Maps that change nothing, as many as `like [n]` has numbers."""
  n = len(like)
  return Affine(jnp.zeros(n), jnp.zeros((n, 2)), jnp.ones(n))


def _sideways(amounts: Array) -> Array:
  return jnp.stack([jnp.zeros_like(amounts), amounts], axis=1)
