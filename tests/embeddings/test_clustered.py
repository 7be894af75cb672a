"""COLA's step I: its steps by hand, its table of targets, what it finds."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
from batch_of import BARS, bars, bars_at, batch_of, training_set
from scipy.optimize import linear_sum_assignment

from lasium_jax import batches
from lasium_jax.embeddings import clustered, clusters_of
from lasium_jax.embeddings.clustered import draw_targets
from lasium_jax.metrics import agreement
from lasium_jax.nets.norm import BatchNorm
from lasium_jax.types import TrainingSet

# One size of batches in most tests: each other one is compiled anew.
N, B, K = 12, 6, 3
batch_at = functools.partial(bars_at, n=N)


class Linear(nn.Module):
  """Both heads of pixels, without normalization."""

  clusters: int = K

  @nn.compact
  def __call__(self, x, train):
    del train
    x = x.reshape(len(x), -1)
    points = nn.Dense(self.clusters, bias_init=nn.initializers.ones)(x)
    return points, nn.Dense(4)(x), x


class Normalized(nn.Module):
  """Both heads of a normalized layer."""

  @nn.compact
  def __call__(self, x, train):
    x = nn.Dense(16, use_bias=False)(x.reshape(len(x), -1))
    x = BatchNorm(train, slope=0.0)(x)
    return nn.Dense(K)(x), nn.Dense(4)(x), x


def noisy(key, x):
  return x + 0.3 * jax.random.uniform(key, x.shape)


def factory(network=None, shape=BARS, augment=noisy, **settings):
  settings = {'clusters': K, 'sigma': 0.5, 'views': 2, **settings}
  return clustered(network or Linear(), shape, augment, **settings)


@pytest.fixture(scope='module')
def compiled():
  classify, trainer = factory()
  updates = [jax.jit(update) for update in trainer.updates]
  return classify, trainer, updates


@pytest.fixture(scope='module')
def descended():
  _, trainer = factory(learning_rate=0.1, momentum=0.7, weight_decay=0.2)
  return trainer, jax.jit(trainer.updates[0])


@pytest.fixture
def made(key, compiled):
  classify, trainer, updates = compiled
  state = trainer.init(key, training_set(BARS, N))
  return classify, trainer, updates, state


def on_sphere(z):
  z = np.asarray(z, np.float64)
  return z / np.linalg.norm(z, axis=-1, keepdims=True)


def matched(points, targets):
  """The targets that SciPy gives to points."""
  costs = np.square(points[:, None] - targets).sum(-1)
  return targets[linear_sum_assignment(costs)[1]]


def layer(state, number):
  return state.network.variables['params'][f'Dense_{number}']


@pytest.mark.parametrize('sigma', [0.0, 0.3])
def test_targets_are_a_mixture_on_the_sphere(key, sigma):
  targets = np.asarray(draw_targets(key, 6000, clusters=5, sigma=sigma))
  components = targets.argmax(-1)
  shares = np.bincount(components, minlength=5) / 6000
  np.testing.assert_allclose(shares, 0.2, atol=0.03)
  if not sigma:
    np.testing.assert_array_equal(targets, np.eye(5)[components])
    return
  rng = np.random.default_rng(0)
  drawn = on_sphere([1, 0, 0, 0, 0] + sigma * rng.normal(size=(20_000, 5)))
  # Each component is another's mirror image.
  own = np.stack([np.roll(row, -row.argmax()) for row in targets])
  drawn = np.stack([np.roll(row, -row.argmax()) for row in drawn])
  np.testing.assert_allclose(own.mean(0), drawn.mean(0), atol=0.02)
  np.testing.assert_allclose(own.std(0), drawn.std(0), atol=0.02)
  np.testing.assert_allclose(np.linalg.norm(targets, axis=1), 1, rtol=1e-5)


def test_a_step_assigns_as_scipy_does(made, key):
  """By points of the images as they are, before the step."""
  classify, trainer, updates, state = made
  rows = np.array([7, 2, 9, 4, 0, 11])
  kernel, bias = (np.asarray(layer(state, 0)[n]) for n in ('kernel', 'bias'))
  pixels = np.asarray(bars(N))[rows].reshape(len(rows), -1)
  points = on_sphere(pixels @ kernel + bias)
  seen = classify(trainer.params(state), bars(N)[rows]).logits
  np.testing.assert_allclose(seen, points, atol=1e-5)
  before = np.asarray(state.targets)
  after, metrics = updates[0](key, state, batch_at(rows))
  expected = matched(points, before[rows])
  assert (expected != before[rows]).any()
  table = np.asarray(after.targets)
  np.testing.assert_array_equal(table[rows], expected)
  moved = expected.argmax(-1) != before[rows].argmax(-1)
  np.testing.assert_allclose(metrics['moved'], moved.mean(), rtol=1e-6)
  others = np.setdiff1d(np.arange(N), rows)
  np.testing.assert_array_equal(table[others], before[others])
  found = clusters_of(trainer.params(after))
  assert found.dtype == jnp.int32
  np.testing.assert_array_equal(found, table.argmax(-1))


def test_targets_change_places_and_nothing_else(made, key):
  """Epoch after epoch the table has the rows that it began with."""
  _, _, updates, state = made
  begin = np.asarray(state.targets)
  for epoch in range(6):
    order = np.random.default_rng(epoch).permutation(N).reshape(2, B)
    for rows in order:
      own = jax.random.fold_in(key, epoch)
      state, _ = updates[epoch % 2](own, state, batch_at(rows, epoch))
  end = np.asarray(state.targets)
  assert (begin != end).any()
  assert sorted(begin.tolist()) == sorted(end.tolist())


@pytest.mark.parametrize('first,rates', [(0, (0.1, 0.1)), (99, (0.1, 0.05))])
def test_steps_by_hand(key, descended, first, rates):
  """Momentum and decay are one optimizer's; the rate follows the epoch.

  50 epochs of both tasks are 100 of the trainer.
  """
  trainer, update = descended
  state = trainer.init(key, training_set(BARS, N))
  weights = layer(state, 0)
  speed = jax.tree.map(jnp.zeros_like, weights)

  def loss_fn(weights, x, targets):
    points = x.reshape(len(x), -1) @ weights['kernel'] + weights['bias'][None]
    points /= jnp.linalg.norm(points, axis=-1, keepdims=True)
    return jnp.square(points - targets).mean()

  slopes_of = jax.jit(jax.value_and_grad(loss_fn))
  for step, rate in enumerate(rates):
    own = jax.random.fold_in(key, step)
    state, metrics = update(own, state, batch_at(np.arange(N), first + step))
    views = [noisy(k, bars(N)) for k in jax.random.split(own, 2)]
    losses, slopes = zip(
      *(slopes_of(weights, view, state.targets) for view in views),
      strict=True,
    )
    np.testing.assert_allclose(metrics['loss'], sum(losses), rtol=1e-4)
    slope = jax.tree.map(jnp.add, *slopes)
    slope['kernel'] += 0.2 * weights['kernel']  # Biases do not decay.
    speed = jax.tree.map(lambda v, g: 0.7 * v + g, speed, slope)
    weights = jax.tree.map(lambda w, v, r=rate: w - r * v, weights, speed)
    for name, value in layer(state, 0).items():
      np.testing.assert_allclose(value, weights[name], rtol=1e-3, atol=1e-5)


def test_turned_images_are_told_apart_by_the_other_head(made, key):
  _, _, updates, state = made
  rows = [3, 1, 8, 0, 6, 11]
  after, metrics = updates[1](key, state, batch_at(rows, epoch=1))
  weights = {n: np.asarray(w, np.float64) for n, w in layer(state, 1).items()}
  losses, hits = [], []
  for image in np.asarray(bars(N))[rows]:
    for turns in range(4):
      logits = np.rot90(image, turns).reshape(-1) @ weights['kernel']
      logits += weights['bias']
      losses.append(-scipy.special.log_softmax(logits)[turns])
      hits.append(logits.argmax() == turns)
  np.testing.assert_allclose(
    metrics['rotation_loss'], np.mean(losses), rtol=1e-4
  )
  np.testing.assert_allclose(metrics['rotation_accuracy'], np.mean(hits))
  np.testing.assert_array_equal(after.targets, state.targets)
  assert (layer(after, 1)['kernel'] != layer(state, 1)['kernel']).any()


def test_without_rotations_there_is_one_task(key):
  """Then 50 epochs of it are 50 of the trainer; images may be oblong."""
  settings = {'rotations': False, 'weight_decay': 0.0}
  _, trainer = factory(shape=(8, 6, 1), **settings)
  update = jax.jit(*trainer.updates)
  state = trainer.init(key, training_set((8, 6, 1), N))
  x = jax.random.uniform(key, (N, 8, 6, 1))
  steps = [
    layer(update(key, state, batch_of(x, epoch=epoch))[0], 0)['kernel']
    - layer(state, 0)['kernel']
    for epoch in (49, 50)
  ]
  assert jnp.abs(steps[0]).max() > 1e-4
  np.testing.assert_allclose(steps[1], steps[0] / 2, rtol=1e-2, atol=1e-6)


@pytest.mark.parametrize('wrong', [5, N, -1])
def test_rows_that_are_not_images_of_their_own_are_noticed(made, key, wrong):
  _, _, updates, state = made
  rows = [2, 5, 3, 8, 0, wrong]
  batch = batch_of(bars(B))._replace(rows=jnp.asarray(rows))
  after, metrics = updates[0](key, state, batch)
  assert np.isnan(metrics['loss'])
  others = np.setdiff1d(np.arange(N), rows)
  np.testing.assert_array_equal(after.targets[others], state.targets[others])


def test_a_state_goes_on_bit_for_bit(made, key):
  """All that training depends on is in it, and comes back from the host."""
  _, trainer, updates, state = made

  def train(state, first, last):
    for step in range(first, last):
      own = jax.random.fold_in(key, step)
      rows = np.random.default_rng(step).permutation(N)[:B]
      state, _ = updates[step % 2](own, state, batch_at(rows, step))
    return state

  whole = train(state, 0, 5)
  saved = jax.tree.map(np.array, train(state, 0, 3))
  again = train(jax.tree.map(jnp.asarray, saved), 3, 5)
  jax.tree.map(np.testing.assert_array_equal, whole, again)
  jax.tree.map(
    np.testing.assert_array_equal, trainer.params(whole), trainer.params(again)
  )


def test_what_cannot_be_clustered_is_refused(key, compiled):
  with pytest.raises(ValueError, match=r'clusters is 1; .* 2 or more'):
    factory(clusters=1)
  with pytest.raises(ValueError, match='make them square, or set rotations'):
    factory(shape=(8, 6, 1))
  _, trainer, updates = compiled
  with pytest.raises(ValueError, match='2 images cannot be put into clusters'):
    trainer.init(key, training_set(BARS, 2))
  state = trainer.init(key, training_set(BARS, 4))
  with pytest.raises(ValueError, match='5 images, more than the 4'):
    updates[0](key, state, batch_of(bars(5)))
  _, trainer = factory(Linear(K + 1))
  with pytest.raises(ValueError, match='4 dimensions, and clusters = 3'):
    trainer.init(key, training_set(BARS, N))


def test_finds_planted_clusters(key):
  """Three colors under noise, of which nobody told it, by shuffled epochs."""
  n, rng = 90, np.random.default_rng(0)
  classes = np.arange(n) % K
  images = 100 * np.eye(3)[classes].reshape(n, 1, 1, 3)
  images = images + rng.integers(150, size=(n, 8, 8, 3))
  data = TrainingSet(jnp.asarray(images.astype(np.uint8)))
  classify, trainer = factory(
    Normalized(), (8, 8, 3), sigma=0.0, learning_rate=0.1
  )
  steps = [jax.jit(update) for update in trainer.updates]
  order = batches.shuffled(30)
  state = trainer.init(key, data)
  begin = agreement(clusters_of(trainer.params(state)), classes)
  assert begin.accuracy < 0.5 and begin.ari < 0.1
  for epoch in range(20):
    own = jax.random.fold_in(key, epoch)
    for rows in order(own, data):
      batch = batches.gather(data, rows, epoch)
      state, _ = steps[epoch % 2](own, state, batch)
  params = trainer.params(state)
  # Targets are drawn, so that there are not as many of each as of each color.
  sizes = np.bincount(clusters_of(params), minlength=K)
  most = np.minimum(sizes, n // K).sum() / n
  assert agreement(clusters_of(params), classes).accuracy > most - 0.1
  x = batches.gather(data, jnp.arange(n), 0).x
  classify = jax.jit(classify)
  points = classify(params, x).logits
  assert agreement(points.argmax(-1), classes).accuracy > 0.85
  np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1, rtol=1e-4)
  alone = classify(params, x[:1]).logits  # An image does not see others.
  np.testing.assert_allclose(alone, points[:1], atol=1e-4)
