"""How far made images lie among real ones, and real ones among made ones.

Balls around the images of a set, each as large as the distance to its k-th
nearest neighbor in that set, stand for where such images lie.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lasium_jax.metrics.samples import Features, as_samples

_BLOCK = 1_000  # Rows whose distances are in memory at once.


class PRDC(NamedTuple):
  """Shares, but for `density`, which may be above 1.

  Attributes:
    precision: of made images, those inside a ball of a real one.
    recall: of real images, those inside a ball of a made one.
    density: real balls that a made image is in, in units of k.
    coverage: of real images, those whose ball has a made one.
  """

  precision: float
  recall: float
  density: float
  coverage: float


def prdc(
  real: ArrayLike,
  made: ArrayLike,
  *,
  neighbors: int = 3,
  density_neighbors: int = 5,
) -> PRDC:
  """Precision and recall, density and coverage.

  See Kynkäänniemi et al. 2019, equations 1 and 2, and Naeem et al. 2020,
  equations 3 and 4. As in the code of the latter a ball has no surface, and an
  image is no neighbor of itself, though a copy of it is.

  Args:
    real: features `[n, F]`, more rows than neighbors.
    made: features `[m, F]`, likewise.
    neighbors: k of precision and recall.
    density_neighbors: k of density and coverage.

  Returns:
    The four numbers.

  Raises:
    ValueError: if the features are not such, or too few, or not finite, or
      there are no neighbors.

  Example:
    >>> real = jnp.arange(6.0)[:, None]
    >>> lx.metrics.prdc(real, jnp.array([[2.5]] * 6)).precision
    1.0
  """
  if min(neighbors, density_neighbors) < 1:
    raise ValueError(
      f'{neighbors} and {density_neighbors} neighbors were asked for; there '
      'must be one or more.'
    )
  most = max(neighbors, density_neighbors)
  real, made = as_samples(real, made, most + 1)
  radii = _radii(real, (neighbors, density_neighbors))
  made_radii = _radii(made, (neighbors,))[0]
  precise = np.zeros(len(made), bool)
  balls = 0
  recalled, covered = [], []
  for rows, distances in _blocks(real, made):
    precise |= (distances < radii[0][rows, None]).any(0)
    inside = distances < radii[1][rows, None]
    balls += int(inside.sum())
    covered.append(inside.any(1))
    recalled.append((distances < made_radii).any(1))
  return PRDC(
    float(precise.mean()),
    float(np.concatenate(recalled).mean()),
    balls / (density_neighbors * len(made)),
    float(np.concatenate(covered).mean()),
  )


def _radii(x: Features, neighbors: tuple[int, ...]) -> list[Features]:
  """The squared distance of each row to its k-th nearest other, for each k."""
  # The nearest of all is the row itself.
  nearest = np.concatenate(
    [np.partition(d, neighbors, axis=1) for _, d in _blocks(x, x)]
  )
  return [nearest[:, k] for k in neighbors]


def _blocks(x: Features, y: Features) -> Iterator[tuple[slice, Features]]:
  """Squared distances of some rows of x after others, to all rows of y."""
  squares = np.square(y).sum(1)
  for first in range(0, len(x), _BLOCK):
    rows = slice(first, first + _BLOCK)
    own = np.square(x[rows]).sum(1)[:, None]
    yield rows, (own + squares - 2 * x[rows] @ y.T).clip(0)
