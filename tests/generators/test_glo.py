"""GLO: its steps, its table of codes, its prior, and what it learns."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from batch_of import BARS, bars, bars_at, batch_of, training_set

from lasium_jax.generators import fitted_mixture, glo, with_mixture
from lasium_jax.ops.pyramid import laplacian_loss

SETTINGS = {'latent_size': 3, 'width': 2, 'levels': 2}
N = 8
batch_at = functools.partial(bars_at, n=N)


@pytest.fixture(scope='module')
def compiled():
  generator, trainer = glo(BARS, **SETTINGS)
  return generator, trainer, jax.jit(trainer.updates[0])


@pytest.fixture
def made(key, compiled):
  generator, trainer, update = compiled
  state = trainer.init(key, training_set(BARS, N))
  return generator, trainer, update, state


def loss_of(generator, variables, codes, x):
  images = generator.decode(variables, codes)
  return laplacian_loss(images, x, levels=2).mean()


def test_loss_is_of_the_codes_of_the_batchs_rows(made, key):
  generator, _, update, state = made
  rows = [5, 0, 3]
  _, metrics = update(key, state, batch_at(rows))
  codes = state.codes[jnp.asarray(rows)]
  expected = loss_of(
    generator, state.variables, codes, bars(N)[jnp.array(rows)]
  )
  np.testing.assert_allclose(metrics['loss'], expected, rtol=1e-5)


def test_whole_batches_take_the_steps_of_one_adam(made, key):
  """Where every row is in every batch, Adams of rows are one of the table."""
  generator, _, update, state = made
  optimizer = optax.multi_transform(
    {
      'net': optax.adam(1e-3, b1=0.5, b2=0.999),
      'codes': optax.adam(1e-2, b1=0.5, b2=0.999),
    },
    ('net', 'codes'),
  )
  expected = state.variables, state.codes
  opt_state = optimizer.init(expected)
  slopes = jax.jit(jax.grad(lambda trained, x: loss_of(generator, *trained, x)))
  for _ in range(4):
    state, _ = update(key, state, batch_at(np.arange(N)))
    changes, opt_state = optimizer.update(slopes(expected, bars(N)), opt_state)
    expected = optax.apply_updates(expected, changes)
  for ours, theirs in zip(
    *map(jax.tree.leaves, ((state.variables, state.codes), expected)),
    strict=True,
  ):
    np.testing.assert_allclose(ours, theirs, atol=2e-5)


def table(state):
  """Codes and all that Adam keeps of them, by rows."""
  return [np.asarray(leaf) for leaf in (state.codes, *state.codes_opt)]


def test_other_rows_stay_as_they_are(made, key):
  """Every bit of them, and of their moments, though these are not zero."""
  _, _, update, state = made
  state, _ = update(key, state, batch_at(np.arange(N)))
  after, _ = update(key, state, batch_at([6, 1]))
  others = np.setdiff1d(np.arange(N), [6, 1])
  for before, now in zip(table(state), table(after), strict=True):
    np.testing.assert_array_equal(before[others], now[others])
    assert (before[[6, 1]] != now[[6, 1]]).any()


@pytest.mark.parametrize('epoch,halvings', [(0, 0), (49, 0), (50, 1), (149, 2)])
def test_rates_are_halved_by_epochs(made, key, epoch, halvings):
  """Adam's first step is the rate, and a row's first is its own first."""
  _, _, update, state = made
  state, _ = update(key, state, batch_at([0, 1]))
  after, _ = update(key, state, batch_at([2, 3], epoch))
  steps = np.abs(after.codes - state.codes)[2:4]
  np.testing.assert_allclose(steps, 1e-2 / 2**halvings, rtol=1e-2)
  _, _, update, state = made
  after, _ = update(key, state, batch_at([2, 3], epoch))
  bias = 'params', 'ConvTranspose_1', 'bias'
  steps = [variables.variables for variables in (state, after)]
  for name in bias:
    steps = [tree[name] for tree in steps]
  np.testing.assert_allclose(
    np.abs(steps[1] - steps[0]), 1e-3 / 2**halvings, rtol=1e-2
  )


def test_codes_go_back_to_the_sphere_after_an_epoch(made, key):
  _, trainer, update, state = made
  np.testing.assert_allclose(np.linalg.norm(state.codes, axis=1), 1, rtol=1e-5)
  state, _ = update(key, state, batch_at(np.arange(N)))
  lengths = np.linalg.norm(state.codes, axis=1)
  assert np.abs(lengths - 1).max() > 1e-3
  after = trainer.end_epoch(key, state, training_set(BARS, N))
  np.testing.assert_allclose(
    after.codes, state.codes / lengths[:, None], rtol=1e-5
  )
  assert after.variables is state.variables
  assert after.codes_opt is state.codes_opt


@pytest.mark.parametrize('row', [-1, N])
def test_a_row_that_is_not_of_the_table_is_noticed(made, key, row):
  _, _, update, state = made
  after, metrics = update(
    key, state, batch_at([2, 3])._replace(rows=jnp.array([2, row]))
  )
  assert np.isnan(metrics['loss'])
  np.testing.assert_array_equal(after.codes[3:], state.codes[3:])


def test_samples_are_the_priors_on_the_sphere(key):
  """Of a prior in a plane: no draw leaves it, and directions are as drawn."""
  generator, _ = glo(BARS, **SETTINGS)
  mean = np.array([0.5, 0.2, 0.0])
  root = np.array([[0.5, 0.0, 0.0], [0.3, 0.4, 0.0], [0.0, 0.0, 0.0]])
  params = {'prior': {'mean': jnp.float32(mean), 'root': jnp.float32(root)}}
  z = np.asarray(generator.sample(key, params, 4000))
  np.testing.assert_allclose(np.linalg.norm(z, axis=1), 1, rtol=1e-5)
  np.testing.assert_allclose(z[:, 2], 0, atol=1e-6)
  rng = np.random.default_rng(0)
  drawn = rng.multivariate_normal(mean, root @ root.T, 100_000)
  drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
  np.testing.assert_allclose(z.mean(0), drawn.mean(0), atol=0.04)
  np.testing.assert_allclose(np.cov(z.T), np.cov(drawn.T), atol=0.04)


@pytest.mark.parametrize('classes', [0, 2])
def test_within_an_epoch_the_prior_is_of_codes_on_the_sphere(key, classes):
  """Where they are off it, and would have other moments."""
  y = np.arange(N) % 2
  _, trainer = glo(BARS, **SETTINGS, classes=classes)
  state = trainer.init(key, training_set(BARS, N, jnp.asarray(y)))
  off = np.random.default_rng(0).uniform(0.5, 2, (N, 1)) * state.codes
  prior = trainer.params(state._replace(codes=jnp.float32(off)))['prior']
  codes = off / np.linalg.norm(off, axis=1, keepdims=True)
  for own in range(max(classes, 1)):
    members = codes[y == own] if classes else codes
    mean, root = (
      np.asarray(leaf[own] if classes else leaf)
      for leaf in (prior['mean'], prior['root'])
    )
    np.testing.assert_allclose(mean, members.mean(0), atol=1e-5)
    np.testing.assert_allclose(root @ root.T, np.cov(members.T), atol=1e-5)


def test_a_mixture_can_be_fitted_afterwards(made, key):
  """Of codes that lie in two places, by labels that GLO has not seen."""
  generator, trainer, _, state = made
  y = np.array([0, 1, 1, 0, 1, 1, 1, 1])
  rng = np.random.default_rng(0)
  codes = np.where(y[:, None], 1.0, -1.0) + 0.1 * rng.normal(size=(N, 3))
  prior = fitted_mixture(jnp.float32(codes), jnp.asarray(y), 2)
  params = {**trainer.params(state), 'prior': prior._asdict()}
  mixture = with_mixture(generator)
  drawn = np.asarray(mixture.sample(key, params, 400))
  np.testing.assert_allclose(np.linalg.norm(drawn, axis=1), 1, rtol=1e-5)
  assert abs((drawn[:, 0] > 0).sum() - 200) < 50  # Five standard deviations.
  assert np.abs(drawn).min() > 0.2  # And none is between.
  asked = jnp.array([1, 0, 0, 1])
  own = mixture.sample_class(key, params, asked)
  np.testing.assert_array_equal(own[:, 0] > 0, asked == 1)
  images = mixture.decode(params, own)
  np.testing.assert_array_equal(images, generator.decode(params, own))
  # Without a spread each draw is the mean of its class, put on the sphere.
  narrow = with_mixture(generator, spread=0.0).sample_class(key, params, asked)
  means = np.stack([codes[y == own].mean(0) for own in (1, 0, 0, 1)])
  means /= np.linalg.norm(means, axis=1, keepdims=True)
  np.testing.assert_allclose(narrow, means, rtol=1e-5)


def test_classes_have_gaussians_of_their_codes(key):
  """Training is that without classes, and the prior NumPy's of each class."""
  y = np.array([0, 1, 1, 0, 1, 1, 1, 0])
  generator, trainer = glo(BARS, **SETTINGS, classes=2)
  data = training_set(BARS, N, jnp.asarray(y))
  state = trainer.init(key, data)
  plain = glo(BARS, **SETTINGS)[1].init(key, data)
  np.testing.assert_array_equal(state.codes, plain.codes)
  assert plain.clusters is None
  params = trainer.params(state)
  for i in range(2):
    own = np.asarray(state.codes)[y == i]
    np.testing.assert_allclose(params['prior']['mean'][i], own.mean(0), 1e-5)
    root = np.asarray(params['prior']['root'][i])
    np.testing.assert_allclose(root @ root.T, np.cov(own.T), atol=1e-5)
  z = generator.sample_class(key, params, jnp.asarray(y))
  np.testing.assert_allclose(np.linalg.norm(z, axis=1), 1, rtol=1e-5)


