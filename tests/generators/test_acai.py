"""ACAI: its losses and their gradients by hand, and what its critic learns."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from batch_of import BARS, bars, batch_of, first_state

from lasium_jax.generators import acai
from lasium_jax.generators.acai import Images, losses


@pytest.fixture
def given(key):
  """A linear critic's weights, and six images of 2x2."""
  keys = jax.random.split(key, 5)
  x, again, mixed = (jax.random.uniform(k, (6, 2, 2, 1)) for k in keys[:3])
  alpha = jax.random.uniform(keys[3], (6,), maxval=0.5)
  return jax.random.normal(keys[4], (4,)), Images(x, again, mixed, alpha)


def judge(weights, x):
  return x.reshape(-1, 4) @ weights


def by_hand(weights, images, weight, gamma):
  """The autoencoder's loss, and the critic's."""
  x, again, mixed, alpha = images
  said = judge(weights, mixed)
  of_real = judge(weights, (1 - gamma) * again + gamma * x)
  pixels = (((2 * again - 1) - (2 * x - 1)) ** 2).mean()
  return (
    pixels + weight * (said**2).mean(),
    ((said - alpha) ** 2).mean() + (of_real**2).mean(),
  )


def test_losses_and_gradients_by_hand(given):
  """The critic's weights follow its loss alone, and images the other alone."""
  weights, images = given
  settings = {'weight': 0.7, 'gamma': 0.3}
  value, metrics = losses(judge, weights, images, **settings)
  autoencoders, critics = by_hand(weights, images, *settings.values())
  np.testing.assert_allclose(value, autoencoders + critics, rtol=1e-5)
  np.testing.assert_allclose(metrics['loss'], autoencoders, rtol=1e-5)
  np.testing.assert_allclose(metrics['critic_loss'], critics, rtol=1e-5)

  def loss(weights, again, mixed):
    theirs = images._replace(again=again, mixed=mixed)
    return losses(judge, weights, theirs, **settings)[0]

  ours = jax.grad(loss, argnums=(0, 1, 2))(weights, images.again, images.mixed)
  x, again, mixed, alpha = map(np.asarray, images)
  flat, real = mixed.reshape(6, 4), (0.7 * again + 0.3 * x).reshape(6, 4)
  w = np.asarray(weights)
  by_weights = 2 * (flat.T @ (flat @ w - alpha) + real.T @ (real @ w)) / 6
  by_again = 8 * (again - x) / x.size
  by_mixed = 0.7 * 2 * (flat @ w)[:, None] * w / 6
  expected = by_weights, by_again, by_mixed.reshape(mixed.shape)
  for one, other in zip(ours, expected, strict=True):
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


@pytest.fixture(scope='module')
def made():
  """A generator, its trainer, whose critic is not fooled, and its step."""
  generator, trainer = acai(
    BARS, latent_size=6, width=4, weight=0.0, learning_rate=1e-2
  )
  return generator, trainer, jax.jit(trainer.updates[0])


def test_reconstruction_is_of_the_batch(made, key):
  """By its own moments, which are the averages after one step.

  The decoder's are of the mixtures too.
  """
  generator, trainer, update = made
  x, state = bars(16), first_state(trainer, key)
  after, metrics = update(key, state, batch_of(x))
  averages = trainer.params(after)['batch_stats']
  weights = state.variables['params']
  params = {'params': weights, 'batch_stats': averages}
  again = generator.decode(params, generator.encode(params, x))
  expected = 4 * jnp.square(again - x).mean()
  assert set(metrics) == {'loss', 'reconstruction', 'critic_loss'}
  np.testing.assert_allclose(metrics['reconstruction'], expected, rtol=1e-3)


def test_the_critic_is_no_part_of_the_model(made, key):
  _, trainer, _ = made
  state = first_state(trainer, key)
  assert 'critic' in state.variables['params']
  for collection in trainer.params(state).values():
    assert set(collection) == {'encoder', 'decoder'}


def test_the_critic_learns_to_tell_mixtures(made, key):
  """One that says the same of all images has 5/96 at best.

  That is the least of E[(c - alpha)^2] + c^2 for alpha ~ U[0, 1/2].
  """
  _, trainer, update = made
  state, said = first_state(trainer, key), []
  for number in range(200):
    own = jax.random.fold_in(key, number)
    x = jax.random.permutation(own, bars(16))
    state, metrics = update(own, state, batch_of(x))
    said.append(float(metrics['critic_loss']))
  assert np.mean(said[-30:]) < 0.7 * 5 / 96
