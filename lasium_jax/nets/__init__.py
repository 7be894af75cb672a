"""Network definitions; the only place that imports flax."""

from lasium_jax.nets import averages
from lasium_jax.nets.conv4 import conv4
from lasium_jax.nets.resnet import ResNet

__all__ = ['ResNet', 'averages', 'conv4']
