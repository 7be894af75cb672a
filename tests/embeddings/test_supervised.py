"""An ordinary classifier: its loss by hand, and what it learns."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import scipy.special
from batch_of import BARS, bars, batch_of, training_set

from lasium_jax import batches
from lasium_jax.embeddings import supervised
from lasium_jax.nets import ResNet
from lasium_jax.nets.averages import MOMENTUM
from lasium_jax.types import TrainingSet


class Linear(nn.Module):
  """A classifier of pixels, without normalization."""

  classes: int

  @nn.compact
  def __call__(self, x, train):
    del train
    x = x.reshape(len(x), -1)
    return nn.Dense(self.classes)(x), x


class Normalized(nn.Module):
  """Of pixels that are normalized first."""

  @nn.compact
  def __call__(self, x, train):
    x = x.reshape(len(x), -1)
    x = nn.BatchNorm(use_running_average=not train, momentum=MOMENTUM)(x)
    return nn.Dense(2)(x), x


def linear(**settings):
  return supervised(Linear(2), BARS, optax.sgd(0.5), **settings)


LABELS = jnp.arange(16) % 2


@pytest.mark.instructions
@pytest.mark.parametrize('smoothing', [0.0, 0.2])
@pytest.mark.parametrize('soft', [False, True])
def test_a_step_by_hand(key, smoothing, soft):
  """Softmax regression against labels that are smoothed, hard or soft."""
  _, trainer = linear(label_smoothing=smoothing)
  x, y = np.asarray(bars(16), np.float64).reshape(16, -1), np.eye(2)[LABELS]
  if soft:
    y = 0.7 * y + 0.3 * y[::-1]
  state = trainer.init(key, training_set(BARS))
  labels = jnp.asarray(y, jnp.float32) if soft else LABELS
  after, metrics = jax.jit(trainer.updates[0])(
    key, state, batch_of(bars(16), labels)
  )
  layer = state.variables['params']['Dense_0']
  logits = x @ np.asarray(layer['kernel'], np.float64)
  targets = (1 - smoothing) * y + smoothing / 2
  loss = -(targets * scipy.special.log_softmax(logits, -1)).sum(-1).mean()
  gradient = x.T @ (scipy.special.softmax(logits, -1) - targets) / 16
  np.testing.assert_allclose(metrics['loss'], loss, rtol=1e-5)
  right = (logits.argmax(-1) == targets.argmax(-1)).mean()
  np.testing.assert_allclose(metrics['accuracy'], right, rtol=1e-6)
  kernel = trainer.params(after)['params']['Dense_0']['kernel']
  np.testing.assert_allclose(
    kernel, layer['kernel'] - 0.5 * gradient, rtol=1e-4, atol=1e-6
  )
  assert after.steps == 1


def test_soft_labels_that_are_hard_are_as_hard_ones(key):
  _, trainer = linear()
  state = trainer.init(key, training_set(BARS))
  hard, soft = (
    trainer.updates[0](key, state, batch_of(bars(16), y))
    for y in (LABELS, jax.nn.one_hot(LABELS, 2))
  )
  jax.tree.map(np.testing.assert_array_equal, hard, soft)


def test_labels_that_cannot_be_learned_from(key):
  _, trainer = linear()
  state = trainer.init(key, training_set(BARS))

  def step(y):
    batch = batch_of(bars(16), y)
    return jax.eval_shape(trainer.updates[0], key, state, batch)

  with pytest.raises(ValueError, match='has none'):
    step(None)
  with pytest.raises(ValueError, match='are of 3 classes'):
    step(jnp.zeros((16, 3)))
  soft = jax.nn.one_hot(LABELS, 2).at[3].set(0.0)
  for wrong in (LABELS.at[3].set(-1), LABELS.at[3].set(2), soft):
    _, metrics = trainer.updates[0](key, state, batch_of(bars(16), wrong))
    assert all(jnp.isnan(value) for value in metrics.values())


def test_the_weights_reach_the_optimizer(key):
  """For weight decay."""
  _, trainer = supervised(
    Linear(2), BARS, optax.chain(optax.add_decayed_weights(1.0), optax.sgd(0.1))
  )
  _, plain = supervised(Linear(2), BARS, optax.sgd(0.1))
  state = trainer.init(key, training_set(BARS))
  batch = batch_of(bars(16), LABELS)
  decayed, kept = (
    one.updates[0](key, one.init(key, training_set(BARS)), batch)[0]
    for one in (trainer, plain)
  )
  before, decayed, kept = (
    s.variables['params']['Dense_0']['kernel'] for s in (state, decayed, kept)
  )
  np.testing.assert_allclose(decayed, kept - 0.1 * before, atol=1e-6)


def test_parameters_are_debiased(key):
  """After one batch its own moments: Linen's hold 1 % of them."""
  classify, trainer = supervised(Normalized(), BARS, optax.sgd(0.0))
  state = trainer.init(key, training_set(BARS))
  x = bars(16)
  after, _ = trainer.updates[0](key, state, batch_of(x, LABELS))
  pixels = np.asarray(x).reshape(16, -1)
  expected = (pixels - pixels.mean(0)) / np.sqrt(pixels.var(0) + 1e-5)
  result = classify(trainer.params(after), x)
  np.testing.assert_allclose(result.features, expected, rtol=1e-3, atol=1e-3)
  untrained = classify(trainer.params(state), x).features
  np.testing.assert_allclose(untrained, pixels, rtol=1e-4)


def test_learns_upright_from_lying_bars(key):
  """By shuffled epochs of noisy images, and judges others by themselves."""
  network = ResNet(2, depth=8, width=4)
  # So that the averages are of weights that have come to rest.
  rate = optax.cosine_decay_schedule(0.05, 120)
  optimizer = optax.sgd(rate, momentum=0.9, nesterov=True)
  classify, trainer = supervised(network, BARS, optimizer)
  images = np.asarray(127 * bars(48)).astype(np.uint8)
  data = TrainingSet(jnp.asarray(images), jnp.arange(48) % 2)
  order = batches.shuffled(16)
  noisy = batches.augmented(
    lambda key, x: x + 0.5 * jax.random.uniform(key, x.shape)
  )

  @jax.jit
  def step(key, state, rows, epoch):
    batch = noisy(key, (), batches.gather(data, rows, epoch))
    return trainer.updates[0](key, state, batch)

  state = trainer.init(key, data)
  for epoch in range(40):
    epoch_key = jax.random.fold_in(key, epoch)
    for i, rows in enumerate(order(epoch_key, data)):
      state, _ = step(jax.random.fold_in(epoch_key, i), state, rows, epoch)
  params = trainer.params(state)
  x = 0.5 * bars(32) + 0.5 * jax.random.uniform(key, (32, *BARS))
  result = jax.jit(classify)(params, x)
  assert (result.logits.argmax(-1) == jnp.arange(32) % 2).mean() > 0.95
  alone = jax.jit(classify)(params, x[:1])
  np.testing.assert_allclose(alone.features, result.features[:1], atol=1e-4)
