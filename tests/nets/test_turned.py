"""Features of an image and of its quarter turns."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lasium_jax import learners
from lasium_jax.nets import conv4, turned
from lasium_jax.types import Examples

NETWORK = conv4(None, filters=4)
IMAGES = jax.random.uniform(jax.random.key(0), (6, 16, 16, 1))
PARAMS = NETWORK.init(jax.random.key(1), IMAGES)


def test_each_turn_is_seen_and_normalized_by_itself():
  features, moments = turned(NETWORK).apply(PARAMS, IMAGES)
  by_hand = [
    NETWORK.apply(PARAMS, np.rot90(IMAGES, k, axes=(1, 2))) for k in range(4)
  ]
  expected = np.concatenate([own for own, _ in by_hand], axis=1)
  np.testing.assert_allclose(features, expected, atol=1e-5)
  alone, _ = turned(NETWORK).apply(PARAMS, IMAGES[:1], moments)
  np.testing.assert_allclose(alone, features[:1], atol=1e-5)


@pytest.mark.parametrize('inductive', [False, True])
def test_a_task_and_its_quarter_turn_are_one(inductive):
  """What is seen of the turns is the same, in another order."""

  def logits(images, *, turned_features=True):
    learner = learners.protonets(
      NETWORK, ways=2, inductive=inductive, turned_features=turned_features
    )
    support = Examples(images[:3], jnp.array([0, 0, 1]))
    adapted = learner.adapt(jax.random.key(0), PARAMS, support)
    return learner.predict(adapted, images[3:])

  plain = logits(IMAGES, turned_features=False)
  assert np.abs(plain - logits(IMAGES)).max() > 0.1
  turned_images = jnp.rot90(IMAGES, axes=(1, 2))
  np.testing.assert_allclose(logits(turned_images), logits(IMAGES), atol=1e-4)


def test_images_must_be_square():
  with pytest.raises(ValueError, match=r'16x12.*turned_features'):
    turned(NETWORK).apply(PARAMS, IMAGES[:, :, :12])