def test_classes_need_labels(key):
  _, trainer = glo(BARS, **SETTINGS, classes=2)
  with pytest.raises(ValueError, match='no labels: give it some, or let'):
    trainer.init(key, training_set(BARS, N))


def test_a_step_writes_into_its_table(key):
  """A donated table of codes is not copied: it may be large."""
  _, trainer = glo(BARS, **SETTINGS)
  rows = 100_000
  state = jax.eval_shape(lambda: trainer.init(key, training_set(BARS, rows)))
  step = jax.jit(trainer.updates[0], donate_argnums=1)
  program = step.lower(key, state, batch_at([0, 1])).compile()
  memory = program.memory_analysis()
  assert memory.temp_size_in_bytes < 4 * rows
  # Every byte of the state that comes back is where the donated one was.
  assert memory.alias_size_in_bytes > 3 * 4 * 3 * rows


def test_glo_learns_its_images(key):
  """Images of four gray quarters each, from codes that met in other batches."""
  generator, trainer = glo(
    BARS, latent_size=6, width=4, levels=2, learning_rate=1e-2
  )
  quarters = np.random.default_rng(0).random((8, 2, 2, 1), np.float32)
  x, data = (
    jnp.asarray(quarters.repeat(4, 1).repeat(4, 2)),
    training_set(BARS, 8),
  )
  state = trainer.init(key, data)
  step = jax.jit(trainer.updates[0], donate_argnums=1)
  for epoch in range(80):
    order = np.random.default_rng(epoch).permutation(8).reshape(2, 4)
    for rows in order:
      batch = batch_of(x[rows], epoch=epoch)._replace(rows=jnp.asarray(rows))
      state, _ = step(key, state, batch)
    state = trainer.end_epoch(key, state, data)
  again = generator.decode(state.variables, state.codes)
  assert jnp.abs(x - x.mean(0, keepdims=True)).mean() > 0.2
  assert jnp.abs(again - x).mean() < 0.03


def test_glo_sides_must_be_divisible_by_4():
  with pytest.raises(ValueError, match='divisible by 4'):
    glo((30, 28, 3))
