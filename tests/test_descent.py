"""Trainers of one network: the rate of their Adam."""

import jax.numpy as jnp
import numpy as np
import pytest

from lasium_jax.descent import adam


@pytest.mark.parametrize('decay_steps', [0, 4])
def test_the_rate_falls_along_a_cosine(decay_steps):
  """Of a gradient that stays, Adam makes steps of its rate."""
  optimizer = adam(learning_rate=0.5, decay_steps=decay_steps)
  weights = jnp.zeros(())
  opt_state, steps = optimizer.init(weights), []
  for _ in range(6):
    change, opt_state = optimizer.update(jnp.float32(3.0), opt_state)
    steps.append(-change)
  expected = np.full(6, 0.5)
  if decay_steps:
    expected *= [1, (1 + 0.5**0.5) / 2, 0.5, (1 - 0.5**0.5) / 2, 0, 0]
  np.testing.assert_allclose(jnp.stack(steps), expected, rtol=1e-4, atol=1e-6)
