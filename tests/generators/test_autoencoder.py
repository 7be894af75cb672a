"""The plain autoencoder: its loss by hand, and what it learns."""

import jax
import numpy as np
import pytest
from batch_of import BARS, bars, batch_of, training_set

from lasium_jax.generators import autoencoder


@pytest.mark.parametrize('norm,power', [('l1', 1), ('l2', 2)])
def test_loss_by_hand(norm, power, key):
  """Of what it makes of images by their own batch's moments.

  After one batch these are the running averages, once they are rid of their
  first values; a rate of 0 leaves the weights.
  """
  generator, trainer = autoencoder(
    BARS, latent_size=3, width=2, norm=norm, learning_rate=0.0
  )
  x, state = bars(16), trainer.init(key, training_set(BARS))
  state, metrics = jax.jit(trainer.updates[0])(key, state, batch_of(x))
  params = trainer.params(state)
  again = generator.decode(params, generator.encode(params, x))
  expected = (np.abs(again - x) ** power).mean()
  assert set(metrics) == {'loss'}
  np.testing.assert_allclose(metrics['loss'], expected, rtol=1e-3)


@pytest.mark.usefixtures('compile_fully')
def test_autoencoder_learns_to_reconstruct(key):
  generator, trainer = autoencoder(
    BARS, latent_size=6, width=8, learning_rate=1e-2
  )
  x, state = bars(), trainer.init(key, training_set(BARS))
  update = jax.jit(trainer.updates[0])
  for _ in range(200):
    state, metrics = update(key, state, batch_of(x))
  params = trainer.params(state)
  again = generator.decode(params, generator.encode(params, x))
  assert ((again > 0.5) == (x > 0.5)).mean() > 0.95
  assert metrics['loss'] < 0.05  # A black image would have 1 / 8.


def test_autoencoder_sides_must_be_divisible_by_4():
  with pytest.raises(ValueError, match='divisible by 4'):
    autoencoder((28, 30, 1))
