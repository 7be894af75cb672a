"""How well a generator gives back images that it was not trained on."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from experiments.run.precision import jit
from experiments.run.results import Result
from experiments.run.run import Run
from experiments.stages.in_parts import in_parts
from experiments.stages.pictures import keep_sheet
from lasium_jax import metrics
from lasium_jax.data.dataset import Dataset, evenly_spaced
from lasium_jax.ops.images import as_floats
from lasium_jax.settings import Ways
from lasium_jax.types import Array, Generator, Params

NAME = 'reconstruct'
METRIC = 'reconstruction L1, of 255'
SHOWN, COLUMNS = 24, 8  # Images of a picture, and of a row.


class Judged(NamedTuple):
  """Images that a generator is judged on.

  Attributes:
    images: on the host.
    name: of their data set.
    protocol: what else the number depends on.
  """

  images: Dataset
  name: str
  protocol: Mapping[str, Any]


def measure(
  run: Run,
  model: Generator,
  params: Params,
  judged: Judged,
  *,
  steps: int,
  most: Ways = 10_000,
) -> Result:
  """Measures the error of a pixel, and its 95 % interval over images.

  Args:
    run: whose result it is.
    model: the generator, with an encoder.
    params: its parameters.
    judged: on what.
    steps: of its training.
    most: images, evenly spaced if there are more.

  Returns:
    The result.
  """

  @jit
  def errors(params: Params, images: Array) -> Array:
    return metrics.pixel_error(model, params, as_floats(images))

  images = judged.images.images
  some = evenly_spaced(judged.images, most * images[0].nbytes).images
  found = in_parts(functools.partial(errors, params), some)
  return result_of(run, METRIC, judged, found, judged.protocol, steps=steps)


def result_of(
  run: Run,
  metric: str,
  judged: Judged,
  errors: np.ndarray,
  protocol: Mapping[str, Any],
  *,
  steps: int,
) -> Result:
  """The mean of the errors `[n]` of judged images, which it prints."""
  value, ci95 = metrics.mean_and_ci95(errors)
  print(
    f'{run.name}: {metric}: {value:.3f} +- {ci95:.3f} on {len(errors):,} '
    f'images of {judged.name}',
    flush=True,
  )
  return Result(
    run.name,
    metric,
    value,
    judged.name,
    len(errors),
    'images',
    ci95,
    protocol,
    steps,
    run.config,
  )


def show(
  run: Run, model: Generator, params: Params, all_judged: Sequence[Judged]
) -> None:
  """Keeps pictures of images, and below them what is given back of them."""

  @jit
  def again(params: Params, x: Array) -> Array:
    assert model.encode is not None
    return model.decode(params, model.encode(params, x))

  for i, judged in enumerate(all_judged):
    images = judged.images.images
    x = as_floats(images[np.linspace(0, len(images) - 1, SHOWN).astype(int)])
    rows = [
      part.reshape(-1, COLUMNS, *x.shape[1:]) for part in (x, again(params, x))
    ]
    protocol = ', '.join(f'{k} {v}' for k, v in judged.protocol.items())
    keep_sheet(
      run,
      NAME,
      f'{NAME}_{i}',
      jnp.stack(rows, 1).reshape(-1, *x.shape[1:]),
      f'Images of {judged.name} ({protocol}), and in the row below each '
      'what is given back',
      columns=COLUMNS,
    )


def inverted(judged: Judged) -> Judged:
  """The same images with light for dark, of which training saw none."""
  images = judged.images._replace(images=255 - judged.images.images)
  return judged._replace(
    images=images, protocol={**judged.protocol, 'inverted': True}
  )
