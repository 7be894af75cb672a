"""The fully convolutional networks against counts by hand and XLA's layers."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from lasium_jax.nets.convolutional import Decoder, Encoder

LAYOUT = ('NHWC', 'HWIO', 'NHWC')


def shapes(network, *shape):
  return jax.eval_shape(
    lambda key: network.init(key, jnp.zeros((1, *shape))), jax.random.key(0)
  )


def parameters(network, *shape):
  leaves = jax.tree.leaves(shapes(network, *shape)['params'])
  return sum(leaf.size for leaf in leaves)


# Sides and channels of the hidden layers, from 64 channels on.
HIDDEN = {
  16: [(16, 64), (8, 128), (4, 256)],
  32: [(32, 64), (16, 128), (8, 256), (4, 512)],
  64: [(32, 64), (16, 128), (8, 256), (4, 512)],
  128: [(64, 64), (32, 128), (16, 256), (8, 512), (4, 512)],
}


@pytest.mark.parametrize('side', HIDDEN)
def test_layers_of_the_encoder(side):
  """With the codes they are the paper's five for 32x32, and six for 128x128."""
  network = Encoder(512)
  x = jnp.zeros((2, side, side, 3))
  *hidden, codes = jax.eval_shape(
    lambda key: network.init_with_output(key, x, method=network.layers)[0],
    jax.random.key(0),
  )
  assert codes.shape == (2, 512)
  sizes = [(2, size, size, channels) for size, channels in HIDDEN[side]]
  assert [layer.shape for layer in hidden] == sizes


def test_parameters_of_128x128():
  """A normalization has two a channel, and what is before it no bias."""
  channels = (64, 128, 256, 512, 512)
  pairs = list(itertools.pairwise(channels))
  first, last = 16 * 3 * 64 + 64, 16 * 512 * 512 + 512
  inner = sum(16 * a * b + 2 * b for a, b in pairs)
  assert parameters(Encoder(512), 128, 128, 3) == first + inner + last
  first = 16 * 512 * 512 + 2 * 512
  inner = sum(16 * a * b + 3 * a for a, b in pairs)
  last = 16 * 64 * 3 + 3
  assert parameters(Decoder((128, 128, 3)), 512) == first + inner + last


def test_parameters_of_32x32():
  pairs = [(64, 128), (128, 256), (256, 512)]
  first, last = 9 * 3 * 64 + 64, 16 * 512 * 512 + 512
  inner = sum(16 * a * b + 2 * b for a, b in pairs)
  assert parameters(Encoder(512), 32, 32, 3) == first + inner + last
  first = 16 * 512 * 512 + 2 * 512
  inner = sum(16 * a * b + 3 * a for a, b in pairs)
  last = 9 * 64 * 3 + 3
  assert parameters(Decoder((32, 32, 3)), 512) == first + inner + last


def normalized(x):
  """By running averages that are as they began."""
  return x / np.sqrt(1 + 1e-5)


@pytest.mark.parametrize('side', [16, 64])
def test_encoder_same_as_by_xla(side, key):
  """The last layer is a convolution over all of 4x4, without padding."""
  network = Encoder(5, width=2)
  x = jax.random.normal(key, (3, side, side, 2))
  variables = network.init(key, x)
  params, first = variables['params'], 1 if side == 16 else 2
  strides = [first] + [2] * (2 if side == 16 else 3)
  expected = x
  for i, stride in enumerate(strides):
    layer = params[f'Conv_{i}']
    expected = lax.conv_general_dilated(
      expected,
      layer['kernel'],
      (stride, stride),
      'SAME',
      dimension_numbers=LAYOUT,
    )
    expected = normalized(expected) if i else expected
    expected = jnp.where(expected > 0, expected, 0.01 * expected)
  kernel = params['Dense_0']['kernel'].reshape(4, 4, -1, 5)
  expected = lax.conv_general_dilated(
    expected, kernel, (1, 1), 'VALID', dimension_numbers=LAYOUT
  )
  z = network.apply(variables, x)
  np.testing.assert_allclose(z, expected[:, 0, 0], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize('side', [16, 64])
def test_decoder_same_as_by_xla(side, key):
  """The first layer is a transposed convolution of one pixel."""
  network = Decoder((side, side, 2), width=2)
  z = jax.random.normal(key, (3, 5))
  variables = network.init(key, z)
  params = variables['params']

  def transposed(x, kernel, padding):
    return lax.conv_transpose(
      x, kernel, (2, 2), padding, dimension_numbers=LAYOUT
    )

  dense = params['Dense_0']['kernel']
  # From (5, 4 * 4 * channels) to a kernel over one pixel.
  kernel = dense.reshape(5, 4, 4, -1).transpose(1, 2, 0, 3)
  expected = transposed(z[:, None, None], kernel[::-1, ::-1], 'VALID')
  expected = jax.nn.relu(normalized(expected))
  for i in range(2 if side == 16 else 3):
    kernel = params[f'ConvTranspose_{i}']['kernel']
    expected = jax.nn.relu(normalized(transposed(expected, kernel, 'SAME')))
  if side == 16:
    expected = lax.conv_general_dilated(
      expected,
      params['Conv_0']['kernel'],
      (1, 1),
      'SAME',
      dimension_numbers=LAYOUT,
    )
  else:
    kernel = params['ConvTranspose_3']['kernel']
    expected = transposed(expected, kernel, 'SAME')
  logits = network.apply(variables, z)
  np.testing.assert_allclose(logits, expected, rtol=1e-3, atol=1e-5)
