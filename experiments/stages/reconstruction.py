"""How well a generator gives back images that it was not trained on."""

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

from experiments.run.precision import jit
from experiments.run.results import Result
from experiments.run.run import Run
from experiments.stages.in_parts import in_parts
from lasium_jax import metrics
from lasium_jax.data.dataset import Dataset, evenly_spaced
from lasium_jax.ops.images import as_floats
from lasium_jax.settings import Ways
from lasium_jax.types import Array, Generator, Params

METRIC = 'reconstruction L1, of 255'


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
  value, ci95 = metrics.mean_and_ci95(
    in_parts(functools.partial(errors, params), some)
  )
  print(
    f'{run.name}: {METRIC}: {value:.3f} +- {ci95:.3f} on {len(some):,} images '
    f'of {judged.name}',
    flush=True,
  )
  return Result(
    run.name,
    METRIC,
    value,
    judged.name,
    len(some),
    'images',
    ci95,
    judged.protocol,
    steps,
    run.config,
  )
