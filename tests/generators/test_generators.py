"""Losses against hand calculations; trainers by what they learn."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate
import scipy.stats

from lasium_jax.generators import msgan, vae
from lasium_jax.generators.msgan import mode_seeking_loss, noisy_cross_entropy
from lasium_jax.generators.vae import kl_divergence

SHAPE = (8, 8, 1)
MODELS = {
  'vae': lambda shape: vae(shape, latent_size=3, filters=(8, 8)),
  'msgan': lambda shape: msgan(shape, latent_size=3, filters=8),
}


def bars(n=64):
  """Images of one upright or lying bar, in eight places each."""
  images = np.zeros((n, *SHAPE), np.float32)
  for i in range(n):
    if i % 2:
      images[i, i // 2 % 8] = 1
    else:
      images[i, :, i // 2 % 8] = 1
  return jnp.asarray(images)


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


@pytest.mark.parametrize('weighting,divisor', [('sum', 1), ('mean', 3)])
def test_vae_loss_is_reconstruction_plus_weighted_kl(key, weighting, divisor):
  _, trainer = vae(SHAPE, latent_size=3, filters=(4, 4), kl_weighting=weighting)
  x = bars(16)
  _, metrics = jax.jit(trainer.update)(key, trainer.init(key, x), x)
  expected = metrics['reconstruction'] + metrics['kl'] / divisor
  np.testing.assert_allclose(metrics['loss'], expected, rtol=1e-5)
  # An untrained decoder is near 1/2 in every pixel: log 2 nats each.
  np.testing.assert_allclose(
    metrics['reconstruction'], 64 * np.log(2), rtol=0.3
  )


def test_mode_seeking_loss_by_hand():
  x1, x2 = jnp.zeros((2, 2, 2, 1)), jnp.full((2, 2, 2, 1), 0.5)
  z1, z2 = jnp.zeros((2, 4)), jnp.full((2, 4), 2.0)
  expected = 1 / (0.5 / 2 + 1e-5)
  np.testing.assert_allclose(
    mode_seeking_loss(x1, x2, z1, z2), expected, rtol=1e-6
  )


def test_each_mode_seeking_image_has_its_own_latent(key, monkeypatch):
  """The pairs that the term compares are (z1, G(z1)) and (z2, G(z2))."""
  generator, trainer = msgan(SHAPE, latent_size=3, filters=4)
  x = bars(8)
  state = trainer.init(key, x)
  seen = []

  def spy(*pairs):
    jax.debug.callback(lambda *values: seen.append(values), *pairs)
    return mode_seeking_loss(*pairs)

  monkeypatch.setitem(msgan.__globals__, 'mode_seeking_loss', spy)
  jax.block_until_ready(jax.jit(trainer.update)(key, state, x))
  jax.effects_barrier()
  x1, x2, z1, z2 = seen[0]
  for images, z in ((x1, z1), (x2, z2)):
    made = generator.decode(state.params, jnp.asarray(z))
    np.testing.assert_allclose(images, made, atol=1e-5)
  assert np.abs(np.asarray(z1) - np.asarray(z2)).max() > 0.1


@pytest.mark.parametrize('target', [0.0, 1.0])
def test_label_noise(key, target):
  """Averaged over the noise, targets are 0.025 above their label."""
  logits = jnp.full(20_000, 0.7)
  probability = 1 / (1 + np.exp(-0.7))
  t = target + 0.025
  expected = -t * np.log(probability) - (1 - t) * np.log(1 - probability)
  loss = noisy_cross_entropy(key, logits, target)
  np.testing.assert_allclose(loss, expected, atol=1e-3)


@pytest.mark.parametrize('name', MODELS)
@pytest.mark.parametrize('shape', [SHAPE, (84, 84, 3)])
def test_shapes_and_ranges(key, name, shape):
  generator, trainer = MODELS[name](shape)
  x = jnp.zeros((2, *shape))
  params = trainer.init(key, x).params
  z = generator.sample(key, 5)
  images = generator.decode(params, z)
  assert z.shape == (5, 3) and images.shape == (5, *shape)
  assert (images >= 0).all() and (images <= 1).all()
  if generator.encode is not None:
    assert generator.encode(params, x).shape == (2, 3)


@pytest.mark.parametrize('name', MODELS)
def test_one_image_does_not_see_another(key, name):
  """A generator decodes by running averages, not by the batch at hand."""
  generator, trainer = MODELS[name](SHAPE)
  params = trainer.init(key, bars()).params
  z = generator.sample(key, 4)
  alone = generator.decode(params, z[:1])
  np.testing.assert_allclose(alone, generator.decode(params, z)[:1], atol=1e-6)


@pytest.mark.usefixtures('compile_fully')
def test_vae_learns_to_reconstruct(key):
  generator, trainer = vae(
    SHAPE, latent_size=6, filters=(16, 16), learning_rate=1e-2
  )
  x = bars()
  update = jax.jit(trainer.update)
  state = trainer.init(key, x)
  for i in range(250):
    state, metrics = update(jax.random.fold_in(key, i), state, x)
  encode, decode = jax.jit(generator.encode), jax.jit(generator.decode)
  again = decode(state.params, encode(state.params, x))
  assert ((again > 0.5) == (x > 0.5)).mean() > 0.97
  assert metrics['loss'] < 25  # From 64 log 2 = 44.


@pytest.mark.usefixtures('compile_fully')
def test_msgan_learns_the_amount_of_ink(key):
  """From gray noise to images with as much ink as a bar: one in eight."""
  generator, trainer = msgan(
    SHAPE, latent_size=4, filters=8, learning_rate=4e-3
  )
  x = bars()
  update = jax.jit(trainer.update)
  state = trainer.init(key, x)

  def ink(params):
    return generator.decode(params, generator.sample(key, 64)).mean()

  assert ink(state.params) > 0.4
  for i in range(150):
    state, metrics = update(jax.random.fold_in(key, i), state, x)
  assert 0.05 < ink(state.params) < 0.25
  assert all(np.isfinite(value) for value in metrics.values())


@pytest.mark.parametrize('shape,blocks', [((28, 28, 1), 4), ((84, 84, 3), 5)])
def test_vae_is_larger_for_larger_images(key, shape, blocks):
  _, trainer = vae(shape)
  batch = jax.ShapeDtypeStruct((2, *shape), jnp.float32)
  encoder = jax.eval_shape(trainer.init, key, batch).params['params']['encoder']
  convolutions = [layer for name, layer in encoder.items() if 'Conv' in name]
  assert len(convolutions) == blocks


def test_msgan_sides_must_be_divisible_by_4():
  with pytest.raises(ValueError, match='divisible by 4'):
    msgan((30, 28, 1))


@pytest.mark.parametrize('halvings', [0, 1, 3, 5])
@pytest.mark.parametrize('shape', [(12, 12, 1), (13, 10, 3)])
def test_vae_of_any_size_and_depth(key, shape, halvings):
  """Sides are rounded up where they are halved, and come back as they were."""
  filters = tuple(range(2, 3 + halvings))
  generator, trainer = vae(
    shape, latent_size=3, filters=filters, halvings=halvings
  )
  params = trainer.init(key, jnp.zeros((2, *shape))).params
  images = generator.decode(params, generator.sample(key, 4))
  assert images.shape == (4, *shape)
  dense = params['params']['decoder']['Dense_0']['bias']
  height, width = (-(-side // 2**halvings) for side in shape[:2])
  assert dense.shape == (height * width * filters[-1],)


@pytest.mark.parametrize('filters,halvings', [((8,), 2), ((), 0), ((8,), -1)])
def test_vae_needs_a_block_a_halving(filters, halvings):
  with pytest.raises(ValueError, match=f'{halvings} times'):
    vae(SHAPE, filters=filters, halvings=halvings)
