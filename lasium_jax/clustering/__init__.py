"""Images of a kind, found without labels: neighbors, and dense groups of them.

A network's features of images become their nearest neighbors, these a
similarity that both of two images must agree on, and what is densely linked by
it clusters.
"""

from lasium_jax.clustering.density import Clusters, density_clusters
from lasium_jax.clustering.mixtures import mixture_clusters
from lasium_jax.clustering.neighbors import Neighbors, nearest_neighbors
from lasium_jax.clustering.network_features import features
from lasium_jax.clustering.partitions import kmeans_clusters
from lasium_jax.clustering.reciprocal import reciprocal_similarity

__all__ = [
  'Clusters',
  'Neighbors',
  'density_clusters',
  'features',
  'kmeans_clusters',
  'mixture_clusters',
  'nearest_neighbors',
  'reciprocal_similarity',
]
