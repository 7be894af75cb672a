"""InfoGAN's networks against counts by hand, and against XLA's own layers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from lasium_jax.nets.autoencoder import Autoencoder
from lasium_jax.nets.infogan import Classifier, Encoder, Generator


def parameters(network, *shape):
  variables = jax.eval_shape(
    lambda key: network.init(key, jnp.zeros((1, *shape))), jax.random.key(0)
  )
  return sum(leaf.size for leaf in jax.tree.leaves(variables['params']))


def test_colas_generator_has_its_parameters():
  """8.6 million in COLA's table 4, for ten clusters and latents of 64."""
  network = Generator((32, 32, 3), normalize=False, slope=0.2)
  layers = 74 * 1024, 1024 * 8192, 16 * 128 * 64 + 64, 16 * 64 * 3 + 3
  assert parameters(network, 74) == sum(layers) == 8_598_595


def test_infogans_networks_have_their_parameters():
  """A normalization has two a channel, and what is before it no bias."""
  convolutions = 16 * 64 + 64 + 16 * 64 * 128 + 2 * 128
  dense = 49 * 128 * 1024 + 2 * 1024 + 1024 * 64 + 64
  assert parameters(Encoder(64), 28, 28, 1) == convolutions + dense
  dense = 64 * 1024 + 2 * 1024 + 1024 * 49 * 128 + 2 * 49 * 128
  convolutions = 16 * 128 * 64 + 64 + 2 * 64 + 16 * 64 + 1
  assert parameters(Generator((28, 28, 1)), 64) == dense + convolutions


# What each convolution makes of a side: those that are divisible by 4 are
# halved twice, others three times, rounded up.
SIDES = {
  28: (14, 7),
  32: (16, 8),
  50: (25, 13, 7),
  27: (14, 7, 4),
  1: (1, 1, 1),
}


@pytest.mark.parametrize('side', SIDES)
def test_the_layers_of_sides(side):
  shape, hidden = (side, side, 1), SIDES[side]

  def passed(key):
    encoder, generator = Encoder(5, width=2), Generator(shape, width=2)
    x = jnp.zeros((3, *shape))
    layers, variables = encoder.init_with_output(key, x, method='layers')
    made, others = generator.init_with_output(key, layers[-1])
    return layers, made, variables, others

  layers, made, variables, others = jax.eval_shape(passed, jax.random.key(0))
  *convolved, dense, codes = (layer.shape for layer in layers)
  channels = [2 * 2**i for i in range(len(hidden))]
  expected = zip(hidden, channels, strict=True)
  assert convolved == [(3, s, s, c) for s, c in expected]
  assert (dense, codes, made.shape) == ((3, 32), (3, 5), (3, *shape))
  # Both have one kernel a convolution, between the same channels.
  pairs = [*zip([1, *channels], channels, strict=False)]
  for params in (variables['params'], others['params']):
    kernels = [v['kernel'].shape for k, v in params.items() if 'Conv' in k]
    assert sorted(tuple(sorted(shape[2:])) for shape in kernels) == pairs


def test_layers_of_28x28_have_their_names():
  """Saved weights are read by these names."""
  x, z = jnp.zeros((1, 28, 28, 1)), jnp.zeros((1, 5))
  encoder = jax.eval_shape(Encoder(5).init, jax.random.key(0), x)['params']
  made = jax.eval_shape(Generator((28, 28, 1)).init, jax.random.key(0), z)
  kernels = {'Conv_0': (4, 4, 1, 64), 'Conv_1': (4, 4, 64, 128)}
  kernels |= {'Dense_0': (6272, 1024), 'Dense_1': (1024, 5)}
  assert kernels == _kernels(encoder)
  assert encoder.keys() == {*kernels, 'BatchNorm_0', 'BatchNorm_1'}
  kernels = {'Dense_0': (5, 1024), 'Dense_1': (1024, 6272)}
  kernels |= {'ConvTranspose_0': (4, 4, 128, 64)}
  kernels |= {'ConvTranspose_1': (4, 4, 64, 1)}
  assert kernels == _kernels(made['params'])
  normalizations = {f'BatchNorm_{i}' for i in range(3)}
  assert made['params'].keys() == {*kernels, *normalizations}


