"""Where anchors come from, and how classes are sampled."""

from lasium_jax import latents
from lasium_jax.settings import Part

ANCHORS = {
  'prior': Part(latents.prior_anchors),
  'encoded': Part(latents.encoded_anchors),
  'clusters': Part(latents.cluster_anchors),
}
SAMPLERS = {
  'n': Part(latents.noise),
  'ro': Part(latents.random_out_of_class),
  'oc': Part(latents.other_classes),
  'ic': Part(latents.in_cluster),
}
# What is made of the codes of a few images of a kind.
FEW_SHOT = {
  'paths': Part(latents.paths),
  'midpoints': Part(latents.midpoints),
  'mixtures': Part(latents.mixtures),
  'differences': Part(latents.differences),
}
