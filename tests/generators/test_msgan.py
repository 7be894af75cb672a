"""The mode-seeking GAN: its losses by hand, and what it learns."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
from batch_of import BARS, bars, batch_of, first_state

from lasium_jax.generators import msgan
from lasium_jax.generators.msgan import (
  TARGETS,
  mode_seeking_loss,
  noisy_cross_entropy,
)
from lasium_jax.nets.msgan import Discriminator


@pytest.mark.instructions
def test_mode_seeking_loss_by_hand():
  x1, x2 = jnp.zeros((2, 2, 2, 1)), jnp.full((2, 2, 2, 1), 0.5)
  z1, z2 = jnp.zeros((2, 4)), jnp.full((2, 4), 2.0)
  expected = 1 / (0.5 / 2 + 1e-5)
  np.testing.assert_allclose(
    mode_seeking_loss(x1, x2, z1, z2), expected, rtol=1e-6
  )


@pytest.fixture
def spied(monkeypatch):
  """A step of training, and what its loss functions were called with."""

  def run(**settings):
    generator, trainer = msgan(BARS, latent_size=3, filters=4, **settings)
    calls = {'mode_seeking_loss': [], 'noisy_cross_entropy': []}

    def spy(name, fn):
      def wrapped(*arguments):
        jax.debug.callback(
          lambda *values: calls[name].append(values), *arguments
        )
        return fn(*arguments)

      monkeypatch.setitem(msgan.__globals__, name, wrapped)

    spy('mode_seeking_loss', mode_seeking_loss)
    spy('noisy_cross_entropy', noisy_cross_entropy)
    key = jax.random.key(0)
    state = first_state(trainer, key)
    update = jax.jit(trainer.updates[0])
    after, metrics = update(key, state, batch_of(bars(8)))
    jax.block_until_ready(after)
    jax.effects_barrier()
    return generator, state, after, metrics, calls

  return run


def test_each_mode_seeking_image_has_its_own_latent(spied):
  """The pairs that the term compares are (z1, G(z1)) and (z2, G(z2))."""
  generator, before, _, _, calls = spied()
  x1, x2, z1, z2 = calls['mode_seeking_loss'][0]
  for images, z in ((x1, z1), (x2, z2)):
    made = generator.decode(before.params, jnp.asarray(z))
    np.testing.assert_allclose(images, made, atol=1e-5)
  assert np.abs(np.asarray(z1) - np.asarray(z2)).max() > 0.1


@pytest.mark.parametrize('label_noise', TARGETS)
def test_losses_of_a_step_by_hand(spied, label_noise):
  """Which targets meet which images, and the generator's that are exact."""
  _, before, after, metrics, calls = spied(label_noise=label_noise)
  critic = Discriminator((2, 4, 4)).apply
  images = np.concatenate(calls['mode_seeking_loss'][0][:2])
  by_target = {
    round(float(targets[1])): (logits, targets)
    for _, logits, targets in calls['noisy_cross_entropy']
  }
  assert set(by_target) == {0, 1}
  real, fake = (
    critic(before.discriminator, x) for x in (bars(8), jnp.asarray(images[:8]))
  )
  for (logits, targets), own, expected in zip(
    (by_target[1], by_target[0]),
    (real, fake),
    TARGETS[label_noise],
    strict=True,
  ):
    np.testing.assert_allclose(logits, own, atol=1e-5)
    np.testing.assert_allclose(targets, expected, rtol=1e-6)
  logits = np.asarray(critic(after.discriminator, jnp.asarray(images)))
  np.testing.assert_allclose(
    metrics['generator_loss'], np.logaddexp(0, -logits).mean(), rtol=1e-4
  )


def targets_of(key, logits, bounds):
  """Each image's target, from the gradient `(sigmoid(logit) - target) / n`."""
  gradient = jax.grad(lambda v: noisy_cross_entropy(key, v, bounds))(logits)
  return scipy.special.expit(np.asarray(logits)) - len(logits) * gradient


def test_the_released_codes_targets():
  """Real images have U(0.95, 1), made ones U(-0.05, 0)."""
  assert TARGETS['released'] == ((0.95, 1.0), (-0.05, 0.0))


@pytest.mark.instructions
@pytest.mark.parametrize(
  'bounds', {bounds for pair in TARGETS.values() for bounds in pair}
)
def test_targets_are_uniform_within_their_bounds(key, bounds):
  logits = jnp.linspace(-2, 2, 5000)
  targets = np.sort(targets_of(key, logits, bounds))
  np.testing.assert_allclose(
    targets, np.linspace(*bounds, len(targets)), atol=3e-3
  )


@pytest.mark.instructions
def test_cross_entropy_by_hand(key):
  """Linear in its target, so that the mean target gives the mean loss."""
  logits, (low, high) = 0.7, (0.95, 1.0)
  p, t = scipy.special.expit(logits), (low + high) / 2
  loss = noisy_cross_entropy(key, jnp.full(20_000, logits), (low, high))
  expected = -t * np.log(p) - (1 - t) * np.log(1 - p)
  np.testing.assert_allclose(loss, expected, atol=1e-3)


def slope(bounds, logit):
  """The derivative of the discriminator's mean loss by its logit."""
  key = jax.random.key(1)
  return jax.grad(
    lambda v: noisy_cross_entropy(key, jnp.full(20_000, v), bounds)
  )(jnp.float32(logit))


def test_a_sure_discriminator_is_at_rest_unless_as_released():
  """Its loss has a minimum, or falls forever as made images' logits do."""
  real, fake = TARGETS['one_sided']
  # Real images are at rest at the logit of the mean target.
  best = scipy.special.logit(0.975)
  np.testing.assert_allclose(slope(real, best), 0, atol=1e-3)
  assert slope(real, best - 1) < -0.01 and slope(real, best + 1) > 0.01
  assert 0 < slope(fake, -10) < 1e-4
  _, fake = TARGETS['released']
  for logit in (-10, -100, -1000):
    np.testing.assert_allclose(slope(fake, logit), 0.025, atol=2e-3)


@pytest.mark.usefixtures('compile_fully')
def test_msgan_learns_the_amount_of_ink(key):
  """From gray noise to images with as much ink as a bar: one in eight."""
  generator, trainer = msgan(BARS, latent_size=4, filters=8, learning_rate=4e-3)
  x = bars()
  update = jax.jit(trainer.updates[0])
  state = first_state(trainer, key)

  def ink(params):
    return generator.decode(params, generator.sample(key, params, 64)).mean()

  assert ink(state.params) > 0.4
  for i in range(150):
    state, metrics = update(jax.random.fold_in(key, i), state, batch_of(x))
  assert 0.05 < ink(state.params) < 0.25
  assert all(np.isfinite(value) for value in metrics.values())


def test_msgan_sides_must_be_divisible_by_4():
  with pytest.raises(ValueError, match='divisible by 4'):
    msgan((30, 28, 1))
