"""What mixed codes show, beside real images of the same classes.

Mixtures of two images of a class that training never saw are compared with real
images of such classes. Mixtures of pixels and real images are judged in the
same way, so that there is an anchor and a floor.
"""

import functools
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.run import streams
from experiments.run.precision import jit
from experiments.run.results import Result
from experiments.run.run import Run
from experiments.stages.in_parts import in_parts
from experiments.stages.seeds import Pairs, draw
from lasium_jax import metrics
from lasium_jax.data.dataset import evenly_spaced
from lasium_jax.ops.images import as_floats
from lasium_jax.ops.mixtures import mix
from lasium_jax.settings import Count, Ways
from lasium_jax.types import Array, ClassifyFn, Generator, Params

IN_FEATURES = "in the recognizer's features"
TO_SEED = 'RMS difference to the nearest seed, of 255'
TO_TRAINING = 'RMS difference to the nearest training image, of 255'
CYCLE = "cycle error of mixed codes, of the codes' spread"


class Embedding(NamedTuple):
  """By what images are compared.

  Attributes:
    name: what results call it.
    classify: the classifier whose features count.
    params: its parameters.
  """

  name: str
  classify: ClassifyFn
  params: Params


class Sample(NamedTuple):
  """Images that are compared with real ones.

  Attributes:
    name: of their results.
    images: `[n, H, W, C]` uint8.
    note: what a floor is, in a few words; '' for what a model made.
  """

  name: str
  images: np.ndarray
  note: str = ''


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
      exported of it; '' leaves out what needs its features.

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
    _result, run=run, dataset=name, steps=steps, mixed=mixed
  )
  results = [_cycle(result, model, params, made.shape[0], codes)]
  results += _copying(run, result, all_judged, pairs)
  if embedding is not None:
    compare = functools.partial(
      _compare,
      subset_key,
      neighbors=neighbors,
      density_neighbors=density_neighbors,
      subsets=subsets,
      subset_size=subset_size,
    )
    results += _in_features(result, embedding, all_judged, pairs.real, compare)
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


def _copying(
  run: Run, result: Any, all_judged: Sequence[Sample], pairs: Pairs
) -> list[Result]:
  """How far images are from what they could be copies of.

  Of real ones those are taken among which there are no seeds.
  """
  training = evenly_spaced(run.splits.train, run.device_bytes).images
  seeds = np.concatenate([pairs.first, pairs.second])
  find = jit(metrics.nearest)
  results = []
  for metric, others in ((TO_SEED, seeds), (TO_TRAINING, training)):
    on_device = jnp.asarray(others)

    def distances(x: Array, others: Array = on_device) -> Array:
      return find(x, others).distance

    for judged in all_judged:
      x = pairs.real if judged.name == 'real' else judged.images
      value, ci95 = metrics.mean_and_ci95(in_parts(distances, x))
      results.append(
        result(judged, metric, value, len(x), ci95=ci95, others=len(others))
      )
  return results


def _in_features(
  result: Any,
  embedding: Embedding,
  all_judged: Sequence[Sample],
  real: np.ndarray,
  compare: Any,
) -> list[Result]:
  """Every measure of features, for each of the sets."""

  @jit
  def features(params: Params, images: Array) -> Array:
    return embedding.classify(params, as_floats(images)).features

  embed = functools.partial(features, embedding.params)
  of_real = in_parts(embed, real)
  results = []
  for judged in all_judged:
    found = compare(of_real, in_parts(embed, judged.images))
    for metric, (value, protocol) in found.items():
      own = {'features': embedding.name, 'real': len(real), **protocol}
      n = len(judged.images)
      results.append(result(judged, f'{metric} {IN_FEATURES}', value, n, **own))
  return results


def _compare(
  key: Array,
  real: np.ndarray,
  made: np.ndarray,
  *,
  neighbors: int,
  density_neighbors: int,
  subsets: int,
  subset_size: int,
) -> dict[str, tuple[float, Mapping[str, Any]]]:
  """Values by metric, with what each depends on."""
  kernel, deviation = metrics.kernel_distance(
    key, real, made, subsets=subsets, subset_size=subset_size
  )
  among = metrics.prdc(
    real, made, neighbors=neighbors, density_neighbors=density_neighbors
  )
  few, many = {'neighbors': neighbors}, {'neighbors': density_neighbors}
  of_subsets = {
    'subsets': subsets,
    'subset_size': min(subset_size, len(real), len(made)),
  }
  return {
    'Fréchet distance': (metrics.frechet_distance(real, made), {}),
    'kernel distance': (kernel, of_subsets),
    'deviation over subsets of the kernel distance': (deviation, of_subsets),
    'precision': (among.precision, few),
    'recall': (among.recall, few),
    'density': (among.density, many),
    'coverage': (among.coverage, many),
  }


def _result(
  judged: Sample | None,
  metric: str,
  value: float,
  n: int,
  *,
  run: Run,
  dataset: str,
  steps: int,
  ci95: float | None = None,
  **protocol: Any,
) -> Result:
  """A result of a set, or of the model; floors were not trained."""
  note = judged.note if judged else ''
  name = judged.name if judged else run.name
  print(f'{name}: {metric}: {value:.4g} on {n:,} images', flush=True)
  return Result(
    name,
    metric,
    value,
    dataset,
    n,
    'images',
    ci95,
    {k.replace('_', ' '): v for k, v in protocol.items()},
    0 if note else steps,
    run.config,
    floor=bool(note),
    note=note,
  )
