"""Network definitions; the only place that imports flax."""

from lasium_jax.nets.conv4 import conv4

__all__ = ['conv4']
