"""Codes of images, learned and searched for, of linear generators."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from batch_of import BARS, batch_of, training_set

from lasium_jax.generators import find_codes, inversion, wgan_gp
from lasium_jax.types import Generator

# Orthonormal rows of 64 pixels, for latents of three dimensions.
BASIS = np.linalg.qr(np.random.default_rng(0).normal(size=(64, 3)))[0].T
BASIS = jnp.asarray(BASIS, jnp.float32)


def decode(params, z):
  return 0.5 + (z @ params).reshape(-1, *BARS)


def sample(key, params, n):
  return jax.random.normal(key, (n, 3))


LINEAR = Generator(decode, sample)


@pytest.fixture
def images(key):
  """Four that no code shows exactly."""
  return jax.random.uniform(key, (4, *BARS))


def test_the_search_finds_least_squares(key, images):
  """Of a basis that is not orthonormal."""
  basis = BASIS * jnp.array([[1.0], [2.0], [0.5]]) + BASIS[:1]
  start = jax.random.normal(key, (4, 3))
  codes = jax.jit(
    lambda params, x, z: find_codes(
      LINEAR, params, x, z, steps=400, learning_rate=0.1
    )
  )(basis, images, start)
  flat = np.asarray(images).reshape(4, 64) - 0.5
  expected = np.linalg.lstsq(np.asarray(basis).T, flat.T, rcond=None)[0].T
  np.testing.assert_allclose(codes, expected, atol=1e-3)


def test_each_image_is_searched_for_by_itself(key, images):
  start = jax.random.normal(key, (4, 3))
  search = jax.jit(
    lambda x, z: find_codes(LINEAR, BASIS, x, z, steps=5, norm='l1')
  )
  codes = search(images, start)
  changed = search(images.at[1:].set(0.0), start.at[1:].set(3.0))
  np.testing.assert_allclose(changed[0], codes[0], atol=1e-5)
  assert jnp.abs(changed[1:] - codes[1:]).max() > 0.1


def test_an_encoder_learns_to_invert(key):
  """The codes of a linear generator's images come back."""
  generator, trainer = inversion(
    LINEAR, BASIS, BARS, width=4, learning_rate=1e-2, decay_steps=200
  )
  state = trainer.init(key, training_set(BARS))
  step = jax.jit(trainer.updates[0], donate_argnums=1)
  black = batch_of(jnp.zeros((32, *BARS)))
  for number in range(200):
    state, _ = step(jax.random.fold_in(key, number), state, black)
  params = trainer.params(state)
  z = generator.sample(jax.random.fold_in(key, 10**6), params, 200)
  x = generator.decode(params, z)
  np.testing.assert_allclose(x, decode(BASIS, z), rtol=1e-6)
  error = jnp.square(generator.encode(params, x) - z).mean()
  assert error < 0.15  # Where one that says 0 has 1.


@pytest.fixture
def begun(key):
  """A generator with parameters, its inversion, and the first state of it."""
  plain, trainer = wgan_gp(BARS, latent_size=3, width=2)
  params = trainer.params(trainer.init(key, training_set(BARS)))
  inverted = inversion(plain, params, BARS, width=2)
  return plain, params, *inverted, inverted[1].init(key, training_set(BARS))


def test_the_generator_stays_as_it_is(begun, key):
  """In the state, which is donated, and where it came from."""
  plain, params, generator, trainer, state = begun
  step = jax.jit(trainer.updates[0], donate_argnums=1)
  for number in range(3):
    own = jax.random.fold_in(key, number)
    state, metrics = step(own, state, batch_of(jnp.ones((4, *BARS))))
  assert set(metrics) == {'loss'}
  after = trainer.params(state)
  assert set(after) == {'generator', 'encoder'}
  for one, other in zip(
    *map(jax.tree.leaves, (after['generator'], params)), strict=True
  ):
    np.testing.assert_array_equal(one, other)
  z = plain.sample(key, params, 5)
  np.testing.assert_array_equal(generator.sample(key, after, 5), z)
  x = plain.decode(params, z)
  np.testing.assert_array_equal(generator.decode(after, z), x)
  assert generator.encode(after, x).shape == z.shape


def test_loss_by_hand(begun, key):
  """Of the step's draws, by their own batch's moments, as of one step."""
  plain, params, _, trainer, state = begun
  z = plain.sample(key, params, 8)
  after, metrics = trainer.updates[0](
    key, state, batch_of(jnp.zeros((8, *BARS)))
  )
  averages = trainer.params(after)['encoder']['batch_stats']
  encoder = {'params': state.variables['params'], 'batch_stats': averages}
  codes = begun[2].encode({'encoder': encoder}, plain.decode(params, z))
  np.testing.assert_allclose(
    metrics['loss'], jnp.square(codes - z).mean(), rtol=1e-3
  )


def test_images_of_a_batch_are_not_read(begun, key):
  *_, trainer, state = begun
  update = jax.jit(trainer.updates[0])
  both = [update(key, state, batch_of(jnp.full((4, *BARS), c))) for c in (0, 1)]
  for one, other in zip(*map(jax.tree.leaves, both), strict=True):
    np.testing.assert_array_equal(one, other)


def test_what_has_no_prior_is_refused():
  with pytest.raises(ValueError, match='no prior'):
    inversion(Generator(decode), BASIS, BARS)
