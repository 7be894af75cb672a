"""Conv4: channels of its blocks, and images of which they leave nothing."""

import jax
import jax.numpy as jnp
import pytest

from lasium_jax.nets import conv4


@pytest.mark.parametrize('outputs', [None, 3])
@pytest.mark.parametrize('head', ['mean', 'flatten'])
def test_an_image_that_is_too_small(outputs, head):
  """The mean of no pixels would be NaN, in silence."""
  network = conv4(outputs, filters=2, padding='VALID', head=head)
  with pytest.raises(ValueError, match='nothing of images of 8x8'):
    network.init(jax.random.key(0), jnp.zeros((1, 8, 8, 1)))


@pytest.mark.parametrize('last', [0, 7])
def test_the_last_block_has_channels_of_its_own(last):
  """After maxima of 28x28 pixels, which leave one position, as features."""
  network = conv4(None, filters=2, last_filters=last, downsample='max_pool')
  x = jnp.zeros((1, 28, 28, 1))
  params = jax.eval_shape(network.init, jax.random.key(0), x)
  kernels = [params[f'Conv_{i}']['kernel'].shape for i in range(4)]
  assert kernels[:3] == [(3, 3, 1, 2), (3, 3, 2, 2), (3, 3, 2, 2)]
  assert kernels[3] == (3, 3, 2, last or 2)
  features, _ = jax.eval_shape(network.apply, params, x)
  assert features.shape == (1, last or 2)
