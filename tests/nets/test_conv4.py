"""Conv4 refuses images of which its blocks leave nothing."""

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
