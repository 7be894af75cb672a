"""What maps images to features, and how it is trained."""

from lasium_jax.embeddings.clustered import clustered, clusters_of
from lasium_jax.embeddings.contrastive import contrastive
from lasium_jax.embeddings.supervised import supervised

__all__ = ['clustered', 'clusters_of', 'contrastive', 'supervised']
