"""Clusters of GLO's codes, found without labels when they are trained."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.components.data import image_shape
from experiments.components.measures import trainer_of
from experiments.components.parts import Sections
from experiments.run import streams
from experiments.run.config import BadConfig, Settings
from experiments.run.record import Record
from experiments.stages import generator
from lasium_jax.clustering import kmeans_clusters, mixture_clusters
from lasium_jax.generators import fitted_mixture
from lasium_jax.models.build import make_generator
from lasium_jax.ops.sphere import on_sphere
from lasium_jax.settings import Part
from lasium_jax.types import Array, Generator, Params, Trainer, TrainingSet

CODE_CLUSTERS = Part(mixture_clusters, given=('clusters',))
SECTIONS: Sections = {'code_clusters': CODE_CLUSTERS}
_ATTEMPTS = 5  # To find a mixture of whose Gaussians each has an image.
_CODES = 'codes'  # Beside the generator's parameters, until they have clusters.


def have_clusters(settings: Settings) -> bool:
  """Whether clusters of a run are those of its generator's codes."""
  return 'code_clusters' in settings


def learning(settings: Settings, images: np.ndarray) -> generator.Learning:
  """GLO without classes, and its images without labels.

  Its parameters have the codes beside them, for `divided`.

  Args:
    settings: of the run, whose generator's classes are the clusters.
    images: `[n, H, W, C]` uint8.
  """
  model, _ = make_generator(
    _without_classes(settings)['generator'], image_shape(settings)
  )

  def decode(params: Params, z: Array) -> Array:
    return model.decode(_without_codes(params), z)

  return generator.Learning(
    Generator(decode, model.sample),
    _trainer(settings),
    TrainingSet(images),
    units=generator.units_of(settings['generator']),
  )


def divided(settings: Settings, params: Params) -> tuple[Params, Params]:
  """Clusters the codes, and fits a Gaussian to each cluster.

  Args:
    settings: of the run.
    params: what training left of `learning`.

  Returns:
    The parameters of GLO with so many classes; and `targets` `[n, K]`, as
    `experiments.stages.clustered.train` has them, one-hot.

  Raises:
    BadConfig: if fewer codes than clusters differ.
  """
  count, codes = settings['generator']['classes'], params[_CODES]
  found = _clusters(settings, codes, count)
  prior = fitted_mixture(
    codes, jnp.asarray(found), count, ridge=settings['generator']['ridge']
  )
  targets = jnp.eye(count)[found]
  return _without_codes(params) | {'prior': prior._asdict()}, {
    'targets': targets
  }


def _clusters(settings: Settings, codes: Array, count: int) -> np.ndarray:
  """The cluster of each code, none of which is empty: the work is done.

  EM may leave a Gaussian that is the likeliest of no code. Then it begins anew
  elsewhere, a few times, and last the clusters of k-means are kept.
  """
  key = streams.stream(settings['seed'], streams.CLUSTERS)
  for own in (key, *jax.random.split(key, _ATTEMPTS - 1)):
    found = mixture_clusters(
      own, codes, clusters=count, **settings['code_clusters']
    )
    if not _empty(found, count):
      return found
  found = kmeans_clusters(key, codes, clusters=count)
  if empty := _empty(found, count):
    raise BadConfig(
      f'Of {count} clusters of codes {empty} have no image, as no more than '
      f'{count - empty} codes differ: lower config.generator.classes, or the '
      'rates of its training.'
    )
  print(
    f'Of {_ATTEMPTS} mixtures each had a Gaussian without codes: clusters are '
    'those of k-means.',
    flush=True,
  )
  return found


def _empty(clusters: np.ndarray, count: int) -> int:
  return int((np.bincount(clusters, minlength=count) == 0).sum())


def trained(settings: Settings, files: Record) -> tuple[Params, Params]:
  """What `divided` returned, found again without the data.

  Raises:
    FileNotFoundError: if training has not come to its end.
  """
  own = settings['generator_training']
  return divided(settings, generator.trained(_trainer(settings), files, **own))


def _trainer(settings: Settings) -> Trainer:
  trainer = trainer_of(_without_classes(settings))

  def params(state: Any) -> Params:
    # Training may end within an epoch, where codes are off their sphere.
    return {**trainer.params(state), _CODES: on_sphere(state.codes)}

  return trainer._replace(params=params)


def _without_classes(settings: Settings) -> Settings:
  """The settings with a generator that reads no labels."""
  return {**settings, 'generator': {**settings['generator'], 'classes': 0}}


def _without_codes(params: Params) -> Params:
  return {name: leaf for name, leaf in params.items() if name != _CODES}
