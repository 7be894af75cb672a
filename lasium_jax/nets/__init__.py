"""Network definitions; the only place that imports flax."""

from lasium_jax.nets import averages
from lasium_jax.nets.contrastive import ContrastiveNet
from lasium_jax.nets.conv4 import conv4
from lasium_jax.nets.resnet import ResNet
from lasium_jax.nets.resnet18 import ResNet18
from lasium_jax.nets.stacked_kmeans import stacked_kmeans
from lasium_jax.nets.turned import turned
from lasium_jax.nets.two_heads import TwoHeads
from lasium_jax.nets.wide_resnet import WideResNet

__all__ = [
  'ContrastiveNet',
  'ResNet',
  'ResNet18',
  'TwoHeads',
  'WideResNet',
  'averages',
  'conv4',
  'stacked_kmeans',
  'turned',
]
