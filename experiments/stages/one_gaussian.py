"""What a generator draws of a mixture, and what of one Gaussian for all.

COLA draws from a Gaussian for each cluster, and GLO from one, which is wider
than any cluster: most of its draws lie between clusters, where there was no
code in training.
"""

import jax
import numpy as np

from experiments.pages import pictures
from experiments.pages.pictures import Pixels
from experiments.stages.class_samples import drawing
from lasium_jax.generators.gaussians import Gaussian, merged
from lasium_jax.types import Array, Generator, Params


def with_one(params: Params) -> Params:
  """The same parameters, whose prior has one Gaussian with its moments."""
  one = merged(Gaussian(**params['prior']))
  prior = {name: leaf[None] for name, leaf in one._asdict().items()}
  return {**params, 'prior': prior}


def draws(
  key: Array, model: Generator, params: Params, classes: int, images: int
) -> tuple[np.ndarray, np.ndarray]:
  """Images of the mixture and of the one Gaussian.

  Args:
    key: a PRNG key.
    model: with `sample_class`.
    params: its parameters, with a mixture of as many Gaussians as `classes`.
    classes: K.
    images: of either.

  Returns:
    Two arrays `[images, H, W, C]` uint8; of the mixture each class in turn.
  """
  drawn = drawing(model)
  y = np.arange(images, dtype=np.int32) % classes
  mixture_key, one_key = jax.random.split(key)
  return (
    drawn(mixture_key, params, y),
    drawn(one_key, with_one(params), np.zeros_like(y)),
  )


def sheet(
  both: tuple[np.ndarray, np.ndarray], columns: int, title: str, *, ink: bool
) -> Pixels:
  """Both side by side, of as many rows as columns at most.

  Args:
    both: what `draws` returned.
    columns: of either.
    title: of the mixture's.
    ink: as in `pictures.image_grid`.

  Returns:
    The picture.
  """
  scale = pictures.scale_of(both[0].shape[1])
  titles = title, 'one Gaussian for all'
  sheets = []
  for images, name in zip(both, titles, strict=True):
    shown = images[: columns**2] / 255
    grid = pictures.image_grid(shown, columns, scale=scale, ink=ink)
    sheets.append(pictures.titled(grid, name))
  return pictures.side_by_side(sheets)
