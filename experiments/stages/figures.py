"""Rows of the figures of Interpolative Autoencoders: models side by side."""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.run.precision import jit
from experiments.stages import few_shot_generation, interpolation
from lasium_jax import latents
from lasium_jax.data import Splits
from lasium_jax.data.dataset import Dataset
from lasium_jax.generators import find_codes
from lasium_jax.latents import few_shot
from lasium_jax.ops.images import as_floats
from lasium_jax.types import Array, Generator, Params

PARTS = 8  # Of a path: a row has one image more.
SEEDS = 5  # Of a class, of which new images are made.
NEW = 10
MIDPOINT_SEEDS = 6
SEARCH_STEPS = 300


class Compared(NamedTuple):
  """A trained model of the figure.

  Attributes:
    name: of its run.
    model: the generator.
    params: its parameters.
    kinds: what the images of validation and of test are to it, in a word each.
  """

  name: str
  model: Generator
  params: Params
  kinds: tuple[str, str] = ('held out', 'novel')


class Drawn(NamedTuple):
  """What a figure shows.

  Attributes:
    names: of its rows.
    images: `[rows, columns, H, W, C]` in [0, 1].
    numbers: that belong to it, for JSON.
  """

  names: list[str]
  images: np.ndarray
  numbers: Mapping[str, Any]


Figure = Callable[[Array, Sequence[Compared], Splits, int], Drawn]


