"""Mixed codes beside the image that is known to lie between two others.

Images of classes that training never saw are changed by known amounts: turned,
moved, scaled, as in training, and slanted and thickened, as it never has them
unless its maps are asked to slant.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.components.factors import Factor, factors
from experiments.run import streams
from experiments.run.precision import jit
from experiments.run.record import write_json
from experiments.run.results import INTERPOLANTS, Result
from experiments.run.run import Run
from experiments.stages.in_parts import in_parts
from lasium_jax import metrics
from lasium_jax.data.dataset import evenly_spaced
from lasium_jax.ops.images import as_floats
from lasium_jax.ops.mixtures import mix
from lasium_jax.settings import (
  Angle,
  Count,
  Enlargement,
  NonNegative,
  Radius,
  Range,
  Share,
  Ways,
)
from lasium_jax.types import Array, Generator, Params

METRIC = 'interpolant L1, of 255'


class Mixer(NamedTuple):
  """What mixes two images.

  Attributes:
    name: of its results.
    model: the generator, with an encoder.
    params: its parameters.
    steps: of its training.
    note: what a floor is, or ''.
  """

  name: str
  model: Generator
  params: Params
  steps: int
  note: str = ''


def measure(
  run: Run,
  model: Generator,
  params: Params,
  name: str,
  *,
  steps: int,
  images: Ways = 1_000,
  parts: Annotated[int, Range(2)] = 10,
  gaps: Count = 4,
  rotation: Angle = 20.0,
  translation: Share = 0.1,
  scale: Enlargement = 1.25,
  slant: NonNegative = 0.3,
  thickness: Radius = 2.0,
) -> list[Result]:
  """Measures the error of what lies between two images, and keeps its curves.

  A result is the mean over the weights between the ends, where the two images
  are as far apart as the range allows.

  Args:
    run: whose results they are.
    model: the generator, with an encoder.
    params: its parameters.
    name: of the test images' data set.
    steps: of the generator's training.
    images: test images, evenly spaced.
    parts: into which the weights from 0 to 1 are divided.
    gaps: shares of the range, the last of which is all of it, at which the
      error of the even mixture is measured.
    rotation: the largest angle either way, in degrees.
    translation: the largest shift either way, in fractions of a side.
    scale: the largest enlargement; the smallest is the inverse.
    slant: the largest either way, the tangent of the angle.
    thickness: the most that a stroke grows on each side, in pixels; images in
      color have none.

  Returns:
    A result of each factor, for the model and for mixtures of pixels.
  """
  test = run.splits.test
  some = evenly_spaced(test, images * test.images[0].nbytes).images
  contestants = (
    Mixer(run.name, model, params, steps),
    Mixer('pixels', metrics.PIXELS, (), 0, 'mixtures of pixels'),
  )
  key = streams.stream(run.seed, streams.INTERPOLANTS)
  programs = [_program(judged) for judged in contestants]
  compiled = functools.cache(jit)  # One change serves several factors.
  results, curves = [], {}
  changes = factors(
    rotation=rotation,
    translation=translation,
    scale=scale,
    slanted=slant,
    thickness=thickness,
  )
  if test.shape[-1] != 1:
    del changes['thickness']  # Photographs have no strokes.
  for factor_name, made in changes.items():
    factor = made._replace(change=compiled(made.change))
    measured = _measured(key, factor, programs, some, parts=parts, gaps=gaps)
    curves[factor_name] = {
      'range': factor.range,
      'by': {
        judged.name: {
          'weight': _curve(of_one.alphas, of_one.by_alpha),
          'gap': _curve(of_one.shares, of_one.by_gap),
        }
        for judged, of_one in zip(contestants, measured, strict=True)
      },
    }
    protocol = {'factor': factor_name, 'range': factor.range}
    results += [
      _result(run, name, judged, protocol, of_one.by_alpha[:, 1:-1].mean(1))
      for judged, of_one in zip(contestants, measured, strict=True)
    ]
  write_json(run.files.workdir / INTERPOLANTS, curves)
  return results


class Errors(NamedTuple):
  """The error of each image.

  Attributes:
    alphas: `[k]` weights, where the gap is the whole range.
    by_alpha: `[images, k]`.
    shares: `[g]` gaps, in shares of the range, where the weight is 1/2.
    by_gap: `[images, g]`.
  """

  alphas: np.ndarray
  by_alpha: np.ndarray
  shares: np.ndarray
  by_gap: np.ndarray


def _measured(
  key: Array,
  factor: Factor,
  programs: Sequence[Callable[..., Array]],
  images: np.ndarray,
  *,
  parts: int,
  gaps: int,
) -> list[Errors]:
  """The errors that each of the programs finds, at the same changes."""

  def changed(amounts: Any) -> np.ndarray:
    leaves, tree = jax.tree.flatten(amounts)

    def one(images: np.ndarray, *leaves: np.ndarray) -> Array:
      return factor.change(as_floats(images), jax.tree.unflatten(tree, leaves))

    return in_parts(one, images, *leaves)

  def errors(alpha: float, share: float) -> list[np.ndarray]:
    first, second = factor.ends(key, len(images), share)
    weights = np.full(len(images), alpha, np.float32)
    known = mix(jnp.asarray(weights), first, second)
    triplet = [changed(amounts) for amounts in (first, second, known)]
    return [in_parts(program, *triplet, weights) for program in programs]

  alphas, shares = np.linspace(0, 1, parts + 1), np.arange(1, gaps + 1) / gaps
  by_alpha = zip(*(errors(float(alpha), 1.0) for alpha in alphas), strict=True)
  by_gap = zip(*(errors(0.5, float(share)) for share in shares), strict=True)
  return [
    Errors(alphas, np.stack(first, 1), shares, np.stack(second, 1))
    for first, second in zip(by_alpha, by_gap, strict=True)
  ]


def _program(judged: Mixer) -> Callable[..., Array]:
  """`(a, b, c, alpha) -> errors [n]`."""

  @jit
  def errors(
    params: Params, a: Array, b: Array, c: Array, alpha: Array
  ) -> Array:
    return metrics.interpolant_error(judged.model, params, (a, b, c), alpha)

  return functools.partial(errors, judged.params)


def _curve(points: np.ndarray, errors: np.ndarray) -> dict[str, list[float]]:
  """Means over images with their intervals, as JSON."""
  found = np.array([metrics.mean_and_ci95(column) for column in errors.T])
  return {
    'at': points.tolist(),
    'mean': found[:, 0].tolist(),
    'ci95': found[:, 1].tolist(),
  }


def _result(
  run: Run,
  dataset: str,
  judged: Mixer,
  protocol: Mapping[str, Any],
  errors: np.ndarray,
) -> Result:
  value, ci95 = metrics.mean_and_ci95(errors)
  print(
    f'{judged.name}: {METRIC}, {protocol["factor"]}: {value:.3f} +- {ci95:.3f}',
    flush=True,
  )
  return Result(
    judged.name,
    METRIC,
    value,
    dataset,
    len(errors),
    'images',
    ci95,
    protocol,
    judged.steps,
    run.config,
    floor=bool(judged.note),
    note=judged.note,
  )
