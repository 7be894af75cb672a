"""A picture of what a generator draws of each class, beside real images."""

import functools
from collections.abc import Callable

import jax.numpy as jnp
import numpy as np

from experiments.pages import pictures
from experiments.run import streams
from experiments.run.precision import jit
from experiments.run.run import Run
from experiments.stages.in_parts import in_parts
from experiments.stages.pictures import keep
from lasium_jax.data.dataset import class_counts
from lasium_jax.settings import Count
from lasium_jax.types import Array, Generator, Params

NAME = 'class_samples'
CAPTION = (
  'One {noun} a row. Left of the gap: real images, of the {shots} of the '
  '{noun} that the generator learned from. Right: what it draws of the {noun}.'
)


def show(
  run: Run,
  model: Generator,
  params: Params,
  noun: str = 'class',
  *,
  classes: Count = 10,
  real: Count = 5,
  images: Count = 12,
) -> None:
  """Keeps the picture.

  Args:
    run: whose picture it is; its training images are shown.
    model: the generator, with `sample_class`.
    params: its parameters.
    noun: what a class is called.
    classes: how many, at most, evenly spaced: the rows.
    real: images of a class that are shown, at most, evenly spaced.
    images: drawn of each class.
  """
  train = run.splits.train
  counts = class_counts(train)
  classes = min(classes, len(counts))
  chosen = np.arange(classes) * len(counts) // classes
  starts = (np.cumsum(counts) - counts)[chosen]
  real = min(real, int(counts.min()))
  # Evenly spaced: where classes are clusters, neighbors are of one true class.
  offsets = np.arange(real) * counts[chosen][:, None] // real
  shown = train.images[starts[:, None] + offsets] / 255
  key = streams.stream(run.seed, streams.CLASS_SAMPLES)
  y = jnp.asarray(np.repeat(chosen, images), jnp.int32)
  made = np.asarray(jit(draw(model))(key, params, y))
  made = made.reshape(classes, images, *train.shape)
  scale = pictures.scale_of(train.shape[0])
  names = [train.class_names[i] for i in chosen]
  left = pictures.labeled_grid(shown, names, scale=scale, ink=run.ink)
  flat = made.reshape(-1, *train.shape)
  right = pictures.image_grid(flat, images, scale=scale, ink=run.ink)
  keep(
    run.files,
    NAME,
    NAME,
    pictures.side_by_side([left, right]),
    CAPTION.format(noun=noun, shots=_in_words(counts)),
    scroll=True,
  )


def _in_words(counts: np.ndarray) -> str:
  """How many images a class has."""
  least, most = counts.min(), counts.max()
  return f'{least}' if least == most else f'{least} or more'


def draw(model: Generator) -> Callable[[Array, Params, Array], Array]:
  """`(key, params, y [n]) -> x [n, H, W, C]`, an image of each class."""
  sample_class = model.sample_class
  assert sample_class is not None

  def drawn(key: Array, params: Params, y: Array) -> Array:
    return model.decode(params, sample_class(key, params, y))

  return drawn


def drawing(
  model: Generator,
) -> Callable[[Array, Params, np.ndarray], np.ndarray]:
  """`(key, source, y [n]) -> images [n, H, W, C]` uint8 of these classes."""
  assert model.sample_class is not None
  codes_of = jit(model.sample_class)

  @jit
  def shown(source: Params, codes: Array) -> Array:
    return jnp.rint(255 * model.decode(source, codes)).astype(jnp.uint8)

  def drawn(key: Array, source: Params, y: np.ndarray) -> np.ndarray:
    codes = np.asarray(codes_of(key, source, jnp.asarray(y)))
    return in_parts(functools.partial(shown, source), codes)

  return drawn
