"""Sampling in latent space: around class centers, and between codes."""

from lasium_jax.latents.anchors import (
  cluster_anchors,
  count_rejections,
  encoded_anchors,
  prior_anchors,
  squared_distances,
)
from lasium_jax.latents.few_shot import (
  differences,
  few_shot,
  midpoints,
  mixtures,
  paths,
)
from lasium_jax.latents.samplers import (
  in_cluster,
  noise,
  other_classes,
  random_out_of_class,
)

__all__ = [
  'cluster_anchors',
  'count_rejections',
  'differences',
  'encoded_anchors',
  'few_shot',
  'in_cluster',
  'midpoints',
  'mixtures',
  'noise',
  'other_classes',
  'paths',
  'prior_anchors',
  'random_out_of_class',
  'squared_distances',
]
