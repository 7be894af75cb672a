"""The VAE: its loss, its posterior, its averages, and what it learns."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate
import scipy.stats
from batch_of import BARS, bars, batch_of, first_state, training_set

from lasium_jax.generators import vae, variational
from lasium_jax.generators.elbo import kl_divergence
from lasium_jax.nets.averages import MOMENTUM
from lasium_jax.nets.vae import Encoder


@pytest.mark.instructions
@pytest.mark.parametrize(
  'mean,log_variance', [(0, 0), (1.5, 0), (-0.3, -2), (0.2, 1)]
)
def test_kl_by_quadrature(mean, log_variance):
  q = scipy.stats.norm(mean, np.exp(log_variance / 2))

  def integrand(z):
    return q.pdf(z) * (q.logpdf(z) - scipy.stats.norm.logpdf(z))

  expected, _ = scipy.integrate.quad(integrand, -20, 20)
  kl = kl_divergence(jnp.float32(mean), jnp.float32(log_variance))
  np.testing.assert_allclose(kl, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
  'weighting,divisor',
  [pytest.param('sum', 1, marks=pytest.mark.instructions), ('mean', 3)],
)
def test_vae_loss_is_reconstruction_plus_weighted_kl(key, weighting, divisor):
  _, trainer = vae(BARS, latent_size=3, filters=(4, 4), kl_weighting=weighting)
  state = first_state(trainer, key)
  _, metrics = jax.jit(trainer.updates[0])(key, state, batch_of(bars(16)))
  expected = metrics['reconstruction'] + metrics['kl'] / divisor
  np.testing.assert_allclose(metrics['loss'], expected, rtol=1e-5)
  # An untrained decoder is near 1/2 in every pixel: log 2 nats each.
  np.testing.assert_allclose(
    metrics['reconstruction'], 64 * np.log(2), rtol=0.3
  )


@pytest.mark.parametrize('beta', [1.0, 0.25])
def test_the_variational_loss_weights_the_kl_by_beta(key, beta):
  _, trainer = variational(BARS, latent_size=3, width=2, beta=beta)
  state = first_state(trainer, key)
  _, metrics = jax.jit(trainer.updates[0])(key, state, batch_of(bars(16)))
  expected = metrics['reconstruction'] + beta * metrics['kl']
  np.testing.assert_allclose(metrics['loss'], expected, rtol=1e-5)


def first_moments(variables, x):
  """Mean and variance of what the encoder's first normalization sees."""
  layer = variables['params']['encoder']['Conv_0']
  y = jax.lax.conv_general_dilated(
    x,
    layer['kernel'],
    (2, 2),
    'SAME',
    dimension_numbers=('NHWC', 'HWIO', 'NHWC'),
  )
  y = np.asarray(y + layer['bias'].reshape(1, 1, 1, -1), np.float64)
  return y.mean((0, 1, 2)), y.var((0, 1, 2))


def test_averages_are_those_of_the_batches_alone(key):
  """After few steps too; Linen's own still hold most of mean 0, variance 1."""
  _, trainer = vae(BARS, latent_size=3, filters=(4, 4), learning_rate=0.0)
  state = first_state(trainer, key)
  before = trainer.params(state)['batch_stats']
  for left, initial in zip(
    *map(jax.tree.leaves, (before, state.variables['batch_stats'])), strict=True
  ):
    np.testing.assert_array_equal(left, initial)
  update = jax.jit(trainer.updates[0])
  moments = []
  for i in range(4):
    x = (i + 1) / 4 * bars(8 + i)[i:]
    moments.append(first_moments(state.variables, x))
    state, _ = update(key, state, batch_of(x))
  weights = MOMENTUM ** np.arange(3, -1, -1)
  mean, variance = (
    np.average(values, axis=0, weights=weights)
    for values in zip(*moments, strict=True)
  )
  averages = trainer.params(state)['batch_stats']['encoder']['BatchNorm_0']
  # What is left is 4 % of a number that float32 knows to 1e-7.
  np.testing.assert_allclose(averages['mean'], mean, rtol=1e-4, atol=1e-5)
  np.testing.assert_allclose(averages['var'], variance, rtol=1e-3, atol=1e-5)
  assert (
    state.variables['batch_stats']['encoder']['BatchNorm_0']['var'].min() > 0.9
  )


