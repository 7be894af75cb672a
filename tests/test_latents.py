"""Samplers by their distributions, anchors by their distances."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from lasium_jax import latents
from lasium_jax.types import Anchors, Generator, GeneratorSource

WAYS, SIZE = 5, 8
GAUSSIAN = Generator(
  sample=lambda key, params, n: jax.random.normal(key, (n, SIZE)),
  decode=lambda params, z: z[:, :, None, None],
  encode=lambda params, x: params * x.reshape(len(x), -1),
)


@pytest.fixture
def source(key):
  images = jax.random.randint(key, (50, 2, 4, 1), 0, 256)
  return GeneratorSource(jnp.float32(3.0), images.astype(jnp.uint8))


def draws(sampler, anchors, omega=1, n=4000, y=None):
  keys = jax.random.split(jax.random.key(1), n)
  given = Anchors(anchors, jnp.int32(1), y=y)
  source = GeneratorSource(jnp.float32(1), jnp.zeros((9, 2, 4, 1), jnp.uint8))
  return jax.jit(jax.vmap(lambda k: sampler(k, source, given, omega)))(keys)


def is_gaussian(values, mean, deviation):
  """Kolmogorov-Smirnov at a level that a right sampler fails once in 10^4."""
  scaled = (np.asarray(values) - np.asarray(mean)) / deviation
  return scipy.stats.kstest(scaled.ravel(), 'norm').pvalue > 1e-4


@pytest.fixture
def anchors(key):
  return 2 * jax.random.normal(key, (WAYS, SIZE))


@pytest.mark.parametrize('sigma', [0.5, 2.0])
def test_noise_is_gaussian_about_the_anchor(anchors, sigma):
  z = draws(latents.noise(sigma=sigma), anchors)
  assert is_gaussian(z, anchors, sigma)
  assert not is_gaussian(z, anchors, 1.1 * sigma)


def test_noise_in_units_of_the_anchors_own_deviations(anchors):
  """By dimension: one a thousand times as wide as another, one without any."""
  widths = np.array([1e3, 1.0, 0.0] + [2.0] * (SIZE - 3))
  anchors = np.asarray(anchors) * widths + 7
  anchors = jnp.asarray(anchors, jnp.float32)
  deviations = np.std(np.asarray(anchors), axis=0, ddof=1)
  assert deviations[2] == 0
  wide = np.flatnonzero(widths)
  for sampler, omega in (
    (latents.noise(sigma=0.5, relative=True), 1),
    (latents.other_classes(self_noise=0.5, relative=True), WAYS),
  ):
    z = np.asarray(draws(sampler, anchors, omega))
    assert (z[..., 2] == 7).all()
    mean, deviation = np.asarray(anchors)[:, wide], 0.5 * deviations[wide]
    assert is_gaussian(z[..., wide], mean, deviation)
    assert not is_gaussian(z[..., wide], mean, 1.1 * deviation)


def test_noise_of_a_random_deviation(anchors):
  """Variance of U(0, 2) mixtures: E[sigma^2] = 4/3; one for each draw."""
  z = draws(latents.noise(sigma=0.0, sigma_max=2.0), anchors) - anchors[None]
  np.testing.assert_allclose(z.var(), 4 / 3, rtol=0.03)
  assert scipy.stats.kurtosis(np.ravel(z)) > 1  # A mixture, no Gaussian.
  # All classes of a draw share it.
  each = jnp.sqrt((z**2).mean(-1))
  drawn = each.mean(1)
  assert drawn.min() < 0.1 and drawn.max() > 1.7
  assert np.corrcoef(each[:, 0], each[:, 1])[0, 1] > 0.7


def test_bounds_of_a_random_deviation(anchors):
  fixed = draws(latents.noise(sigma=0.7), anchors, n=10)
  equal = draws(latents.noise(sigma=0.7, sigma_max=0.7), anchors, n=10)
  np.testing.assert_allclose(equal, fixed, rtol=1e-6)
  with pytest.raises(ValueError, match='at least sigma'):
    latents.noise(sigma=0.5, sigma_max=0.4)


@pytest.mark.parametrize('alpha', [0.2, 0.4])
def test_random_out_of_class_moves_toward_the_prior(anchors, alpha):
  z = draws(latents.random_out_of_class(GAUSSIAN, alpha=alpha), anchors)
  assert is_gaussian(z, (1 - alpha) * anchors, alpha)


@pytest.mark.parametrize('omega', range(1, 2 * WAYS + 1))
def test_other_classes(anchors, omega):
  z = draws(latents.other_classes(alpha=0.3, self_noise=0.7), anchors, omega)
  if omega % WAYS == 0:
    assert is_gaussian(z, anchors, 0.7)
  else:
    for i in range(WAYS):
      expected = 0.7 * anchors[i] + 0.3 * anchors[(i + omega) % WAYS]
      np.testing.assert_allclose(z[0, i], expected, rtol=1e-5, atol=1e-5)
    assert (z == z[:1]).all()


# Each cluster about a center of its own, half as wide as a unit Gaussian.
CLUSTERED = GAUSSIAN._replace(
  sample_class=lambda key, params, y: (
    10.0 * y[:, None] + 0.5 * jax.random.normal(key, (len(y), SIZE))
  )
)


@pytest.mark.parametrize('alpha', [0.0, 0.3, 1.0])
def test_in_cluster_moves_toward_the_anchors_own_cluster(anchors, alpha):
  y = jnp.array([4, 0, 2, 7, 7])
  z = draws(latents.in_cluster(CLUSTERED, alpha=alpha), anchors, y=y)
  mean = (1 - alpha) * anchors + alpha * 10.0 * y[:, None]
  if not alpha:
    np.testing.assert_array_equal(z, jnp.broadcast_to(anchors, z.shape))
    return
  assert is_gaussian(z, mean, 0.5 * alpha)
  assert not is_gaussian(z, mean, 0.55 * alpha)
  # Draws of two classes of one cluster are not the same.
  noise = np.asarray(z) - np.asarray(mean)
  assert abs(np.corrcoef(noise[:, 3].ravel(), noise[:, 4].ravel())[0, 1]) < 0.1


def test_in_cluster_needs_clusters(anchors):
  with pytest.raises(ValueError, match='priors of clusters'):
    latents.in_cluster(GAUSSIAN)
  with pytest.raises(ValueError, match='draw them by cluster_anchors'):
    draws(latents.in_cluster(CLUSTERED), anchors)


def test_cluster_anchors_are_of_different_clusters(source):
  """Of which each is as likely, whatever place it comes to."""
  anchor_fn = latents.cluster_anchors(CLUSTERED, 3, 7)
  keys = jax.random.split(jax.random.key(3), 2100)
  drawn = jax.jit(jax.vmap(anchor_fn, in_axes=(0, None)))(keys, source)
  y = np.asarray(drawn.y)
  assert (drawn.num_draws == 1).all() and drawn.x is None
  assert (np.sort(y, axis=1)[:, 1:] > np.sort(y, axis=1)[:, :-1]).all()
  for place in y.T:
    assert scipy.stats.chisquare(np.bincount(place, minlength=7)).pvalue > 1e-4
  assert is_gaussian(drawn.z, 10.0 * y[..., None], 0.5)


def test_cluster_anchors_that_are_too_near_are_drawn_anew(source):
  """Neighbors are 100 * SIZE apart, and those two further 400 * SIZE."""
  anchor_fn = latents.cluster_anchors(CLUSTERED, 2, 5, epsilon=250.0 * SIZE)
  keys = jax.random.split(jax.random.key(4), 400)
  drawn = jax.jit(jax.vmap(anchor_fn, in_axes=(0, None)))(keys, source)
  y = np.asarray(drawn.y)
  assert (np.abs(y[:, 0] - y[:, 1]) > 1).all()
  np.testing.assert_allclose(np.rint(drawn.z.mean(-1) / 10), y)
  assert 1.3 < drawn.num_draws.mean() < 2.1  # 6 of 10 pairs are far: 5 / 3.


def test_cluster_anchors_need_as_many_clusters():
  with pytest.raises(ValueError, match='no priors of clusters'):
    latents.cluster_anchors(GAUSSIAN, 3, 7)
  with pytest.raises(ValueError, match=r'3 ways .* there are 2'):
    latents.cluster_anchors(CLUSTERED, 3, 2)


def test_prior_anchors_are_apart_and_counted(source):
  """The number of draws is geometric in the chance of acceptance."""
  epsilon = 6.0
  anchors = latents.prior_anchors(GAUSSIAN, 3, epsilon=epsilon)
  keys = jax.random.split(jax.random.key(2), 4000)
  anchors_of_keys = jax.jit(jax.vmap(anchors, in_axes=(0, None)))(keys, source)
  z, num_draws, x = anchors_of_keys[:3]
  distances = jax.vmap(latents.squared_distances)(z)
  assert (distances > epsilon).all()
  assert x is None
  rng = np.random.default_rng(0)
  raw = rng.normal(size=(20_000, 3, SIZE))
  pairs = [
    ((raw[:, i] - raw[:, j]) ** 2).sum(-1) for i, j in [(0, 1), (0, 2), (1, 2)]
  ]
  accepted = (np.stack(pairs) > epsilon).all(0).mean()
  np.testing.assert_allclose(num_draws.mean(), 1 / accepted, rtol=0.05)


def test_encoded_anchors_are_distinct_images(source):
  epsilon = 1.0
  anchors = latents.encoded_anchors(GAUSSIAN, WAYS, epsilon=epsilon)
  for seed in range(20):
    z, num_draws, x = jax.jit(anchors)(jax.random.key(seed), source)[:3]
    np.testing.assert_allclose(z, GAUSSIAN.encode(source.params, x), rtol=1e-5)
    assert x.min() >= 0 and x.max() <= 1 and num_draws >= 1
    assert (latents.squared_distances(z) > epsilon).all()
    rows = np.asarray(source.images).reshape(50, -1)
    checks = [
      (rows == np.round(255 * np.ravel(xi))).all(1).any()
      for xi in np.asarray(x)
    ]
    assert all(checks)


def test_encoded_anchors_may_be_samples_of_the_posterior(source):
  """Around the encoded images that come with them, each by its own noise."""
  deviation = 0.3

  def sample_like(key, params, x, n):
    mean = jnp.repeat(GAUSSIAN.encode(params, x), n, axis=0)
    return mean + deviation * jax.random.normal(key, mean.shape)

  generator = GAUSSIAN._replace(sample_like=sample_like)
  make = latents.encoded_anchors
  anchors = make(generator, WAYS, posterior='sample')
  keys = jax.random.split(jax.random.key(4), 400)
  z, _, x = jax.jit(jax.vmap(anchors, in_axes=(0, None)))(keys, source)[:3]
  mean = jax.vmap(GAUSSIAN.encode, in_axes=(None, 0))(source.params, x)
  assert is_gaussian(z, mean, deviation)
  noise = np.asarray(z - mean).reshape(-1, SIZE)
  assert len(np.unique(noise, axis=0)) == len(noise)
  plain, _, x = make(generator, WAYS)(keys[0], source)[:3]
  np.testing.assert_allclose(plain, GAUSSIAN.encode(source.params, x))
  with pytest.raises(ValueError, match='no posterior'):
    make(GAUSSIAN, WAYS, posterior='sample')


def test_a_latent_of_a_random_image_stands_in_for_a_prior(source):
  """Distinct images of the source, encoded: an autoencoder's way out."""
  sampler = latents.random_out_of_class(
    GAUSSIAN._replace(sample=None), alpha=1.0
  )
  given = Anchors(jnp.zeros((WAYS, SIZE)), jnp.int32(1))
  z = np.asarray(sampler(jax.random.key(0), source, given, jnp.int32(1)))
  encoded = 3 / 255 * np.asarray(source.images).reshape(50, -1)
  rows = [np.abs(encoded - v).max(1).argmin() for v in z]
  np.testing.assert_allclose(z, encoded[rows], rtol=1e-5)
  assert len(set(rows)) == WAYS
  with pytest.raises(ValueError, match='a prior or an encoder'):
    latents.random_out_of_class(GAUSSIAN._replace(sample=None, encode=None))


def test_an_epsilon_that_cannot_be_met_ends(source):
  anchors = latents.prior_anchors(GAUSSIAN, WAYS, epsilon=1e6, max_draws=50)
  z, num_draws = anchors(jax.random.key(0), source)[:2]
  assert num_draws == 0 and jnp.isnan(z).all()
  with pytest.raises(ValueError, match='epsilon'):
    latents.count_rejections(jax.random.key(0), anchors, source, 3)


def test_count_rejections_adds_up(source):
  key = jax.random.key(3)
  anchors = latents.prior_anchors(GAUSSIAN, 3, epsilon=8.0)
  one = jax.jit(lambda key: anchors(key, source).num_draws)
  each = [int(one(k)) for k in jax.random.split(key, 70)]
  assert latents.count_rejections(key, anchors, source, 70) == sum(each) - 70


def test_encoded_anchors_need_an_encoder():
  with pytest.raises(ValueError, match='no encoder'):
    latents.encoded_anchors(GAUSSIAN._replace(encode=None), WAYS)
