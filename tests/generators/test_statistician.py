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
from lasium_jax.nets.statistician import (
  Decoder,
  Encoder,
  Latent,
  Statistic,
)
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


def gaussians_of(variables, key, x):
  """What the networks make of sets `x [m, 4, H, W, C]`, one after another.

  Gaussians are pairs of mean and log-variance: of q(c|D), p(z|c) and q(z|x, c).
  The last are logits of pixels, of the latents that are drawn.
  """

  def run(name, net, *inputs):
    part = {kind: leaves[name] for kind, leaves in variables.items()}
    made, _ = net.apply(part, *inputs, train=True, mutable=['batch_stats'])
    return made

  def draw(key, gaussian):
    mean, log_variance = gaussian
    deviation = jnp.exp(log_variance / 2)
    return mean + deviation * jax.random.normal(key, mean.shape)

  keys = jax.random.split(key)
  features = run('encoder', Encoder(4), x.reshape(-1, *BARS))
  contexts = run('statistic', Statistic(4, 16), features.reshape(len(x), 4, -1))
  drawn = draw(keys[0], contexts)
  priors = run('prior', Latent(2, 16), drawn)
  each = jnp.repeat(drawn, 4, axis=0)  # Its set's, of each image.
  posteriors = run('posterior', Latent(2, 16), features, each)
  logits = run('decoder', Decoder(BARS, 4), draw(keys[1], posteriors), each)
  return contexts, priors, posteriors, logits


def divergence(q, p):
  """KL(q || p) of one-dimensional Gaussians, from standard deviations."""
  (mean, log_variance), (center, log_scale) = q, p
  s, r = np.exp(log_variance / 2), np.exp(log_scale / 2)
  return np.log(r / s) + (s**2 + (mean - center) ** 2) / (2 * r**2) - 0.5


def terms_by_hand(contexts, priors, posteriors, logits, x):
  """The parts of the bound, set by set and image by image."""
  reconstruction, of_contexts, of_latents = [], [], []
  p = 1 / (1 + np.exp(-logits.reshape(x.shape)))
  standard = np.zeros((2, contexts.shape[-1]))
  for i, images in enumerate(x):
    of_contexts.append(divergence(contexts[:, i], standard).sum() / 4)
    for j, image in enumerate(images):
      right = image * np.log(p[i, j]) + (1 - image) * np.log(1 - p[i, j])
      reconstruction.append(-right.sum())
      own = posteriors[:, 4 * i + j]
      of_latents.append(divergence(own, priors[:, i]).sum())
  return {
    'reconstruction': np.mean(reconstruction),
    'kl_context': np.mean(of_contexts),
    'kl_latent': np.mean(of_latents),
  }


@pytest.mark.parametrize('epoch,weight', [(0, 2), (1, 1.5), (3, 1.125)])
def test_loss_by_hand(made, key, epoch, weight):
  """Eight sets of four images; the likelihood's weight falls by the epoch."""
  batch = drawn(key, epoch)
  x = batch.x.reshape(8, 4, *BARS)
  found = jax.jit(gaussians_of)(made.first.variables, key, x)
  found = [np.asarray(leaf, np.float64) for leaf in (*found, x)]
  terms = terms_by_hand(*found)
  _, metrics = made.update(key, made.first, batch)
  assert set(metrics) == {'loss', *terms}
  for name, term in terms.items():
    np.testing.assert_allclose(metrics[name], term, rtol=1e-3)
    assert term > 0.1  # Else it would not be missed.
  kl = terms['kl_context'] + terms['kl_latent']
  expected = weight * terms['reconstruction'] + kl / weight
  np.testing.assert_allclose(metrics['loss'], expected, rtol=1e-4)


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
  'shape',
  [(4, 4, 1), (12, 8, 3), (28, 28, 1), (32, 20, 1), (50, 50, 1), (27, 1, 2)],
)
def test_images_come_back_in_their_size(key, shape):
  generator, trainer = statistician(shape, **SETTINGS)

  def decoded(key):
    params = trainer.params(trainer.init(key, training_set(shape)))
    return generator.decode(params, jnp.zeros((2, 6)))

  assert jax.eval_shape(decoded, key).shape == (2, *shape)
