"""What mixed codes show, beside real images of the same classes.

Mixtures of two images of a class that training never saw are compared with real
images of such classes. Mixtures of pixels and real images are judged in the
same way, so that there is an anchor and a floor.
"""

import functools
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from experiments.run import streams
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
from experiments.stages.seeds import Pairs, draw
from lasium_jax import metrics
from lasium_jax.ops.images import as_floats
from lasium_jax.ops.mixtures import mix
from lasium_jax.settings import Count, Ways
from lasium_jax.types import Array, Generator, Params

CYCLE = "cycle error of mixed codes, of the codes' spread"


def measure(
  run: Run,
  model: Generator,
  params: Params,
  embedding: Embedding | None,
  name: str,
  *,
  steps: int,
  images: Ways = 2_000,
  alphas: Literal['half', 'uniform'] = 'half',
  neighbors: Count = 3,
  density_neighbors: Count = 5,
  subsets: Count = 100,
  subset_size: Ways = 1_000,
  recognizer: str = '',
) -> list[Result]:
  """Measures mixtures of pairs of the test images.

  Args:
    run: whose results they are.
    model: the generator, with an encoder.
    params: its parameters.
    embedding: what `recognizer` names; without it no features are compared.
    name: of the test images' data set.
    steps: of the generator's training.
    images: how many are made, at most as many as there are real ones to compare
      them with.
    alphas: 'half' mixes all pairs evenly, which is the hardest; 'uniform' draws
      the weights from [0, 1].
    neighbors: of precision and recall.
    density_neighbors: of density and coverage.
    subsets: of the kernel distance.
    subset_size: its images.
    recognizer: the folder of a recognizer's run, or of the model that was
      exported of it, or a file of Inception's weights; '' leaves out what
      needs its features.

  Returns:
    The results.
  """
  del recognizer
  key = streams.stream(run.seed, streams.QUALITY)
  pair_key, subset_key = jax.random.split(key)
  pairs = draw(pair_key, run.splits.test, images, alphas)
  made, codes = _mixed(model, params, pairs)
  of_pixels, _ = _mixed(metrics.PIXELS, (), pairs)
  all_judged = [
    Sample(run.name, made),
    Sample('pixels', of_pixels, 'mixtures of pixels'),
    Sample('real', pairs.alike, 'real images of the same classes'),
  ]
  mixed = 'evenly' if alphas == 'half' else 'uniformly'
  result = functools.partial(
    result_of, run=run, dataset=name, steps=steps, mixed=mixed
  )
  results = [_cycle(result, model, params, made.shape[0], codes)]
  both = np.concatenate([pairs.first, pairs.second])
  results += copying(run, result, all_judged, both, pairs.real)
  if embedding is not None:
    results += compared(
      subset_key,
      result,
      embedding,
      all_judged,
      pairs.real,
      neighbors=neighbors,
      density_neighbors=density_neighbors,
      subsets=subsets,
      subset_size=subset_size,
    )
  return results


def _mixed(
  model: Generator, params: Params, pairs: Pairs
) -> tuple[np.ndarray, np.ndarray]:
  """What mixed codes show, as bytes, and the codes."""
  encode = model.encode
  assert encode is not None

  @jit
  def mixed(params: Params, first: Array, second: Array, alpha: Array) -> Array:
    ends = (encode(params, as_floats(x)) for x in (first, second))
    return mix(alpha, *ends)

  @jit
  def shown(params: Params, codes: Array) -> Array:
    x = model.decode(params, codes)
    return jnp.rint(255 * x.clip(0, 1)).astype(jnp.uint8)

  codes = in_parts(functools.partial(mixed, params), *pairs[:3])
  return in_parts(functools.partial(shown, params), codes), codes


def _cycle(
  result: Any, model: Generator, params: Params, n: int, codes: np.ndarray
) -> Result:
  """Whether what mixed codes show has these codes."""

  @jit
  def errors(params: Params, codes: Array) -> Array:
    return metrics.cycle_error(model, params, codes)

  spread = float(metrics.code_spread(jnp.asarray(codes)))
  relative = in_parts(functools.partial(errors, params), codes) / spread
  value, ci95 = metrics.mean_and_ci95(relative)
  return result(None, CYCLE, value, n, ci95=ci95)
