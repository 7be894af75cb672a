"""VGG-16's first layers against XLA's own, by torchvision's places."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from lasium_jax.nets.vgg import Vgg16

# torchvision's `features`, up to conv4_3: a number is a convolution's outputs.
FEATURES = (
  *(64, 'relu', 64, 'relu', 'pool', 128, 'relu', 128, 'relu', 'pool'),
  *(256, 'relu', 256, 'relu', 256, 'relu', 'pool'),
  *(512, 'relu', 512, 'relu', 512),
)
# GLANN's code takes these, and the last one before it is rectified.
TAKEN = (2, 7, 12, 21)


def by_xla(params, x, depth):
  taken = []
  for place, kind in enumerate(FEATURES[: TAKEN[depth - 1] + 1]):
    if kind == 'relu':
      x = jnp.maximum(x, 0)
      if place - 1 in TAKEN:
        taken.append(x)
    elif kind == 'pool':
      x = lax.reduce_window(
        x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), 'VALID'
      )
    else:
      layer = params[f'features.{place}']
      assert layer['kernel'].shape[-1] == kind
      x = lax.conv_general_dilated(
        x,
        layer['kernel'],
        (1, 1),
        'SAME',
        dimension_numbers=('NHWC', 'HWIO', 'NHWC'),
      )
      x += layer['bias'].reshape(1, 1, 1, -1)
  return [*taken, x]


@pytest.mark.parametrize(('depth', 'channels'), [(3, 1), (4, 3)])
def test_layers_are_torchvisions(key, depth, channels):
  x = jax.random.normal(key, (2, 8, 8, channels))
  variables = Vgg16(depth).init(key, x)
  params = variables['params']
  assert len(params) == {3: 6, 4: 10}[depth]
  ours = Vgg16(depth).apply(variables, x)
  expected = by_xla(params, jnp.broadcast_to(x, (2, 8, 8, 3)), depth)
  assert len(ours) == len(expected) == depth
  assert (ours[-1] < 0).any() and (ours[0] >= 0).all()
  for one, other in zip(ours, expected, strict=True):
    np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize('depth', [0, 5])
def test_depths_that_there_are_not(key, depth):
  with pytest.raises(ValueError, match=f'1 to 4 .* not {depth}'):
    Vgg16(depth).init(key, jnp.zeros((1, 32, 32, 3)))
