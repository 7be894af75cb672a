"""Batches of sets: what is refused, and what cannot be trained on unnoticed."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from batch_of import BARS, bars, batch_of, training_set

from lasium_jax.generators import dagan, statistician
from lasium_jax.generators.sets import sets_of

Y = jnp.array([4, 4, 4, 0, 0, 0])
TRAINERS = {
  'statistician': lambda: statistician(
    BARS, context_size=2, latent_size=1, width=2, set_size=2
  )[1],
  'dagan': lambda: dagan(
    BARS, filters=(2,), layers=1, critic_layers=1, critic_steps=1
  )[1],
}


def test_images_are_cut_into_sets():
  x = bars(6)
  sets = sets_of('It', batch_of(x, Y), 3)
  np.testing.assert_array_equal(sets, x.reshape(2, 3, *BARS))


def test_sets_of_several_classes_are_nan():
  sets = sets_of('It', batch_of(bars(6), Y), 2)
  finite = np.isfinite(sets).all((1, 2, 3, 4))
  assert finite.tolist() == [True, False, True]
  assert np.isnan(sets[1]).all()


@pytest.mark.parametrize(
  'y,size,said',
  [
    (None, 3, 'It is trained with a label .* has none'),
    (jnp.eye(6), 3, 'has soft ones'),
    (Y, 4, 'sets of 4, and a batch of 6'),
  ],
)
def test_other_batches_are_refused(y, size, said):
  with pytest.raises(ValueError, match=said):
    sets_of('It', batch_of(bars(6), y), size)


@pytest.mark.parametrize('name', TRAINERS)
def test_what_reads_labels_says_so(name, key):
  trainer = TRAINERS[name]()
  data = training_set(BARS)
  state = jax.eval_shape(lambda key: trainer.init(key, data), key)
  with pytest.raises(ValueError, match='with a label for each image'):
    jax.eval_shape(trainer.updates[0], key, state, batch_of(bars(4)))
