"""The Neural Statistician: its loss, its sets, its draws, what it learns."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate
import scipy.stats
from batch_of import BARS, bars, batch_of, first_state, training_set

from lasium_jax.descent import State
from lasium_jax.generators import statistician
from lasium_jax.generators.statistician import kl_between
from lasium_jax.nets.statistician import Encoder, Latent, Statistic
from lasium_jax.types import Generator, Trainer

SETTINGS = {'context_size': 4, 'latent_size': 2, 'width': 4}
CLASSES = bars(16)[jnp.array([0, 5, 10, 15])]  # Each is one bar.


def drawn(key, epoch=0):
  """Eight images of each class, a quarter of their pixels black."""
  x = jnp.repeat(CLASSES, 8, axis=0)
  x *= jax.random.bernoulli(key, 0.75, x.shape)
  return batch_of(x, jnp.arange(32) // 8, epoch=epoch)


class Made(NamedTuple):
  generator: Generator
  trainer: Trainer
  update: jax.stages.Wrapped
  first: State


@pytest.fixture(scope='module')
def made():
  """What all tests compile once."""
  generator, trainer = statistician(
    BARS, **SETTINGS, set_size=4, learning_rate=1e-2
  )
  state = first_state(trainer, jax.random.key(0))
  return Made(generator, trainer, jax.jit(trainer.updates[0]), state)


@pytest.fixture(scope='module')
def trained(made):
  """Parameters after 75 steps, and the last step's metrics."""
  state = made.first
  for i in range(75):
    key = jax.random.key(i)
    state, metrics = made.update(key, state, drawn(key, epoch=i // 15))
  return made.trainer.params(state), metrics


@pytest.fixture(scope='module')
def sample(made):
  return jax.jit(made.generator.sample_like, static_argnums=3)


@pytest.mark.instructions
@pytest.mark.parametrize(
  'q,p', [((0, 0), (0, 0)), ((1.5, -1), (0.5, 1)), ((-0.3, 1), (0.2, -0.5))]
)
def test_kl_by_quadrature(q, p):
  first, second = (
    scipy.stats.norm(mean, np.exp(log_variance / 2))
    for mean, log_variance in (q, p)
  )

  def integrand(z):
    return first.pdf(z) * (first.logpdf(z) - second.logpdf(z))

  expected, _ = scipy.integrate.quad(integrand, -20, 20)
  kl = kl_between(*((jnp.float32(m), jnp.float32(v)) for m, v in (q, p)))
  np.testing.assert_allclose(kl, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize('epoch,weight', [(0, 2), (1, 1.5), (3, 1.125)])
def test_loss_is_annealed_by_the_epoch(made, key, epoch, weight):
  _, metrics = made.update(key, made.first, drawn(key, epoch))
  kl = metrics['kl_context'] + metrics['kl_latent']
  expected = weight * metrics['reconstruction'] + kl / weight
  np.testing.assert_allclose(metrics['loss'], expected, rtol=1e-5)
  assert metrics['kl_context'] > 0.1 and metrics['kl_latent'] > 0.1
  # An untrained decoder is near 1/2 in every pixel: log 2 nats each.
  np.testing.assert_allclose(
    metrics['reconstruction'], 64 * np.log(2), rtol=0.5
  )


def test_gradients_are_clipped_one_by_one(made, key):
  """After one step Adam's first moments are a tenth of the gradients."""
  state, _ = made.update(key, made.first, drawn(key))
  moments = state.opt_state[1][0].mu
  largest = [float(jnp.abs(leaf).max()) for leaf in jax.tree.leaves(moments)]
  assert max(largest) == pytest.approx(0.05, rel=1e-5)


def test_it_learns_what_a_class_looks_like(made, trained, sample, key):
  """Of seeds that it has not seen, with averages in place of moments."""
  params, metrics = trained
  sets = drawn(jax.random.key(1000)).x.reshape(4, 8, *BARS)
  decode = jax.jit(made.generator.decode)
  x = jnp.stack([decode(params, sample(key, params, s, 8)) for s in sets])
  differences = x[:, :, None] - 0.75 * CLASSES[None, None]
  distances = np.asarray((differences**2).sum((3, 4, 5)))
  assert (distances.argmin(2) == np.arange(4)[:, None]).mean() > 0.95
  assert distances.min(2).mean() < 2  # Of 8 pixels at 0.75.
  # From 64 log 2 = 44; of Bernoulli variables it cannot be below this.
  assert 8 * scipy.stats.bernoulli(0.75).entropy() < 10
  assert metrics['reconstruction'] < 10


def summary(params, x):
  """Mean and log-variance of q(c|D), by its networks."""

  def part(name):
    return {kind: leaves[name] for kind, leaves in params.items()}

  features = Encoder(4).apply(part('encoder'), x)
  mean, log_variance = Statistic(4, 16).apply(part('statistic'), features[None])
  return mean, log_variance, part('prior')


def test_a_context_is_of_a_set_and_not_of_its_order(trained, sample, key):
  params, x = trained[0], bars(6)
  z = sample(key, params, x, 4)
  np.testing.assert_allclose(sample(key, params, x[::-1], 4), z, atol=1e-4)
  twice = jnp.concatenate([x, x])
  np.testing.assert_allclose(sample(key, params, twice, 4), z, atol=1e-4)
  other = sample(key, params, jnp.roll(x, 1, axis=1), 4)
  assert np.abs(other - z)[:, :4].max() > 1e-2


def test_sample_like_draws_from_the_prior_of_the_mean_context(
  trained, sample, key
):
  params, x = trained[0], bars(6)
  nets = params['params']
  # So that its Gaussian is not near the standard one.
  last = jax.tree.map(lambda leaf: leaf + 0.5, nets['prior']['BatchNorm_3'])
  prior = {**nets['prior'], 'BatchNorm_3': last}
  params = {**params, 'params': {**nets, 'prior': prior}}
  z = np.asarray(sample(key, params, x, 4000))
  context, _, prior_params = summary(params, x)
  np.testing.assert_allclose(z[:, :4], np.tile(context, (4000, 1)), atol=1e-4)
  mean, log_variance = Latent(2, 16).apply(prior_params, context)
  deviation = np.exp(np.asarray(log_variance) / 2)
  assert np.abs(mean).max() > 0.1 and np.abs(deviation - 1).max() > 0.1
  for i in range(2):
    law = scipy.stats.norm(float(mean[0, i]), float(deviation[0, i]))
    assert scipy.stats.kstest(z[:, 4 + i], law.cdf).pvalue > 1e-4


def test_sizes_are_those_of_the_recipe(key):
  _, trainer = statistician((28, 28, 1))
  state = jax.eval_shape(lambda k: trainer.init(k, training_set(BARS)), key)
  nets = jax.tree.map(lambda leaf: leaf.shape, state.variables['params'])
  kernels = {
    name: [
      layer['kernel'] for part, layer in net.items() if 'BatchNorm' not in part
    ]
    for name, net in nets.items()
  }
  assert sum(len(shape) == 4 for shape in kernels['encoder']) == 9
  # 4x4x256 features; the mean and the log-variance of c and of z.
  assert kernels['statistic'][0] == (4096, 256)
  assert kernels['statistic'][-1] == (256, 1024)
  assert kernels['prior'][-1] == kernels['posterior'][-1] == (256, 32)
  assert sum(len(shape) == 4 for shape in kernels['decoder']) == 9
  assert (256, 4096) in kernels['decoder'] and (64, 1) in kernels['decoder']


@pytest.mark.parametrize(
  'shape', [(4, 4, 1), (12, 8, 3), (28, 28, 1), (32, 20, 1)]
)
def test_images_come_back_in_their_size(key, shape):
  generator, trainer = statistician(shape, **SETTINGS)

  def decoded(key):
    params = trainer.params(trainer.init(key, training_set(shape)))
    return generator.decode(params, jnp.zeros((2, 6)))

  assert jax.eval_shape(decoded, key).shape == (2, *shape)


def test_sides_that_are_no_multiples_of_4_are_refused():
  with pytest.raises(ValueError, match=r'divisible by 4, not \(30, 28, 1\)'):
    statistician((30, 28, 1))
