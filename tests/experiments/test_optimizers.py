"""Optimizers and their schedules, step by step by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.components.optimizers import OPTIMIZERS
from lasium_jax.optimizers import schedule_of, sgd
from lasium_jax.settings import check, defaults

PLAIN = {
  'learning_rate': 0.1,
  'schedule': 'constant',
  'warmup_steps': 0,
  'decay_at': (0.5, 0.75),
  'decay_by': 0.1,
}


def rates(steps, **changes):
  schedule = schedule_of(steps, **{**PLAIN, **changes})
  return np.array([schedule(i) for i in range(steps)])


def test_a_constant_rate():
  np.testing.assert_allclose(rates(5), 0.1)


def test_a_cosine_ends_at_0():
  expected = 0.05 * (1 + np.cos(np.pi * np.arange(8) / 8))
  np.testing.assert_allclose(rates(8, schedule='cosine'), expected, rtol=1e-5)


def test_steps_down():
  expected = [0.1] * 4 + [0.01] * 2 + [0.001] * 2
  np.testing.assert_allclose(rates(8, schedule='steps'), expected, rtol=1e-5)


@pytest.mark.parametrize('schedule', ['constant', 'cosine', 'steps'])
def test_a_warm_up_comes_before(schedule):
  schedule_rates = rates(20, schedule=schedule, warmup_steps=4)
  np.testing.assert_allclose(
    schedule_rates[:4], [0, 0.025, 0.05, 0.075], atol=1e-7
  )
  assert schedule_rates[4] == pytest.approx(0.1)
  if schedule == 'steps':  # At shares of all steps, the warm-up's too.
    assert schedule_rates[9] == pytest.approx(0.1)
    assert schedule_rates[10] == pytest.approx(0.01)
    assert schedule_rates[15] == pytest.approx(0.001)


def path_of(optimizer, steps):
  """Where a weight goes whose gradient is itself, from 1."""
  weight = jnp.float32(1)
  state = optimizer.init(weight)
  path = []
  for _ in range(steps):
    update, state = jax.jit(optimizer.update)(weight, state, weight)
    weight = weight + update
    path.append(float(weight))
  return path


@pytest.mark.parametrize('nesterov', [False, True])
@pytest.mark.parametrize('weight_decay', [0.0, 0.2])
def test_sgd_by_hand(nesterov, weight_decay):
  """The penalty is a part of the gradient, and so of the momentum."""
  optimizer = sgd(
    9,
    learning_rate=0.1,
    momentum=0.9,
    nesterov=nesterov,
    weight_decay=weight_decay,
    schedule='constant',
  )
  weight, velocity, expected = 1.0, 0.0, []
  for _ in range(5):
    gradient = weight + weight_decay * weight
    velocity = 0.9 * velocity + gradient
    direction = gradient + 0.9 * velocity if nesterov else velocity
    weight -= 0.1 * direction
    expected.append(weight)
  np.testing.assert_allclose(path_of(optimizer, 5), expected, rtol=1e-5)


def test_adams_decay_is_apart_from_its_moments():
  make = OPTIMIZERS['adam'].make
  plain = path_of(make(9, learning_rate=0.1), 1)[0]
  decayed = path_of(make(9, learning_rate=0.1, weight_decay=0.5), 1)[0]
  assert plain == pytest.approx(0.9, abs=1e-5)
  assert decayed == pytest.approx(plain - 0.1 * 0.5, abs=1e-5)


@pytest.mark.parametrize('name', OPTIMIZERS)
def test_defaults_pass_their_own_check(name):
  part = OPTIMIZERS[name]
  check(part, defaults(part), f'config.{name}')


def test_what_has_no_effect_is_refused():
  with pytest.raises(ValueError, match='nesterov is True'):
    sgd(9, momentum=0.0, nesterov=True)
