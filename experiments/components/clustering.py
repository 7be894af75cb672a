"""What finds clusters of images by the features of a network."""

import functools
from typing import Protocol

import jax.numpy as jnp

from experiments.run.config import BadConfig
from experiments.run.precision import jit
from lasium_jax import clustering
from lasium_jax.nets import turned
from lasium_jax.settings import Count, Part, Ways
from lasium_jax.tasks import cluster_set
from lasium_jax.types import Array, Augment, ClusterSet, Network, Params


class Finder(Protocol):
  """Finds clusters of images."""

  def __call__(self, key: Array, params: Params, images: Array) -> ClusterSet:
    """By the features of a network with these parameters.

    Args:
      key: for the views.
      params: the network's.
      images: `[n, H, W, C]` uint8.

    Raises:
      BadConfig: if all clusters vanish, all merge, or too few are left.
    """


def finder(
  network: Network,
  view: Augment | None,
  ways: int,
  lender: str,
  *,
  views: Count = 4,
  neighbors: Ways = 20,
  expansion: Count = 6,
  links: Count = 3,
  least: Count = 6,
  most: Count = 30,
  thresholds: Count = 30,
  turned_features: bool = False,
) -> Finder:
  """Clusters of `lasium_jax.clustering`: neighbors, k-reciprocal, density.

  Args:
    network: images to features.
    view: what an image looks like otherwise, or None.
    ways: how many clusters there must be.
    lender: the workdir whose meta-training rounds begin with; '' for the run's.
    views: of each image, whose features are averaged.
    neighbors: of each image; fewer than there are images.
    expansion: over how many images weights of neighborhoods are averaged.
    links: how many an image has in the middle of a cluster.
    least: images of a cluster.
    most: likewise. With `neighbors`, that is all that is said of classes.
    thresholds: of similarity, how many are tried.
    turned_features: whether an image is also told by its quarter turns; images
      are square then.
  """
  seen = turned(network) if turned_features else network
  embed = jit(
    functools.partial(
      clustering.features, network=seen, augment=view, views=views
    )
  )
  keep = _keep(lender)
  nearest = jit(clustering.nearest_neighbors, static_argnums=1)

  def find(key: Array, params: Params, images: Array) -> ClusterSet:
    features = embed(key, params=params, images=images)
    try:
      similarity = clustering.reciprocal_similarity(
        features, nearest(features, neighbors), expansion=expansion
      )
      found = clustering.density_clusters(
        similarity, links=links, least=least, most=most, thresholds=thresholds
      )
    except ValueError as error:
      raise BadConfig(f'config.clustering: {error} {keep}') from error
    number = int(found.labels.max()) + 1
    if number < ways:
      raise BadConfig(
        f'There are {number} clusters of {least} to {most} images, and '
        f'config.cluster_tasks.ways is {ways}: lower that, lower '
        'config.clustering.least, or train the first features for longer. '
        f'{keep}'
      )
    return cluster_set(images, jnp.asarray(found.labels), least=least)

  return find


def _keep(lender: str) -> str:
  """How to try again without another meta-training."""
  if lender:
    return (
      f'The meta-training of {lender} serves again: leave '
      'config.rounds.workdir as it is, and name another --workdir, where '
      'rounds begin anew.'
    )
  return (
    'To keep what was meta-trained before, name this workdir with '
    '--config.rounds.workdir, and another with --workdir, where rounds begin '
    'anew.'
  )


CLUSTERING = Part(finder)
