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


@pytest.mark.parametrize('normalize', [True, False])
@pytest.mark.parametrize('shape', [(8, 12, 3), (4, 4, 2)])
def test_generator_same_as_by_xla(shape, normalize, key):
  network = Generator(shape, width=2, normalize=normalize, slope=0.2)
  z = jax.random.normal(key, (6, 5))
  variables = network.init(key, z)
  params = variables['params']
  number = iter(range(3))

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

  def transposed(name, x):
    y = lax.conv_transpose(
      x,
      params[name]['kernel'],
      (2, 2),
      'SAME',
      dimension_numbers=('NHWC', 'HWIO', 'NHWC'),
    )
    return y + params[name]['bias'].reshape(1, 1, 1, -1)

  x = rectified(z @ params['Dense_0']['kernel'])
  x = rectified(x @ params['Dense_1']['kernel'])
  x = x.reshape(6, shape[0] // 4, shape[1] // 4, 4)
  x = rectified(transposed('ConvTranspose_0', x))
  expected = transposed('ConvTranspose_1', x)
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
