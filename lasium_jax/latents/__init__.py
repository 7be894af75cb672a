"""Sampling in latent space: class centers, and members around them."""

from lasium_jax.latents.anchors import (
  count_rejections,
  encoded_anchors,
  prior_anchors,
  squared_distances,
)
from lasium_jax.latents.samplers import (
  noise,
  other_classes,
  random_out_of_class,
)

__all__ = [
  'count_rejections',
  'encoded_anchors',
  'noise',
  'other_classes',
  'prior_anchors',
  'random_out_of_class',
  'squared_distances',
]
