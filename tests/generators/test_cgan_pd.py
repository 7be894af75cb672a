"""The GAN with a projection discriminator: its steps and what it learns."""

import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from batch_of import BARS, bars, batch_of, first_state, training_set

from lasium_jax.generators import cgan_pd
from lasium_jax.generators.cgan_pd import _critic_loss
from lasium_jax.nets.residual_gan import Critic

SIZES = {'classes': 2, 'latent_size': 3, 'width': 3}
RATE, DECAY = 2e-3, 10_000
BATCH = 33  # Of all tests, which so share one program; an odd number.


@pytest.fixture(scope='module')
def made():
  """A generator, its trainer, and its compiled step."""
  generator, trainer = cgan_pd(
    BARS, **SIZES, critic_steps=2, learning_rate=RATE, decay_steps=DECAY
  )
  return generator, trainer, jax.jit(trainer.updates[0])


def labels(n):
  return jnp.arange(n) % 2


def test_a_batch_is_shared_among_the_critics_steps(made, key):
  """Images that are left over change nothing, and others do; so do labels."""
  _, trainer, update = made
  x, y, state = bars(BATCH), labels(BATCH), first_state(trainer, key)
  after, metrics = update(key, state, batch_of(x, y))
  assert after.critic_opt[0].count == 2
  assert after.generator_opt[0].count == after.steps == 1
  assert set(metrics) == {'generator_loss', 'critic_loss', 'distance'}
  for row, changes in ((32, False), (31, True)):
    for other in (
      batch_of(x.at[row].set(0.5), y),
      batch_of(x, y.at[row].set(1 - y[row])),
    ):
      again, _ = update(key, state, other)
      pairs = zip(*map(jax.tree.leaves, (again, after)), strict=True)
      assert any((a != b).any() for a, b in pairs) == changes


def test_the_critics_loss_is_a_hinge(key):
  net = Critic(2, width=2)
  x = jax.random.uniform(key, (2, 4, *BARS))
  y = jax.nn.one_hot(labels(4), 2)
  critic = jax.jit(net.init)(key, x[0], y)
  # Scores are far apart, so that the hinge has ends to show.
  critic['params']['SpectralConv_0']['bias'] += 0.5
  loss, (after, metrics) = jax.jit(_critic_loss(net))(
    critic, key, (x[0], y), (x[1], 1 - y)
  )
  score = jax.jit(net.apply)
  real = np.asarray(score(critic, x[0], y))
  fake = np.asarray(score(critic, x[1], 1 - y))
  expected = np.maximum(0, 1 - real).mean() + np.maximum(0, 1 + fake).mean()
  np.testing.assert_allclose(loss, expected, rtol=1e-3)
  np.testing.assert_allclose(
    metrics['distance'], real.mean() - fake.mean(), rtol=1e-3, atol=1e-4
  )
  moved = jax.tree.map(
    lambda a, b: bool((a != b).any()), after['spectral'], critic['spectral']
  )
  assert any(jax.tree.leaves(moved))


@pytest.mark.parametrize('share', [0.0, 0.5, 1.0])
def test_rates_fall_on_a_line(made, key, share):
  """The critic's as the generator's, though it takes more steps."""
  _, trainer, update = made
  state = first_state(trainer, key)

  def at(opt_state, step):
    adam, schedule = opt_state
    return adam, schedule._replace(count=jnp.int32(step))

  first = state._replace(
    generator_opt=at(state.generator_opt, share * DECAY),
    critic_opt=at(state.critic_opt, share * 2 * DECAY),
  )
  after, _ = update(key, first, batch_of(bars(BATCH), labels(BATCH)))

  def move(name):
    trees = (getattr(state, name)['params'] for state in (first, after))
    pairs = zip(*map(jax.tree.leaves, trees), strict=True)
    return max(float(jnp.abs(a - b).max()) for a, b in pairs)

  # Without a first moment Adam's first step is the rate. At the line's end it
  # is zero but for rounding.
  np.testing.assert_allclose(
    move('variables'), (1 - share) * RATE, rtol=1e-2, atol=1e-6
  )
  assert (move('critic') > 1e-6) == (share < 1)


