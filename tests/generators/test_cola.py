"""COLA's steps II and III: codes in two parts, clusters, and their draws."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from batch_of import BARS, bars, bars_at, training_set

from lasium_jax.batches import shuffled
from lasium_jax.generators import cola
from lasium_jax.ops.pyramid import laplacian_loss

K, SIZE, N = 3, 2, 9
batch_at = functools.partial(bars_at, n=N)
SETTINGS = {'clusters': K, 'latent_size': SIZE, 'width': 2, 'levels': 2}
HARD = np.arange(N) % K
SOFT = np.random.default_rng(0).random((N, K)).astype(np.float32)
SOFT[np.arange(N), HARD] += 1


@pytest.fixture(scope='module')
def compiled():
  generator, trainer = cola(BARS, **SETTINGS)
  return generator, trainer, jax.jit(trainer.updates[0])


@pytest.fixture
def made(key, compiled):
  generator, trainer, update = compiled
  data = training_set(BARS, N, HARD)
  return generator, trainer, update, trainer.init(key, data)


def table(state):
  """Codes and all that Adam keeps of them, by rows."""
  return [np.asarray(leaf) for leaf in (state.codes, *state.codes_opt)]


def lengths(codes):
  """Of both parts of each."""
  parts = np.split(np.asarray(codes), [K], axis=1)
  return np.stack([np.linalg.norm(part, axis=1) for part in parts])


@pytest.mark.parametrize('y', [HARD, SOFT], ids=['hard', 'soft'])
def test_codes_begin_at_their_labels(key, y):
  _, trainer = cola(BARS, **SETTINGS)
  state = trainer.init(key, training_set(BARS, N, y))
  t, v = np.split(np.asarray(state.codes), [K], axis=1)
  targets = np.eye(K)[y] if y.ndim == 1 else y
  targets = targets / np.linalg.norm(targets, axis=1, keepdims=True)
  np.testing.assert_allclose(t, targets, rtol=1e-5)
  assert v.shape == (N, SIZE)
  assert len(np.unique(v.round(4), axis=0)) == N
  np.testing.assert_allclose(lengths(state.codes), 1, rtol=1e-5)
  np.testing.assert_array_equal(state.clusters, HARD)


def test_both_parts_are_on_their_spheres_after_every_epoch(made, key):
  _, trainer, update, state = made
  data = training_set(BARS, N, HARD)
  for epoch in range(3):
    for rows in np.random.default_rng(epoch).permutation(N).reshape(3, 3):
      state, _ = update(key, state, batch_at(rows, epoch))
    off = np.abs(lengths(state.codes) - 1)
    assert (off.max(axis=1) > 1e-3).all()
    before = np.split(np.asarray(state.codes), [K], axis=1)
    state = trainer.end_epoch(key, state, data)
    np.testing.assert_allclose(lengths(state.codes), 1, rtol=1e-5)
    after = np.split(np.asarray(state.codes), [K], axis=1)
    for one, other in zip(before, after, strict=True):
      length = np.linalg.norm(one, axis=1, keepdims=True)
      np.testing.assert_allclose(other, one / length, rtol=1e-4)
  np.testing.assert_array_equal(state.clusters, HARD)


def test_latents_are_directions(made, key):
  """Whatever the lengths of both parts, the image is the same."""
  generator, trainer, _, state = made
  params = trainer.params(state)
  t, v = np.split(np.asarray(state.codes), [K], axis=1)
  decode = jax.jit(generator.decode)
  scaled = jnp.asarray(np.concatenate([3 * t, 0.2 * v], axis=1))
  images = decode(params, state.codes)
  np.testing.assert_allclose(decode(params, scaled), images, atol=1e-5)
  turned = jnp.asarray(np.concatenate([t, -v], axis=1))
  assert np.abs(decode(params, turned) - images).max() > 1e-3


def test_other_rows_stay_as_they_are(made, key):
  """Every bit of them, and of their moments, though these are not zero."""
  _, _, update, state = made
  state, _ = update(key, state, batch_at(np.arange(N)))
  after, _ = update(key, state, batch_at([6, 1]))
  others = np.setdiff1d(np.arange(N), [6, 1])
  for before, now in zip(table(state), table(after), strict=True):
    np.testing.assert_array_equal(before[others], now[others])
    assert (before[[6, 1]] != now[[6, 1]]).any()


@pytest.mark.parametrize('network', ['infogan', 'residual', 'conditional'])
def test_the_loss_is_the_pyramids_of_images_and_codes(key, network):
  """Where nothing moves, averages are the moments that made the images."""
  settings = SETTINGS | {'width': 1, 'network': network}
  generator, trainer = cola(
    BARS, **settings, gamma=0.7, learning_rate=0.0, codes_learning_rate=0.0
  )
  state = trainer.init(key, training_set(BARS, N, HARD))
  rows = [5, 0, 3, 7]
  after, metrics = jax.jit(trainer.updates[0])(key, state, batch_at(rows))
  np.testing.assert_array_equal(after.codes, state.codes)
  images = generator.decode(
    trainer.params(after), state.codes[jnp.asarray(rows)]
  )
  x = bars(N)[jnp.asarray(rows)]
  expected = laplacian_loss(images, x, gamma=0.7, levels=2).mean()
  np.testing.assert_allclose(metrics['loss'], expected, rtol=1e-3)


def test_moments_begin_anew_with_an_epoch_if_they_are_to(made, key):
  """Then the first step of an epoch is the rate, for every number."""
  _, _, update, state = made
  _, trainer = cola(BARS, **SETTINGS, reset_moments=True)
  data = training_set(BARS, N, HARD)
  for _ in range(3):
    state, _ = update(key, state, batch_at(np.arange(N)))
  state = trainer.end_epoch(key, state, data)
  assert not any(
    leaf.any() for leaf in jax.tree.leaves((state.opt_state, state.codes_opt))
  )
  after, _ = update(key, state, batch_at(np.arange(N)))
  np.testing.assert_allclose(np.abs(after.codes - state.codes), 1e-2, rtol=2e-2)


def test_a_state_that_was_put_away_goes_on_bit_for_bit(made, key):
  _, trainer, update, first = made
  data = training_set(BARS, N, HARD)

  def trained(put_away):
    state = first
    for step, rows in enumerate([[0, 1, 2], [3, 4, 5], [6, 7, 8]] * 2):
      if step == put_away:
        state = jax.tree.map(lambda leaf: jnp.asarray(np.array(leaf)), state)
      state, _ = update(
        jax.random.fold_in(key, step), state, batch_at(rows, step // 3)
      )
      if step % 3 == 2:
        state = trainer.end_epoch(key, state, data)
    return state, trainer.params(state)

  reference = trained(None)
  for put_away in (2, 3):
    again = trained(put_away)
    for ours, other in zip(
      *map(jax.tree.leaves, (reference, again)), strict=True
    ):
      np.testing.assert_array_equal(ours, other)


def test_fewer_images_than_a_batch_are_one_batch(made, key):
  _, _, update, state = made
  data = training_set(BARS, N, HARD)
  rows = shuffled(128)(key, data)
  assert rows.shape == (1, N)
  after, metrics = update(key, state, batch_at(rows[0]))
  assert np.isfinite(metrics['loss'])
  assert (np.abs(after.codes - state.codes).max(axis=1) > 0).all()


def test_a_row_that_is_not_of_the_table_is_noticed(made, key):
  _, _, update, state = made
  batch = batch_at([2, 3])._replace(rows=jnp.array([2, -1]))
  after, metrics = update(key, state, batch)
  assert np.isnan(metrics['loss'])
  np.testing.assert_array_equal(after.codes[3:], state.codes[3:])


def scattered(state, y):
  """The state with codes at random, in the clusters of labels."""
  rng = np.random.default_rng(1)
  codes = np.eye(K + SIZE)[y] + 0.2 * rng.normal(size=(len(y), K + SIZE))
  return state._replace(codes=jnp.float32(codes), clusters=jnp.asarray(y))


def test_parameters_have_the_moments_of_each_cluster(made):
  """Of three codes in five dimensions each, so that all are singular.

  Codes that are off their spheres, as within an epoch, count as put there.
  """
  _, trainer, _, state = made
  state = scattered(state, HARD)
  assert (np.abs(lengths(state.codes) - 1).max(axis=1) > 0.1).all()
  prior = trainer.params(state)['prior']
  parts = np.split(np.asarray(state.codes, np.float64), [K], axis=1)
  codes = np.hstack([p / np.linalg.norm(p, axis=1)[:, None] for p in parts])
  for own in range(K):
    members = codes[own == HARD]
    np.testing.assert_allclose(prior['mean'][own], members.mean(0), rtol=1e-4)
    root = np.asarray(prior['root'][own])
    np.testing.assert_allclose(root @ root.T, np.cov(members.T), atol=1e-5)


def test_draws_are_of_their_clusters_and_on_both_spheres(made, key):
  generator, trainer, _, state = made
  # One cluster is larger, and is drawn no more often for it.
  y = np.array([0, 0, 0, 0, 0, 1, 1, 2, 2])
  params = trainer.params(scattered(state, y))
  drawn = generator.sample(key, params, 900)
  np.testing.assert_allclose(lengths(drawn), 1, rtol=1e-4)
  counts = np.bincount(drawn[:, :K].argmax(1), minlength=K)
  assert (np.abs(counts - 300) < 75).all()  # Five standard deviations.
  asked = jnp.arange(300) % K
  z = generator.sample_class(key, params, asked)
  np.testing.assert_allclose(lengths(z), 1, rtol=1e-4)
  assert (z[:, :K].argmax(1) == asked).mean() > 0.9


def test_spread_scales_the_deviation_of_draws(made, key):
  _, trainer, _, state = made
  params = trainer.params(scattered(state, HARD))
  y = jnp.zeros(200, int)
  means = params['prior']['mean'][0]
  deviations = {}
  for spread in (0.0, 0.1, 0.2, 1.0):
    generator, _ = cola(BARS, **SETTINGS, spread=spread)
    z = np.asarray(generator.sample_class(key, params, y))
    deviations[spread] = z[:, :K].std(0).max()
    if not spread:
      parts = np.split(np.asarray(means), [K])
      expected = np.concatenate([p / np.linalg.norm(p) for p in parts])
      np.testing.assert_allclose(z, np.tile(expected, (200, 1)), rtol=1e-5)
  # On a sphere a deviation is in proportion only while it is small.
  assert deviations[0.0] < 1e-5
  np.testing.assert_allclose(deviations[0.2], 2 * deviations[0.1], rtol=0.1)
  assert deviations[1.0] > 2 * deviations[0.2]


BAD = {
  'no labels': (None, 'begins with a label for each image'),
  'an unknown label': (np.array([0, 1, 2, 3]), '1 of 4 images have'),
  'a label of padding': (np.array([0, -1, -1, 2]), '2 of 4 images have'),
  'an empty cluster': (np.array([0, 0, 2, 2]), '3 clusters 1 have none.* 1:'),
  'too few images': (np.array([1]), '3 clusters 2 have none'),
  'other classes': (np.ones((4, 2), np.float32), 'of 2 classes'),
}


@pytest.mark.parametrize('name', BAD)
def test_labels_that_cannot_be_are_refused(key, name):
  y, said = BAD[name]
  _, trainer = cola(BARS, **SETTINGS)
  data = training_set(BARS, 4 if y is None else len(y), y)
  with pytest.raises(ValueError, match=said):
    trainer.init(key, data)


@pytest.mark.parametrize('name', ['an unknown label', 'a label of padding'])
def test_traced_labels_that_cannot_be_make_nan(key, name):
  y, _ = BAD[name]
  _, trainer = cola(BARS, **SETTINGS)
  data = training_set(BARS, len(y), y)
  codes = np.asarray(jax.jit(trainer.init)(key, data).codes)
  unknown = (y < 0) | (y >= K)
  np.testing.assert_array_equal(np.isnan(codes).any(1), unknown)


def test_a_loss_without_its_weights_is_refused(key):
  _, trainer = cola(BARS, **SETTINGS, loss='vgg16')
  state = trainer.init(key, training_set(BARS, N, HARD))
  with pytest.raises(ValueError, match=r"'vgg16'.*measure_weights"):
    trainer.updates[0](key, state, batch_at([0, 1]))


@pytest.mark.parametrize(
  ('network', 'shape', 'said'),
  [
    ('infogan', (30, 32, 3), 'divisible by 4'),
    ('residual', (28, 28, 1), 'divisible by 8'),
    ('conditional', (28, 28, 1), 'divisible by 8'),
  ],
)
def test_sides_must_be_divisible(network, shape, said):
  with pytest.raises(ValueError, match=said):
    cola(shape, network=network)
