"""The gradient penalty by hand, and by finite differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lasium_jax.ops.gradient_penalty import gradient_penalty

SHAPE = (3, 2, 2)  # Of an image; no two axes would give the same by mistake.


def norms(slopes):
  """`[n]`, over all of each image."""
  return np.linalg.norm(np.asarray(slopes).reshape(len(slopes), -1), axis=1)


@pytest.fixture
def images(key):
  real, fake = jax.random.normal(key, (2, 5, *SHAPE))
  return real, fake


def test_of_a_linear_critic_it_is_the_norm_of_its_weights(key, images):
  weights = jax.random.normal(key, SHAPE)
  norm = np.linalg.norm(np.asarray(weights))
  penalty = gradient_penalty(
    lambda x: jnp.einsum('nhwc,hwc->n', x, weights), key, *images
  )
  np.testing.assert_allclose(penalty, (norm - 1) ** 2, rtol=1e-5)


@pytest.mark.parametrize('same', [True, False])
def test_of_a_square_it_is_what_the_points_are(key, images, same):
  """The slope of `|x|^2 / 2` is x, which lies between the two images."""
  real, fake = images
  fake = real if same else fake

  def critic(x):
    return 0.5 * (x**2).sum((1, 2, 3))

  keys = jax.random.split(key, 4000)
  penalties = jax.vmap(lambda k: gradient_penalty(critic, k, real, fake))(keys)
  u = np.linspace(0, 1, 2001)[:, None, None, None, None]
  between = np.asarray(real) + u * np.asarray(fake - real)
  squares = (between**2).sum((2, 3, 4))
  expected = ((np.sqrt(squares) - 1) ** 2).mean()
  error = 4 * np.std(penalties) / np.sqrt(len(penalties))
  np.testing.assert_allclose(penalties.mean(), expected, rtol=1e-4, atol=error)
  assert (np.std(penalties) > 1e-3) != same


def test_slopes_and_gradient_by_finite_differences(key, images):
  """Of a critic that is curved in images and in its weights."""
  real, _ = images
  weights = jax.random.normal(key, (12, 4)) / 4

  def score(weights, x):
    return jnp.tanh(x.reshape(len(x), -1) @ weights).sum(1)

  def penalty(weights):
    # Between an image and itself there is one point alone.
    return gradient_penalty(lambda x: score(weights, x), key, real, real)

  def by_differences(weights):
    step = 1e-3 * np.eye(12, dtype=np.float32).reshape(12, 1, *SHAPE)
    slopes = [
      (score(weights, real + d) - score(weights, real - d)) / 2e-3 for d in step
    ]
    return ((norms(np.stack(slopes, 1)) - 1) ** 2).mean()

  np.testing.assert_allclose(
    penalty(weights), by_differences(weights), rtol=1e-2
  )
  gradient = jax.grad(penalty)(weights)
  direction = jax.random.normal(jax.random.key(1), weights.shape)
  ends = [penalty(weights + s * direction) for s in (1e-2, -1e-2)]
  np.testing.assert_allclose(
    (gradient * direction).sum(), (ends[0] - ends[1]) / 2e-2, rtol=1e-2
  )


def test_a_flat_critic_has_a_penalty_and_no_nan(key, images):
  def penalty(scale):
    return gradient_penalty(lambda x: scale * x.sum((1, 2, 3)), key, *images)

  value, gradient = jax.value_and_grad(penalty)(0.0)
  np.testing.assert_allclose(value, 1.0, rtol=1e-5)
  assert gradient == 0
