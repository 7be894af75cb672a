"""Codes of images, learned and searched for, of linear generators."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from batch_of import BARS, batch_of, first_state

from lasium_jax.generators import find_codes, inversion, wgan_gp
from lasium_jax.nets.infogan import Encoder
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
  basis = BASIS * jnp.array([[1.0], [1.5], [0.8]]) + 0.3 * BASIS[:1]
  start = jax.random.normal(key, (4, 3))
  codes = jax.jit(
    lambda params, x, z: find_codes(
      LINEAR, params, x, z, steps=400, learning_rate=0.1, norm='l2'
    )
  )(basis, images, start)
  flat = np.asarray(images).reshape(4, 64) - 0.5
  expected = np.linalg.lstsq(np.asarray(basis).T, flat.T, rcond=None)[0].T
  np.testing.assert_allclose(codes, expected, atol=1e-3)


def test_each_image_is_searched_for_by_itself(key, images):
  start = jax.random.normal(key, (4, 3))
  search = jax.jit(lambda x, z: find_codes(LINEAR, BASIS, x, z, steps=5))
  codes = search(images, start)
  changed = search(images.at[1:].set(0.0), start.at[1:].set(3.0))
  np.testing.assert_allclose(changed[0], codes[0], atol=1e-5)
  assert jnp.abs(changed[1:] - codes[1:]).max() > 0.1


def test_an_encoder_learns_to_invert(key):
  """The codes of a linear generator's images come back."""
  generator, trainer = inversion(
    LINEAR, BASIS, BARS, width=4, learning_rate=1e-2, decay_steps=200
  )
  state = first_state(trainer, key)
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


class Begun(NamedTuple):
  """A generator with its parameters; with an encoder; what trains that."""

  plain: Any
  params: Any
  generator: Any
  trainer: Any
  step: Any

  def state(self, key):
    return first_state(self.trainer, key)


@pytest.fixture(scope='module')
def begun():
  plain, trainer = wgan_gp(BARS, latent_size=3, width=2)
  state = first_state(trainer, jax.random.key(0))
  params = trainer.params(state)
  generator, trainer = inversion(plain, params, BARS, width=2)
  step = jax.jit(trainer.updates[0], donate_argnums=1)
  return Begun(plain, params, generator, trainer, step)


def test_the_generator_stays_as_it_is(begun, key):
  """In the state, which is donated, and where it came from."""
  state = begun.state(key)
  for number in range(3):
    own = jax.random.fold_in(key, number)
    state, metrics = begun.step(own, state, batch_of(jnp.ones((8, *BARS))))
  assert set(metrics) == {'loss'}
  after = begun.trainer.params(state)
  assert set(after) == {'generator', 'encoder'}
  for one, other in zip(
    *map(jax.tree.leaves, (after['generator'], begun.params)), strict=True
  ):
    np.testing.assert_array_equal(one, other)
  z = begun.plain.sample(key, begun.params, 5)
  np.testing.assert_array_equal(begun.generator.sample(key, after, 5), z)
  x = begun.plain.decode(begun.params, z)
  np.testing.assert_array_equal(begun.generator.decode(after, z), x)
  assert begun.generator.encode(after, x).shape == z.shape


def test_loss_by_hand(begun, key):
  """Of the step's draws, by their own batch's moments."""
  variables = begun.state(key).variables
  _, metrics = begun.step(
    key, begun.state(key), batch_of(jnp.zeros((8, *BARS)))
  )
  z = begun.plain.sample(key, begun.params, 8)
  x = begun.plain.decode(begun.params, z)
  codes, _ = Encoder(3, width=2).apply(
    {name: variables[name] for name in ('params', 'batch_stats')},
    x,
    train=True,
    mutable=['batch_stats'],
  )
  expected = jnp.square(codes - z).mean()
  np.testing.assert_allclose(metrics['loss'], expected, rtol=1e-3)


def test_images_of_a_batch_are_not_read(begun, key):
  both = [
    begun.step(key, begun.state(key), batch_of(jnp.full((8, *BARS), color)))
    for color in (0.0, 1.0)
  ]
  for one, other in zip(*map(jax.tree.leaves, both), strict=True):
    np.testing.assert_array_equal(one, other)


def test_what_has_no_prior_is_refused():
  with pytest.raises(ValueError, match='no prior'):
    inversion(Generator(decode), BASIS, BARS)
