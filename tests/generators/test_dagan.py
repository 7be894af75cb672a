"""DAGAN: its losses, its steps, its draws, and what it learns."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats
from batch_of import BARS, bars, batch_of, first_state, training_set

from lasium_jax.generators import dagan
from lasium_jax.generators.dagan import State
from lasium_jax.generators.wasserstein import critic_loss
from lasium_jax.nets.dagan import Critic, LayerNorm
from lasium_jax.types import Generator, Trainer

SETTINGS = {
  'noise_size': 3,
  'filters': (4, 8),
  'layers': 1,
  'critic_layers': 1,
  'critic_steps': 2,
}
CLASSES = bars(16)[jnp.array([0, 5, 10, 15])]  # Each is one bar.


def drawn(key):
  """Pairs of images of one class, eight images of each, in many shades."""
  shade_key, order_key = jax.random.split(key)
  shades = jax.random.uniform(shade_key, (32, 1, 1, 1), minval=0.5)
  x, y = jnp.repeat(CLASSES, 8, axis=0) * shades, jnp.arange(32) // 8
  pairs = jax.random.permutation(order_key, jnp.arange(32).reshape(-1, 2))
  rows = pairs.reshape(-1)
  return batch_of(x[rows], y[rows])


class Made(NamedTuple):
  generator: Generator
  trainer: Trainer
  update: jax.stages.Wrapped
  first: State


@pytest.fixture(scope='module')
def made():
  """What all tests compile once."""
  generator, trainer = dagan(BARS, **SETTINGS, dropout=0.2, learning_rate=2e-3)
  state = first_state(trainer, jax.random.key(0))
  return Made(generator, trainer, jax.jit(trainer.updates[0]), state)


@pytest.fixture(scope='module')
def trained(made):
  """Parameters after 150 steps."""
  state = made.first
  for i in range(150):
    key = jax.random.key(i)
    state, _ = made.update(key, state, drawn(key))
  return made.trainer.params(state)


@pytest.mark.parametrize('penalty', [0.0, 10.0])
def test_critics_loss_by_hand(key, penalty):
  """Of a linear critic, whose slope is its weights everywhere."""
  real, fake = jax.random.normal(key, (2, 6, *BARS))
  weights = jax.random.normal(jax.random.key(1), BARS)
  loss, metrics = critic_loss(
    lambda key, x: (x * weights[None]).sum((1, 2, 3)),
    key,
    real,
    fake,
    penalty=penalty,
  )
  scores = [
    np.einsum('nhwc,hwc->n', *map(np.asarray, (x, weights))).mean()
    for x in (real, fake)
  ]
  slope = (np.linalg.norm(np.asarray(weights)) - 1) ** 2
  np.testing.assert_allclose(
    loss, scores[1] - scores[0] + penalty * slope, rtol=1e-4
  )
  np.testing.assert_allclose(
    metrics['distance'], scores[0] - scores[1], rtol=1e-3
  )
  np.testing.assert_allclose(metrics['gradient_penalty'], slope, rtol=1e-4)


def test_layers_are_normalized_over_each_image(key):
  x = (
    3 * jax.random.normal(key, (4, 5, 6, 2)) + jnp.arange(2.0)[None, None, None]
  )
  y = np.array(LayerNorm().apply(LayerNorm().init(key, x), x))
  y = np.where(y < 0, 5 * y, y)  # Before the rectifier.
  x = np.asarray(x)
  mean, deviation = (f((1, 2, 3), keepdims=True) for f in (x.mean, x.std))
  np.testing.assert_allclose(y, (x - mean) / deviation, rtol=1e-3, atol=1e-4)


def test_a_score_is_of_a_pair_alone(key):
  critic = Critic((2, 4), layers=2, dropout=0.5)
  seeds, x = jax.random.uniform(key, (2, 6, *BARS))
  params = critic.init(key, seeds, x)
  scores = critic.apply(params, seeds, x)
  assert scores.shape == (6,)
  alone = critic.apply(params, seeds[2:3], x[2:3])
  np.testing.assert_allclose(alone, scores[2:3], atol=1e-5)
  # It looks at both.
  assert np.abs(critic.apply(params, seeds[::-1], x) - scores).max() > 1e-3
  assert np.abs(critic.apply(params, seeds, x[::-1]) - scores).max() > 1e-3


def test_an_update_is_some_steps_of_the_critic_and_one(made, key):
  before = made.first
  state, metrics = made.update(key, before, drawn(key))
  names = {'generator_loss', 'critic_loss', 'distance', 'gradient_penalty'}
  assert set(metrics) == names
  assert state.critic_opt[0].count == 2
  assert state.generator_opt[0].count == state.steps == 1
  assert moved(before.critic, state.critic)
  assert moved(before.variables['params'], state.variables['params'])
  assert moved(before.variables['batch_stats'], state.variables['batch_stats'])


def moved(before, after):
  return any(
    np.abs(new - old).max() > 1e-5
    for old, new in zip(*map(jax.tree.leaves, (before, after)), strict=True)
  )


def test_sample_like_pairs_seeds_with_noise(made, key):
  x = bars(3)
  z = np.asarray(made.generator.sample_like(key, (), x, 3000))
  assert z.shape == (3000, 64 + 3)
  seeds = np.asarray(x).reshape(3, -1)
  same = (z[:, None, :64] == seeds[None]).all(2)
  assert (same.sum(1) == 1).all()
  assert scipy.stats.chisquare(same.sum(0)).pvalue > 1e-4
  for noise in z[:, 64:].T:
    assert scipy.stats.kstest(noise, 'norm').pvalue > 1e-4


def test_images_are_of_the_seed_and_the_noise(made, trained, key):
  decode = jax.jit(made.generator.decode)
  z = made.generator.sample_like(key, trained, bars(3), 4)
  x = decode(trained, z)
  for part in (slice(0, 64), slice(64, None)):
    other = decode(trained, z.at[:, part].set(z[::-1, part]))
    assert np.abs(other - x).max() > 1e-3
  # Nothing is dropped in use.
  np.testing.assert_array_equal(decode(trained, z), x)


@pytest.mark.parametrize('shape', [(5, 9, 3), (28, 28, 1)])
@pytest.mark.parametrize('filters', [(2,), (2, 3, 4, 5)])
def test_images_of_any_size_and_depth(key, shape, filters):
  generator, trainer = dagan(shape, **{**SETTINGS, 'filters': filters})

  def decoded(key):
    params = trainer.params(trainer.init(key, training_set(shape)))
    z = generator.sample_like(key, params, jnp.zeros((2, *shape)), 4)
    return generator.decode(params, z)

  assert jax.eval_shape(decoded, key).shape == (4, *shape)


def test_batches_that_do_not_divide_are_refused(made, key):
  batch = batch_of(bars(14), jnp.arange(14) // 2)
  with pytest.raises(ValueError, match=r'batch of 7 pairs .* a multiple of 4'):
    jax.eval_shape(made.trainer.updates[0], key, made.first, batch)


def test_it_learns_to_make_more_of_a_class(made, trained, key):
  """Of seeds that it has not seen, with averages in place of moments."""
  seeds, noise = drawn(jax.random.key(1000)), jax.random.normal(key, (32, 3))
  z = jnp.concatenate([seeds.x.reshape(32, -1), noise], axis=1)
  x = jax.jit(made.generator.decode)(trained, z)
  differences = x[:, None] - 0.75 * CLASSES[None]
  distances = np.asarray((differences**2).sum((2, 3, 4)))
  nearest = distances.argmin(1) == np.asarray(seeds.y)
  assert nearest.mean() > 0.9
  assert distances.min(1).mean() < 2.5  # Of 8 pixels around 0.75.