def _kernels(params):
  return {k: v['kernel'].shape for k, v in params.items() if 'kernel' in v}


@pytest.mark.parametrize('normalize', [True, False])
@pytest.mark.parametrize(
  'shape,sizes',
  [
    ((8, 12, 3), [(2, 3), (4, 6), (8, 12)]),
    ((4, 4, 2), [(1, 1), (2, 2), (4, 4)]),
    ((6, 13, 1), [(1, 2), (2, 4), (3, 7), (6, 13)]),
  ],
)
def test_generator_same_as_by_xla(shape, sizes, normalize, key):
  network = Generator(shape, width=2, normalize=normalize, slope=0.2)
  z = jax.random.normal(key, (6, 5))
  variables = network.init(key, z)
  params = variables['params']
  number = iter(range(4))

  def rectified(x):
    scope = f'BatchNorm_{next(number)}'
    if normalize:
      # By the moments of the batch, since it is trained.
      axes = tuple(range(x.ndim - 1))
      x = (x - x.mean(axes, keepdims=True)) / np.sqrt(
        x.var(axes, keepdims=True) + 1e-5
      )
      assert params[scope]['scale'].tolist() == [1] * x.shape[-1]
    return jnp.where(x > 0, x, 0.2 * x)

  def transposed(i, x):
    """Without the rows and columns that are too many, at the ends."""
    name, (height, width) = f'ConvTranspose_{i}', sizes[i + 1]
    y = lax.conv_transpose(
      x,
      params[name]['kernel'],
      (2, 2),
      'SAME',
      dimension_numbers=('NHWC', 'HWIO', 'NHWC'),
    )
    return y[:, :height, :width] + params[name]['bias'].reshape(1, 1, 1, -1)

  x = rectified(z @ params['Dense_0']['kernel'])
  x = rectified(x @ params['Dense_1']['kernel'])
  x = x.reshape(6, *sizes[0], 2 ** (len(sizes) - 1))
  for i in range(len(sizes) - 2):
    x = rectified(transposed(i, x))
  expected = transposed(len(sizes) - 2, x)
  logits, _ = network.apply(variables, z, train=True, mutable=['batch_stats'])
  np.testing.assert_allclose(logits, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize('train', [True, False])
def test_a_classifier_has_the_layers_of_the_encoder(train, key):
  """And their names, so that one's variables are the other's."""
  x = jax.random.uniform(key, (6, 8, 8, 1))
  encoder, classifier = Encoder(3, width=2), Classifier(3, width=2)
  variables = encoder.init(key, x)

  def applied(network):
    return jax.jit(
      lambda v, x: network.apply(v, x, train=train, mutable=['batch_stats'])[0]
    )(variables, x)

  expected, (logits, features) = applied(encoder), applied(classifier)
  np.testing.assert_array_equal(logits, expected)
  last = variables['params']['Dense_1']
  assert features.shape == (6, 32)
  by_hand = np.asarray(features) @ last['kernel'] + last['bias'][None]
  np.testing.assert_allclose(by_hand, logits, rtol=1e-4, atol=1e-5)


def test_codes_come_back_as_images(key):
  """Encoder and generator have variables of their own in one tree."""
  shape = (12, 8, 2)
  network = Autoencoder(Encoder(3, width=2), Generator(shape, width=2))
  x = jax.random.uniform(key, (4, *shape))
  variables = network.init(key, x)
  z = network.apply(variables, x, method=network.encode)
  again = network.apply(variables, z, method=network.decode)
  assert z.shape == (4, 3) and again.shape == x.shape
  np.testing.assert_array_equal(network.apply(variables, x), again)
