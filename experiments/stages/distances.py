"""Made images are compared with real ones in the features of a network."""

import functools
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from experiments.run.config import BadConfig, Settings
from experiments.run.precision import jit
from experiments.run.results import Result
from experiments.run.run import Run
from experiments.stages.in_parts import in_parts
from lasium_jax import metrics
from lasium_jax.data.dataset import evenly_spaced
from lasium_jax.ops.images import as_floats
from lasium_jax.types import Array, ClassifyFn, Params

IN_FEATURES = "in the recognizer's features"
IN_INCEPTION = "in Inception's features"
FRECHET = 'Fréchet distance'
TO_SEED = 'RMS difference to the nearest seed, of 255'
TO_TRAINING = 'RMS difference to the nearest training image, of 255'


class Embedding(NamedTuple):
  """By what images are compared.

  Attributes:
    name: what results call it.
    classify: the classifier whose features count.
    params: its parameters.
    whose: what metrics are called behind their own names.
    data: the section of the images that it was trained on; {} if not known.
  """

  name: str
  classify: ClassifyFn
  params: Params
  whose: str = IN_FEATURES
  data: Settings = MappingProxyType({})


class Sample(NamedTuple):
  """Images that are compared with real ones.

  Attributes:
    name: of their results.
    images: `[n, H, W, C]` uint8.
    note: what a floor is, in a few words; '' for what a model made.
    others: as many images each, made likewise; by features the mean over all of
      these sets counts.
    real: what they are compared with by features, where that is other images
      than of other samples.
  """

  name: str
  images: np.ndarray
  note: str = ''
  others: Sequence[np.ndarray] = ()
  real: np.ndarray | None = None


def nearest(
  result: Any, all_judged: Sequence[Sample], metric: str, others: np.ndarray
) -> list[Result]:
  """How far images are from the nearest of others, which they could copy."""
  find = jit(metrics.nearest)
  on_device = jnp.asarray(others)
  results = []
  for judged in all_judged:
    found = in_parts(lambda x: find(x, on_device).distance, judged.images)
    value, ci95 = metrics.mean_and_ci95(found)
    n = len(judged.images)
    results.append(
      result(judged, metric, value, n, ci95=ci95, others=len(others))
    )
  return results


def copying(
  run: Run,
  result: Any,
  all_judged: Sequence[Sample],
  seeds: np.ndarray,
  real: np.ndarray,
) -> list[Result]:
  """How far images are from what they could be copies of.

  Args:
    run: whose training images these may be.
    result: `result_of`, with what it needs of the run.
    all_judged: the sets; of 'real' ones those of `real` are taken.
    seeds: `[m, H, W, C]` uint8, what the images were made of.
    real: `[n, H, W, C]` uint8, real images among which there are no seeds.

  Returns:
    The results.
  """
  training = evenly_spaced(run.splits.train, run.device_bytes).images
  judged = [
    one._replace(images=real) if one.name == 'real' else one
    for one in all_judged
  ]
  results = nearest(result, judged, TO_SEED, seeds)
  return results + nearest(result, judged, TO_TRAINING, training)


def features_of(embedding: Embedding) -> Callable[[np.ndarray], np.ndarray]:
  """`images [n, H, W, C]` uint8 to features `[n, F]`."""

  @jit
  def features(params: Params, images: Array) -> Array:
    return embedding.classify(params, as_floats(images)).features

  return functools.partial(
    in_parts, functools.partial(features, embedding.params)
  )


def compared(
  key: Array,
  result: Any,
  embedding: Embedding,
  all_judged: Sequence[Sample],
  real: np.ndarray,
  **settings: int,
) -> list[Result]:
  """Every measure of features, for each of the sets.

  Args:
    key: a PRNG key; all sets share it.
    result: `result_of`, with what it needs of the run.
    embedding: whose features count.
    all_judged: the sets.
    real: `[n, H, W, C]` uint8, what they are compared with that have no `real`
      of their own.
    **settings: of `distances`.

  Returns:
    The results.
  """
  features = features_of(embedding)
  of_real = features(real)
  results = []
  for judged in all_judged:
    against = of_real if judged.real is None else features(judged.real)
    found = [
      distances(key, against, features(images), **settings)
      for images in (judged.images, *judged.others)
    ]
    draws = {'draws': len(found)} if judged.others else {}
    for metric, (_, protocol) in found[0].items():
      value, ci95 = _mean([one[metric][0] for one in found])
      own = {'features': embedding.name, 'real': len(against), **protocol}
      called, n = metric_name(metric, embedding), len(judged.images)
      results.append(
        result(judged, called, value, n, ci95=ci95, **own, **draws)
      )
  return results


def _mean(values: Sequence[float]) -> tuple[float, float | None]:
  """With its interval, which a single value has not."""
  return metrics.mean_and_ci95(values) if len(values) > 1 else (values[0], None)


def metric_name(metric: str, embedding: Embedding) -> str:
  """What a metric of `distances` is called; of one network it is the FID."""
  fid = metric == FRECHET and embedding.whose == IN_INCEPTION
  return f'{metric} {embedding.whose}{" (FID)" * fid}'


def check_neighbors(
  n: int,
  of: str,
  *,
  neighbors: int,
  density_neighbors: int,
  recognizer: str,
) -> None:
  """Sees that there are images enough for the neighbors of `distances`.

  Args:
    n: the images.
    of: where they come from, for the message.
    neighbors: a setting.
    density_neighbors: likewise.
    recognizer: likewise; without one no neighbors are looked for.

  Raises:
    BadConfig: if there are not.
  """
  most = max(neighbors, density_neighbors)
  if recognizer and n <= most:
    raise BadConfig(
      f'config.quality has {most} neighbors among {n} images, of {of} at most '
      'half: name fewer neighbors, or more images.'
    )


def distances(
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
    FRECHET: (metrics.frechet_distance(real, made), {}),
    'kernel distance': (kernel, of_subsets),
    'deviation over subsets of the kernel distance': (deviation, of_subsets),
    'precision': (among.precision, few),
    'recall': (among.recall, few),
    'density': (among.density, many),
    'coverage': (among.coverage, many),
  }


def result_of(
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
