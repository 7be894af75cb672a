"""New images of a class, made of a few of it, beside real ones (figure 8).

Of each group of seeds, all of a class that training never saw, one new image is
made. These are compared with real images of such classes, as are mixtures of
pixels, an anchor, and real images, a floor.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.run import streams
from experiments.run.config import Settings
from experiments.run.precision import jit
from experiments.run.results import Result
from experiments.run.run import Run
from experiments.stages.distances import (
  Embedding,
  Sample,
  compared,
  copying,
  result_of,
)
from experiments.stages.in_parts import in_parts
from experiments.stages.new_drawings import pixels_as_codes
from experiments.stages.seeds import Groups, draw_groups
from lasium_jax import metrics
from lasium_jax.latents import few_shot, mixtures
from lasium_jax.ops.images import as_floats
from lasium_jax.types import Array, Generator, Params

AS_DIGIT = 'share of new images that the recognizer reads as a digit'
# TFDS's data sets of characters whose first classes are the digits.
_WITH_DIGITS = ('emnist/byclass', 'emnist/bymerge', 'emnist/balanced')
_DIGITS = 10
_AT_ONCE = 64  # Groups, each of several images.


def measure(
  run: Run,
  model: Generator,
  params: Params,
  embedding: Embedding | None,
  name: str,
  *,
  steps: int,
  seeds: int,
  images: int,
  neighbors: int,
  density_neighbors: int,
  subsets: int,
  subset_size: int,
  **_: Any,
) -> list[Result]:
  """Measures new images of classes of the test images.

  Args:
    run: whose results they are.
    model: the generator, with `sample_like`.
    params: its parameters.
    embedding: in whose features images are compared, and what reads them; None
      leaves out both.
    name: of the test images' data set.
    steps: of the generator's training.
    seeds: that a new image is made of.
    images: as `quality.measure` has it, and the others likewise.
    neighbors: of precision and recall.
    density_neighbors: of density and coverage.
    subsets: of the kernel distance.
    subset_size: its images.

  Returns:
    The results.
  """
  stream = streams.stream(run.seed, streams.NEW_IMAGES)
  row_key, made_key, subset_key = jax.random.split(stream, 3)
  groups = draw_groups(row_key, run.splits.test, images, seeds)
  all_judged = [Sample(run.name, make(made_key, model, params, groups))]
  if seeds > 1:
    pixels = few_shot(pixels_as_codes(run.splits.test.shape), mixtures())
    mixed = make(made_key, pixels, (), groups)
    all_judged.append(Sample('pixels', mixed, 'mixtures of pixels'))
  real = Sample('real', groups.alike, 'real images of the same classes')
  all_judged.append(real)
  made_of = f'{seeds} {"seeds" if seeds > 1 else "seed"}'
  result = functools.partial(
    result_of, run=run, dataset=name, steps=steps, made_of=made_of
  )
  flat = groups.seeds.reshape(-1, *groups.seeds.shape[2:])
  results = copying(run, result, all_judged, flat, groups.real)
  if embedding is None:
    return results
  results += compared(
    subset_key,
    result,
    embedding,
    all_judged,
    groups.real,
    neighbors=neighbors,
    density_neighbors=density_neighbors,
    subsets=subsets,
    subset_size=subset_size,
  )
  if digits := digits_of(embedding.data):
    results += [
      _read_digits(result, embedding, digits, judged) for judged in all_judged
    ]
  return results


def digits_of(data: Settings) -> int:
  """How many of a recognizer's classes, the first ones, are digits.

  Args:
    data: the section of the images that it was trained on.

  Returns:
    Their number; 0 where it does not tell digits from letters.
  """
  # Sections of all classes of a split alone have them in TFDS's order.
  in_order = data.get('name') == 'tfds_images' and not data.get('classes')
  if not in_order or data.get('dataset') not in _WITH_DIGITS:
    return 0
  return max(_DIGITS - int(data.get('first_class', 0)), 0)


def make(
  key: Array, model: Generator, params: Params, groups: Groups
) -> np.ndarray:
  """One new image of each group, as bytes `[n, H, W, C]`."""
  sample = model.sample_like
  assert sample is not None

  @jit
  def shown(params: Params, rows: Array, seeds: Array) -> Array:
    def one(given: tuple[Array, Array]) -> Array:
      row, x = given
      own = jax.random.fold_in(key, row)
      return model.decode(params, sample(own, params, as_floats(x), 1))[0]

    x = jax.lax.map(one, (rows, seeds), batch_size=_AT_ONCE)
    return jnp.rint(255 * x.clip(0, 1)).astype(jnp.uint8)

  rows = np.arange(len(groups.seeds), dtype=np.int32)
  return in_parts(functools.partial(shown, params), rows, groups.seeds)


def _read_digits(
  result: Any, embedding: Embedding, digits: int, judged: Sample
) -> Result:
  """How many are read as one of the digits, which no seed shows."""

  @jit
  def read(params: Params, images: Array) -> Array:
    said = embedding.classify(params, as_floats(images)).logits
    return said.argmax(-1) < digits

  found = in_parts(functools.partial(read, embedding.params), judged.images)
  value, ci95 = metrics.mean_and_ci95(found.astype(np.float64))
  n, by = len(found), embedding.name
  return result(judged, AS_DIGIT, value, n, ci95=ci95, recognizer=by)