def test_sample_like_draws_from_the_posterior(key):
  """Of images in equal shares: a mixture of the encoder's Gaussians."""
  generator, trainer = vae(BARS, latent_size=3, filters=(4, 4))
  params = trainer.params(first_state(trainer, key))
  x = bars(2)
  mean, log_variance = Encoder(3, (4, 4), (2, 2)).apply(
    {name: leaves['encoder'] for name, leaves in params.items()}, x
  )
  deviation = np.exp(np.asarray(log_variance) / 2)
  assert np.abs(deviation - 1).max() > 0.05
  z = generator.sample_like(key, params, x, 4000)
  assert z.shape == (4000, 3)
  posterior = scipy.stats.norm(np.asarray(mean), deviation)
  for i in range(3):

    def mixture(v, i=i):
      return posterior.cdf(v[:, None, None])[..., i].mean(1)

    assert scipy.stats.kstest(np.asarray(z[:, i]), mixture).pvalue > 1e-4
  np.testing.assert_allclose(generator.encode(params, x), mean, atol=1e-6)


@pytest.mark.usefixtures('compile_fully')
def test_vae_learns_to_reconstruct(key):
  generator, trainer = vae(
    BARS, latent_size=6, filters=(16, 16), learning_rate=1e-2
  )
  x = bars()
  update = jax.jit(trainer.updates[0])
  state = first_state(trainer, key)
  for i in range(250):
    state, metrics = update(jax.random.fold_in(key, i), state, batch_of(x))
  encode, decode = jax.jit(generator.encode), jax.jit(generator.decode)
  params = trainer.params(state)
  again = decode(params, encode(params, x))
  assert ((again > 0.5) == (x > 0.5)).mean() > 0.97
  assert metrics['loss'] < 25  # From 64 log 2 = 44.


@pytest.mark.parametrize('shape,blocks', [((28, 28, 1), 4), ((84, 84, 3), 5)])
def test_vae_is_larger_for_larger_images(key, shape, blocks):
  _, trainer = vae(shape)
  state = jax.eval_shape(lambda k: trainer.init(k, training_set(shape)), key)
  encoder = state.variables['params']['encoder']
  convolutions = [layer for name, layer in encoder.items() if 'Conv' in name]
  assert len(convolutions) == blocks


@pytest.mark.parametrize('halvings', [0, 1, 3, 5])
@pytest.mark.parametrize('shape', [(12, 12, 1), (13, 10, 3)])
def test_vae_of_any_size_and_depth(key, shape, halvings):
  """Sides are rounded up where they are halved, and come back as they were."""
  filters = tuple(range(2, 3 + halvings))
  generator, trainer = vae(
    shape, latent_size=3, filters=filters, halvings=halvings
  )

  def made(key):
    params = trainer.params(trainer.init(key, training_set(shape)))
    return params, generator.decode(params, generator.sample(key, params, 4))

  params, images = jax.eval_shape(made, key)
  assert images.shape == (4, *shape)
  dense = params['params']['decoder']['Dense_0']['bias']
  height, width = (-(-side // 2**halvings) for side in shape[:2])
  assert dense.shape == (height * width * filters[-1],)


@pytest.mark.parametrize('filters,halvings', [((8,), 2), ((), 0), ((8,), -1)])
def test_vae_needs_a_block_a_halving(filters, halvings):
  with pytest.raises(ValueError, match=f'{halvings} times'):
    vae(BARS, filters=filters, halvings=halvings)