def test_latents_tell_their_classes(made, key):
  generator, trainer, _ = made
  params = trainer.params(first_state(trainer, key))
  z = generator.sample_class(key, params, jnp.array([1, 0, 1, 2]))
  assert z.shape == (4, 5)
  np.testing.assert_array_equal(z[:3, 3:], [[0, 1], [1, 0], [0, 1]])
  assert np.isnan(z[3, 3:]).all()  # There is no such class.
  drawn = np.asarray(generator.sample(key, params, 1000))
  assert abs(drawn[:, 3].sum() - 500) < 5 * np.sqrt(250)
  np.testing.assert_array_equal(drawn[:, 3:].sum(1), 1)
  np.testing.assert_allclose(drawn[:, :3].std(0), 1, rtol=0.15)


def test_classes_become_like_the_real_ones(made, key):
  """One is white, the other black."""
  generator, trainer, step = made
  y = labels(BATCH)
  real = jnp.ones((BATCH, *BARS)) * (1 - y)[:, None, None, None]
  state = first_state(trainer, key)
  for number in range(100):
    own = jax.random.fold_in(key, number)
    state, _ = step(own, state, batch_of(real, y))
  params = trainer.params(state)
  images = jax.jit(generator.decode)(
    params, generator.sample_class(key, params, labels(64))
  )
  assert images[::2].mean() - images[1::2].mean() > 0.8


def test_a_label_of_no_class_is_noticed(made, key):
  _, trainer, update = made
  state = first_state(trainer, key)
  batch = batch_of(bars(BATCH), labels(BATCH).at[3].set(2))
  _, metrics = update(key, state, batch)
  assert np.isnan(metrics['critic_loss'])


BAD = {
  'too few': (bars(4), labels(4), r'4 images.*critic_steps = 5'),
  'no labels': (bars(5), None, 'has none: give'),
  'soft labels': (bars(5), jnp.ones((5, 2)), 'has soft ones'),
}


@pytest.mark.parametrize('name', BAD)
def test_batches_that_cannot_be_are_refused(key, name):
  x, y, said = BAD[name]
  _, trainer = cgan_pd(BARS, **SIZES)
  state = jax.eval_shape(lambda key: trainer.init(key, training_set(BARS)), key)
  with pytest.raises(ValueError, match=said):
    jax.eval_shape(trainer.updates[0], key, state, batch_of(x, y))


def test_sides_must_be_divisible_by_8():
  with pytest.raises(ValueError, match='divisible by 8'):
    cgan_pd((28, 28, 1))


class Told:
  """A critic that reads the score of an image off its only pixel."""

  def __init__(self, classes, width):
    del classes, width

  def apply(self, critic, x, y, train=False, mutable=None):
    scores = x[:, 0, 0, 0] + critic['shift']
    return (scores, {}) if train else scores


def test_hinges_by_hand(monkeypatch, key):
  """Of scores that are given: of the critic and of the generator."""
  module = sys.modules[_critic_loss.__module__]
  monkeypatch.setattr(module.nets, 'Critic', Told)
  monkeypatch.setattr(module, 'adversarial', lambda game, critic_steps: game)
  _, game = cgan_pd(BARS, **SIZES)

  def shown(*scores):
    return jnp.array(scores)[:, None, None, None], jnp.zeros((4, 2))

  real, made = shown(2.0, 0.5, -1.0, 1.0), shown(-3.0, -0.5, 0.0, 2.0)
  critic = {'shift': jnp.float32(0)}
  (loss, (_, metrics)), slope = jax.value_and_grad(
    game.critic_loss, has_aux=True
  )(critic, key, real, made)
  # 1 - f is 0, 0.5, 2 and 0 of the real ones, 1 + f 0, 0.5, 1 and 3 of others.
  assert loss == pytest.approx((2.5 + 4.5) / 4)
  assert metrics['distance'] == pytest.approx((2.5 + 1.5) / 4)
  # Two real ones pull up and three made ones push down; others have no part.
  assert slope['shift'] == pytest.approx((-2 + 3) / 4)
  # The generator has no hinge: each of its images pulls.
  loss, slope = jax.value_and_grad(game.generator_loss)(critic, made)
  assert loss == pytest.approx(1.5 / 4) and slope['shift'] == -1
