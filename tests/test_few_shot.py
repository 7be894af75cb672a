"""Few-shot samplers: by the weights that each code has in what they draw."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from lasium_jax import latents
from lasium_jax.types import Generator

SAMPLERS = {
  'paths': (latents.paths, 2),
  'midpoints': (latents.midpoints, 2),
  'mixtures': (latents.mixtures, 2),
  'differences': (latents.differences, 3),
}
IDENTITY = Generator(
  decode=lambda params, z: z.reshape(-1, 8, 8, 1),
  encode=lambda params, x: params * x.reshape(len(x), -1),
)


def weights(sampler, k, n):
  """Codes that are the axes of a space: what is drawn are their weights."""
  return weights_by_seed(sampler, k, n, 1)[0]


def weights_by_seed(sampler, k, n, seeds):
  """The same for several keys, `[seeds, n, k]`."""
  draw = jax.jit(jax.vmap(lambda key: sampler(key, jnp.eye(k), n)))
  keys = jax.random.split(jax.random.key(0), seeds)
  return np.asarray(draw(keys), np.float64)


@pytest.mark.parametrize('name', SAMPLERS)
@pytest.mark.parametrize('n', [1, 9])
def test_what_every_sampler_draws(name, n):
  make, least = SAMPLERS[name]
  drawn = weights(make(), least, n)
  assert drawn.shape == (n, least)
  np.testing.assert_allclose(drawn.sum(1), 1, rtol=1e-6)
  assert (drawn.min() < 0) == (name == 'differences')


@pytest.mark.parametrize('name', SAMPLERS)
def test_a_sampler_draws_by_its_key(name):
  make, _ = SAMPLERS[name]
  first, other = weights_by_seed(make(), 6, 20, 2)
  assert (first != other).any()
  np.testing.assert_array_equal(first, weights_by_seed(make(), 6, 20, 2)[0])


@pytest.mark.parametrize('name', SAMPLERS)
def test_too_few_codes_are_refused(name):
  make, least = SAMPLERS[name]
  with pytest.raises(ValueError, match=f'{name} needs the codes of {least} im'):
    weights(make(), least - 1, 5)


@pytest.mark.parametrize(
  ('k', 'n', 'lengths'),
  [
    (2, 3, [3]),
    (3, 6, [2, 2, 2]),
    (3, 8, [3, 3, 2]),
    (3, 2, [1, 1]),
    (4, 7, [2, 1, 1, 1, 1, 1]),
  ],
)
def test_paths_by_hand(k, n, lengths):
  drawn = weights(latents.paths(), k, n)
  first = 0
  found = set()
  for length in lengths:
    path = drawn[first : first + length]
    a, b = np.flatnonzero(path[0])
    found.add((a, b))
    falling = 1 - np.arange(1, length + 1) / (length + 1)
    expected = np.zeros((length, k))
    expected[:, a], expected[:, b] = falling, 1 - falling
    np.testing.assert_allclose(path, expected, atol=1e-6)
    first += length
  assert first == n
  assert len(found) == len(lengths)  # No path twice.


def test_which_paths_have_more_points_is_drawn():
  drawn = weights_by_seed(latents.paths(), 3, 4, 20)
  longest = {tuple(np.flatnonzero(points[0])) for points in drawn}
  assert longest == {(0, 1), (0, 2), (1, 2)}


def test_midpoints_by_hand():
  expected = {(0.5, 0.5, 0.0), (0.5, 0.0, 0.5), (0.0, 0.5, 0.5)}
  drawn = [tuple(row) for row in weights(latents.midpoints(), 3, 8)]
  assert set(drawn[:3]) == expected
  assert drawn[3:] == [*drawn[:3], *drawn[:2]]  # Repeated in their order.
  orders = weights_by_seed(latents.midpoints(), 3, 3, 60)
  assert len(np.unique(orders, axis=0)) == 6


@pytest.mark.parametrize('concentration', [0.3, 1.0, 8.0])
def test_mixtures_are_dirichlet(concentration):
  """Each weight is Beta(c, (k - 1) c), and any two make up for each other."""
  k = 4
  drawn = weights(latents.mixtures(concentration=concentration), k, 3000)
  beta = scipy.stats.beta(concentration, (k - 1) * concentration)
  for column in drawn.T:
    assert scipy.stats.kstest(column, beta.cdf).pvalue > 1e-4
  np.testing.assert_allclose(
    np.cov(drawn.T),
    beta.var() * (k * np.eye(k) - 1) / (k - 1),
    atol=0.1 * beta.var(),
  )


def test_differences_are_of_all_triples_alike():
  k, n = 4, 2400
  drawn = weights(latents.differences(alpha=0.25), k, n)
  far = drawn[(drawn > 0) & (drawn < 1)]
  assert len(far) == n
  assert scipy.stats.kstest(far, 'uniform', (0, 0.25)).pvalue > 1e-4
  counts = dict.fromkeys(itertools.permutations(range(k), 3), 0)
  for row in drawn:
    (start,) = np.flatnonzero(row == 1)
    (there,) = np.flatnonzero((row > 0) & (row < 1))
    (here,) = np.flatnonzero(row < 0)
    assert row[there] == -row[here]
    counts[start, there, here] += 1
  assert scipy.stats.chisquare([*counts.values()]).pvalue > 1e-4


def seeds(k):
  """Each one gray level all over."""
  levels = jnp.arange(1, k + 1, dtype=jnp.float32) / k
  return jnp.ones((k, 8, 8, 1)) * levels[:, None, None, None]


def test_an_autoencoder_with_a_sampler_makes_images_like_a_few(key):
  generator = latents.few_shot(IDENTITY, latents.midpoints())
  make = jax.jit(generator.sample_like, static_argnums=3)
  z = make(key, jnp.float32(2), seeds(2), 3)
  np.testing.assert_allclose(z, np.full((3, 64), 2 * 0.75))
  assert generator._replace(sample_like=None) == IDENTITY


def codes_of(views, x):
  """What a sampler is given."""
  generator = latents.few_shot(IDENTITY, lambda _, z, n: z, views=views)
  draw = jax.jit(generator.sample_like, static_argnums=3)
  z = draw(jax.random.key(3), jnp.float32(1), x, 0)
  return np.asarray(z).reshape(-1, 8, 8)


def test_views_are_of_the_seeds():
  """The middle of an image stays inside it, whatever the map."""
  x = seeds(3)
  codes = codes_of(4, x)
  np.testing.assert_array_equal(codes[:3], x[..., 0])
  middles = codes[:, 3:5, 3:5].reshape(5, 3, 4)
  expected = np.broadcast_to(x[:, 0, 0], (5, 3, 4))
  np.testing.assert_allclose(middles, expected, atol=1e-5)
  assert len(np.unique(codes.reshape(15, -1), axis=0)) == 15
  assert (codes[3:, 0, 0] < 0.1).any()  # Some are smaller, or moved.
  np.testing.assert_array_equal(codes_of(0, x), x[..., 0])


def rank(z):
  return np.linalg.matrix_rank(z - z.mean(0), tol=1e-3)


def test_two_seeds_leave_a_line_and_views_more(key):
  x = jax.random.uniform(key, (2, 8, 8, 1))

  def drawn(sampler, views):
    generator = latents.few_shot(IDENTITY, sampler, views=views)
    draw = jax.jit(generator.sample_like, static_argnums=3)
    return np.asarray(draw(key, jnp.float32(1), x, 30))

  assert rank(drawn(latents.mixtures(), 0)) == 1
  assert rank(drawn(latents.mixtures(), 3)) == 7
  with pytest.raises(ValueError, match=r'there are 2.*\(views\)'):
    drawn(latents.differences(), 0)


def test_a_generator_without_an_encoder_is_refused():
  with pytest.raises(ValueError, match='has no encoder'):
    latents.few_shot(IDENTITY._replace(encode=None), latents.paths())
