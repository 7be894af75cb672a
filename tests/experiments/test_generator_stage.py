"""A generator that learns from labels, in batches of one class each."""

import jax
import jax.numpy as jnp
import numpy as np
from whole_program import metrics

from experiments.stages import generator
from lasium_jax.types import Generator, Trainer, TrainingSet


def one_class(batch_size):
  """Batches of one class, as where sets of a class are learned from."""

  def epoch(key, data):
    rows = jnp.argsort(data.y, stable=True).reshape(-1, batch_size)
    return jax.random.permutation(key, rows)

  return epoch


def darkened(key, source, batch):
  return batch._replace(x=0.5 * batch.x)


def by_class(classes, shape):
  """The mean image of each class; a latent is a class as one-hot."""

  def update(key, state, batch):
    means, steps = state
    mean = batch.x.mean(0).reshape(-1)
    error = jnp.abs(means[batch.y[0]] - mean).mean()
    state = means.at[batch.y].set(mean), steps + 1
    # More than 0 if a batch is of several classes.
    return state, {'error': error, 'spread': jnp.ptp(batch.y) * 1.0}

  def init(key, data):
    assert data.y.shape == data.images.shape[:1]
    return jnp.zeros((classes, int(np.prod(shape)))), jnp.zeros(())

  def decode(params, z):
    return (z @ params).reshape(len(z), *shape)

  def sample(key, params, n):
    return jax.nn.one_hot(jnp.arange(n) % classes, classes)

  return Generator(decode, sample), Trainer(init, (update,), lambda s: s[0])


def test_labels_orders_and_batch_functions_reach_the_trainer(shrunk, opened):
  run, _ = opened(shrunk('ro-vae-maml'))
  dataset = run.splits.train
  model, trainer = by_class(8, dataset.shape)
  data = TrainingSet(dataset.images, jnp.asarray(dataset.labels))
  learning = generator.Learning(model, trainer, data, one_class, darkened)
  # 64 images in batches of 8 are one epoch, in which each class comes once.
  section = {'steps': 8, 'batch_size': 8}
  means = generator.train(run, learning, **section)
  expected = dataset.images.reshape(8, 8, -1).mean(1) / 255 / 2
  np.testing.assert_allclose(means, expected, atol=1e-5)
  entries = metrics(run.files.workdir)
  spreads = [entry['spread'] for entry in entries if 'spread' in entry]
  assert spreads and not any(spreads)
  # And they are found again without the data.
  again = generator.trained(trainer, run.files, **section)
  np.testing.assert_array_equal(again, means)
