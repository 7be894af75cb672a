"""A whole training: which batches there are, and that stages train alike."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.run import streams
from experiments.run.members import Member
from experiments.stages import training
from lasium_jax import batches, generators
from lasium_jax.fitting import Learning, fitter
from lasium_jax.types import Trainer, TrainingSet

N, BATCH = 7, 3  # Two batches an epoch, and one image left over.
DATA = TrainingSet(np.arange(N, dtype=np.uint8).reshape(N, 1, 1, 1))


def counting(limit=jnp.inf):
  """Keeps how often each update saw each row, what was drawn, and epochs."""

  def update(kind):
    def step(key, state, batch):
      seen, drawn, ends = state
      seen = seen.at[kind, batch.rows].add(1)
      drawn += jax.random.uniform(key) * batch.x.sum()
      return (seen, drawn, ends), {'loss': jnp.where(drawn > limit, jnp.nan, 0)}

    return step

  def init(key, data):
    shape = 2, len(data.images)
    return jnp.zeros(shape, int), jax.random.uniform(key), jnp.zeros((), int)

  def end_epoch(key, state, data):
    del key, data
    return *state[:2], state[2] + 1

  return Trainer(init, (update(0), update(1)), lambda state: state, end_epoch)


def learning(trainer):
  def noisy(key, source, batch):
    return batch._replace(x=batch.x + source * jax.random.uniform(key))

  return Learning(trainer, batches.shuffled(BATCH), noisy)


@pytest.mark.parametrize('steps', [1, 4, 5, 8])
def test_every_epoch_is_of_other_rows_and_has_its_update(steps):
  numbers = []
  fit = fitter(learning(counting()))
  seen, _, ends = fit(
    jax.random.key(0), DATA, steps, jnp.float32(1), after=numbers.append
  )
  assert numbers == list(range(1, steps + 1))
  assert ends == steps // 2  # Of whole epochs alone.
  by_update = [sum(e // 2 % 2 == kind for e in range(steps)) for kind in (0, 1)]
  np.testing.assert_array_equal(seen.sum(1), BATCH * np.array(by_update))
  epochs = -(-steps // 2)
  assert seen.sum(0).max() <= epochs  # No row twice in an epoch.


@pytest.mark.parametrize('steps', [3, 6])
def test_a_stage_trains_alike(steps):
  """The same key comes to the same, however a stage is cut."""
  source, seed = jnp.float32(0.5), 3
  key = streams.stream(seed, streams.CLASSIFIER)
  ours = fitter(learning(counting()))(key, DATA, steps, source)
  parts = learning(counting())
  fit = training.Fit(
    parts.trainer, DATA, steps, 1, parts.epoch_fn, parts.batch_fn, source
  )
  stage = training.stage_of(
    'any',
    fit,
    [Member(seed, {})],
    streams.CLASSIFIER,
    mesh=None,
    device_bytes=2**20,
  )
  state = stage.init()
  for step in range(steps):
    state, _ = stage.advance(state, step, 1)
  for ours_leaf, leaf in zip(ours, state[0], strict=True):
    np.testing.assert_allclose(ours_leaf, leaf, rtol=1e-6)


LABELED = TrainingSet(np.zeros((4, 8, 8, 1), np.uint8), np.array([0, 0, 2, 2]))
TINY = {'latent_size': 2, 'width': 1, 'loss': 'l2'}


def test_a_class_without_images_has_no_prior():
  _, trainer = generators.glo((8, 8, 1), classes=3, **TINY)
  fit = fitter(Learning(trainer, batches.shuffled(2)))
  prior = fit(jax.random.key(0), LABELED, 3)['prior']
  assert np.isnan(prior['mean']).all(1).tolist() == [False, True, False]


def test_labels_are_refused_before_any_step():
  _, trainer = generators.cola((8, 8, 1), clusters=3, **TINY)
  fit = fitter(Learning(trainer, batches.shuffled(2)))
  with pytest.raises(ValueError, match=r'3 clusters 1 have none'):
    fit(jax.random.key(0), LABELED, 3, after=lambda step: pytest.fail())


def test_what_is_no_number_is_an_error():
  fit = fitter(learning(counting(limit=-1)))
  with pytest.raises(FloatingPointError, match=r'loss.* is not finite'):
    fit(jax.random.key(0), DATA, 2, jnp.float32(1))