def paths(
  key: Array, compared: Sequence[Compared], splits: Splits, count: int
) -> Drawn:
  """Pixels fade, codes are interpolated (figures 6, 7, 9 and 11).

  The numbers are the share of gray pixels, neither dark nor light, half way
  on each kind of path, and that of the images at its ends: where strokes fade
  instead of moving, more pixels are gray.
  """
  rows = interpolation.choose(key, splits.test, count)
  first, second = as_floats(jnp.asarray(splits.test.images[rows]))
  names, images = list[str](), list[np.ndarray]()
  for name, model, params, _ in compared:
    draw_rows = functools.partial(interpolation.path_rows, model, parts=PARTS)
    made = np.asarray(jit(draw_rows)(params, first, second))
    of_pixels, of_codes = np.moveaxis(
      made.reshape(count, 2, PARTS + 1, *made.shape[1:]), 1, 0
    )
    if not images:
      names.append('pixels')
      images.append(of_pixels)
    names.append(name)
    images.append(of_codes)
  ends = np.stack([first, second])
  stacked = np.stack(images, axis=1)  # [pairs, kinds, images of a path, ...].
  return Drawn(
    names * count,
    stacked.reshape(-1, *stacked.shape[2:]),
    {
      'classes': _class_names(splits.test, rows[0]),
      'gray': {
        'ends': _gray(ends),
        **{
          name: _gray(of_kind[:, PARTS // 2])
          for name, of_kind in zip(names, images, strict=True)
        },
      },
    },
  )


def reconstructions(
  key: Array, compared: Sequence[Compared], splits: Splits, count: int
) -> Drawn:
  """Images like those of training, then of novel classes, and what models
  give back of them (figures 2 and 3).
  """
  del key
  judged = (splits.validation, splits.test)
  images = [_spread(dataset, count) for dataset in judged]
  return _reconstructed(compared, np.concatenate(images))


def searched(
  key: Array, compared: Sequence[Compared], splits: Splits, count: int
) -> Drawn:
  """What models give back, and what they could, by a search (figure 2).

  Of a model that has a prior there is a row of what it makes of that.
  """
  drawn = reconstructions(key, compared, splits, count)
  x = jnp.asarray(drawn.images[0])
  names, images = ['original'], [drawn.images[0]]
  errors = dict[str, dict[str, float]]()
  for i, (name, model, params, kinds) in enumerate(compared):
    again = np.asarray(jit(functools.partial(_by_search, model))(params, x))
    names += [name, f'{name}, searched']
    images += [drawn.images[i + 1], again]
    errors[name] = _errors(kinds, again, drawn.images[0])
    if model.sample is not None:
      make = jit(functools.partial(_of_prior, model, n=len(x)))
      names.append(f'{name}, of its prior')
      images.append(np.asarray(make(key, params)))
  numbers = {**drawn.numbers, 'of codes that a search found': errors}
  return Drawn(names, np.stack(images), numbers)


def _by_search(model: Generator, params: Params, x: Array) -> Array:
  assert model.encode is not None
  z = find_codes(model, params, x, model.encode(params, x), steps=SEARCH_STEPS)
  return model.decode(params, z)


def _of_prior(model: Generator, key: Array, params: Params, *, n: int) -> Array:
  assert model.sample is not None
  return model.decode(params, model.sample(key, params, n))


def inverted(
  key: Array, compared: Sequence[Compared], splits: Splits, count: int
) -> Drawn:
  """Images like those of training with their colors inverted (figure 4)."""
  del key
  images = _spread(splits.validation, count)
  return _reconstructed(
    [own._replace(kinds=(own.kinds[0], 'inverted')) for own in compared],
    np.concatenate([images, 1 - images]),
  )


def midpoints(
  key: Array, compared: Sequence[Compared], splits: Splits, count: int
) -> Drawn:
  """Six seeds of a novel class, inverted, and 15 midpoints (figure 10)."""
  pairs = MIDPOINT_SEEDS * (MIDPOINT_SEEDS - 1) // 2
  models = [
    own._replace(model=few_shot(own.model, latents.midpoints()))
    for own in compared
  ]
  return _made(
    key, models, splits.test, count, seeds=MIDPOINT_SEEDS, number=pairs
  )


def new_images(
  key: Array, compared: Sequence[Compared], splits: Splits, count: int
) -> Drawn:
  """Five seeds of a novel class, inverted, and new images of it (figure 8).

  Models draw images like others in their own way, by `sample_like`.
  """
  return _made(key, compared, splits.test, count, seeds=SEEDS, number=NEW)


def _made(
  key: Array,
  compared: Sequence[Compared],
  dataset: Dataset,
  classes: int,
  *,
  seeds: int,
  number: int,
) -> Drawn:
  """Rows of seeds and of what each model makes of them, class by class."""
  row_key, sample_key = jax.random.split(key)
  rows = few_shot_generation.choose(row_key, dataset, classes, seeds)
  x = as_floats(jnp.asarray(dataset.images[rows]))  # [classes, seeds, ...].
  images = list[np.ndarray]()
  for _, model, params, _ in compared:
    make = jit(
      functools.partial(few_shot_generation.images_like, model, n=number)
    )
    images.append(np.concatenate([1 - x, make(sample_key, params, x)], axis=1))
  stacked = np.stack(images, axis=1)  # [classes, models, images, ...].
  return Drawn(
    [own.name for own in compared] * classes,
    stacked.reshape(-1, *stacked.shape[2:]),
    {'classes': _class_names(dataset, rows[:, 0]), 'seeds': seeds},
  )


def _reconstructed(compared: Sequence[Compared], x: np.ndarray) -> Drawn:
  """Rows of originals, then of what each model gives back of them.

  Args:
    compared: the models.
    x: `[2 * count, H, W, C]`, as many images of one of their kinds as of the
      other.
  """
  images, errors = [x], dict[str, dict[str, float]]()
  for name, model, params, kinds in compared:
    assert model.encode is not None
    encode, decode = jit(model.encode), jit(model.decode)
    again = np.asarray(decode(params, encode(params, x)))
    images.append(again)
    errors[name] = _errors(kinds, again, x)
  return Drawn(
    ['original', *(own.name for own in compared)],
    np.stack(images),
    {'reconstruction L1, of 255, of what is drawn': errors},
  )


def _errors(
  kinds: Sequence[str], again: np.ndarray, x: np.ndarray
) -> dict[str, float]:
  """The mean error of each kind of images, of which there are as many."""
  parts = np.split(255 * np.abs(again - x), len(kinds))
  return {
    kind: float(part.mean()) for kind, part in zip(kinds, parts, strict=True)
  }


def _spread(dataset: Dataset, count: int) -> np.ndarray:
  """Images `[count, H, W, C]` in [0, 1] of classes evenly spaced."""
  places = np.linspace(0, len(dataset.images) - 1, count + 1).astype(int)[:-1]
  return np.asarray(as_floats(jnp.asarray(dataset.images[places])))


def _class_names(dataset: Dataset, rows: np.ndarray) -> list[str]:
  return [dataset.class_names[label] for label in dataset.labels[rows]]


def _gray(images: np.ndarray) -> float:
  """The share of pixels between a quarter and three quarters of light."""
  return float(((images > 0.25) & (images < 0.75)).mean())


FIGURES: dict[str, Figure] = {
  'paths': paths,
  'reconstructions': reconstructions,
  'inverted': inverted,
  'searched': searched,
  'midpoints': midpoints,
  'new_images': new_images,
}
