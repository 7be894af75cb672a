"""Networks without their last layer, from images to features, by name."""

from typing import Any

from lasium_jax.nets import contrastive, resnet18
from lasium_jax.settings import Count, Part


def resnet18_trunk(*, width: Count = 64) -> Any:
  """The residual network of 18 layers, as where COLA clusters photographs."""
  return resnet18.Trunk(width)


def halvings(*, width: Count = 64) -> Any:
  """Four convolutions, each of which halves the image, for characters."""
  return contrastive.Trunk(width)


TRUNKS = {'resnet18': Part(resnet18_trunk), 'halvings': Part(halvings)}
