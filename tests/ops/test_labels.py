"""Labels, hard and soft."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special

from lasium_jax.ops import labels

HARD = jnp.array([2, 0, -1, 1])
SOFT = jnp.array([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0], [0.4, 0.4, 0.2]])
NOTHING = jnp.zeros((1, 3))


def test_what_each_class_has():
  expected = [[0, 0, 1], [1, 0, 0], [0, 0, 0], [0, 1, 0]]
  np.testing.assert_array_equal(labels.shares(HARD, 3), expected)
  np.testing.assert_array_equal(labels.shares(SOFT, 3), SOFT)


def test_the_likeliest():
  np.testing.assert_array_equal(labels.likeliest(HARD), HARD)
  np.testing.assert_array_equal(labels.likeliest(SOFT), [2, 0, 0])
  np.testing.assert_array_equal(labels.likeliest(NOTHING), [-1])


def test_a_class_that_has_nothing_may_be_impossible():
  """0 log 0 is 0, in the loss and in its gradient."""
  logits = jnp.array([[0.0, 0.0, -jnp.inf]])

  def loss(logits):
    return labels.cross_entropy(logits, jnp.array([[0.5, 0.5, 0.0]])).sum()

  value, gradient = jax.value_and_grad(loss)(logits)
  np.testing.assert_allclose(value, np.log(2), rtol=1e-6)
  np.testing.assert_allclose(gradient, jnp.zeros((1, 3)), atol=1e-6)


@pytest.mark.instructions
@pytest.mark.parametrize('y', [HARD[jnp.array([0, 1, 3])], SOFT], ids=str)
def test_cross_entropy_as_scipy_has_it(y, key):
  logits = 5 * jax.random.normal(key, (3, 3))
  targets = np.asarray(labels.shares(y, 3), np.float64)
  likelihood = scipy.special.log_softmax(np.asarray(logits, np.float64), 1)
  np.testing.assert_allclose(
    labels.cross_entropy(logits, y), -(targets * likelihood).sum(1), rtol=1e-5
  )


@pytest.mark.parametrize(
  'y',
  [jnp.zeros(3), jnp.zeros((3, 3), int), jnp.zeros(3, bool), jnp.array(1)],
  ids=str,
)
def test_what_is_neither_is_refused(y):
  with pytest.raises(ValueError, match=r'whole numbers \[n\], or floats'):
    labels.shares(y, 3)


def test_other_classes_are_refused(key):
  with pytest.raises(ValueError, match='are of 3 classes, and there are 4'):
    labels.cross_entropy(jnp.zeros((3, 4)), SOFT)
