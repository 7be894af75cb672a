"""Pictures of what lies between the codes of two images."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from experiments.run import streams
from experiments.run.config import BadConfig
from experiments.run.precision import jit
from experiments.run.run import Run
from experiments.stages.pictures import keep_sheet
from lasium_jax.data.dataset import Dataset, class_counts
from lasium_jax.ops.images import as_floats
from lasium_jax.ops.mixtures import mix
from lasium_jax.settings import Count
from lasium_jax.types import Array, Generator, Params

NAME = 'interpolate'
CAPTION = (
  'Two images of a class of the evaluation data, and mixtures of them: of '
  'pixels in one row, of codes in the row below it.'
)


def show(
  run: Run,
  model: Generator,
  params: Params,
  dataset: Dataset,
  *,
  pairs: Count = 8,
  parts: Count = 8,
) -> None:
  """Keeps a picture of paths between pairs of images.

  Args:
    run: whose picture it is; the pairs follow from its seed.
    model: the generator, with an encoder.
    params: its parameters.
    dataset: two images of each pair are of one class of it.
    pairs: how many, of classes evenly spaced.
    parts: of a path: a row has one image more.
  """
  key = streams.stream(run.seed, streams.INTERPOLATIONS)
  first, second = as_floats(dataset.images[choose(key, dataset, pairs)])
  rows = jit(functools.partial(path_rows, model, parts=parts))(
    params, first, second
  )
  keep_sheet(run, NAME, NAME, rows, CAPTION, columns=parts + 1)


def choose(key: Array, dataset: Dataset, pairs: int) -> np.ndarray:
  """The rows `[2, pairs]` of two different images of one class each.

  Raises:
    BadConfig: if every class has one image alone.
  """
  counts = class_counts(dataset)
  able = np.flatnonzero(counts > 1)
  if not len(able):
    raise BadConfig(
      'Each class of config.evaluation_data has one image alone, and paths are '
      'between two of a class: name a data set that has more.'
    )
  return pairs_of(key, dataset, able[np.arange(pairs) * len(able) // pairs])


def pairs_of(key: Array, dataset: Dataset, classes: np.ndarray) -> np.ndarray:
  """The rows `[2, n]` of two different images of each of `classes [n]`."""
  counts = class_counts(dataset)
  starts = np.cumsum(counts) - counts
  uniform = np.asarray(jax.random.uniform(key, (2, len(classes))))
  first = (uniform[0] * counts[classes]).astype(int)
  # By one or more images further on, around the class.
  onward = 1 + (uniform[1] * (counts[classes] - 1)).astype(int)
  second = (first + onward) % counts[classes]
  return starts[classes] + np.stack([first, second])


def path_rows(
  model: Generator, params: Params, first: Array, second: Array, *, parts: int
) -> Array:
  """Mixtures of pixels and of codes, with growing weight of the second.

  Args:
    model: the generator.
    params: its parameters.
    first: `[pairs, H, W, C]`.
    second: likewise.
    parts: of a path.

  Returns:
    `[pairs * 2 * (parts + 1), H, W, C]`: for each pair the row of pixels, then
    the row of codes.
  """
  assert model.encode is not None
  alphas = jnp.tile(jnp.linspace(1, 0, parts + 1), len(first))

  def paths(a: Array, b: Array) -> Array:
    ends = (jnp.repeat(end, parts + 1, axis=0) for end in (a, b))
    return mix(alphas, *ends)

  codes = paths(model.encode(params, first), model.encode(params, second))
  rows = jnp.stack(
    [
      x.reshape(len(first), parts + 1, *first.shape[1:])
      for x in (paths(first, second), model.decode(params, codes))
    ],
    axis=1,
  )
  return rows.reshape(-1, *first.shape[1:])
