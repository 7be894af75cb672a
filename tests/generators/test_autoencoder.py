"""The plain autoencoder: its loss by hand, and what it learns."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from batch_of import BARS, bars, batch_of, first_state, training_set

from lasium_jax.generators import autoencoder
from lasium_jax.generators.objectives import (
  Comparison,
  autoperceptual_loss,
  first_variables,
  networks,
)
from lasium_jax.ops.affine import random_affine, warp

SIZES = {'latent_size': 6, 'width': 4}
RANGES = {
  'rotation': 40.0,
  'translation': 0.2,
  'scale': 1.5,
  'shear': 0.3,
  'stretch': 1.2,
}
NET = networks('It', BARS, network='infogan', **SIZES)


@pytest.fixture(scope='module')
def plain():
  """A generator, its trainer, and the compiled step."""
  generator, trainer = autoencoder(BARS, **SIZES, learning_rate=1e-2)
  return generator, trainer, jax.jit(trainer.updates[0])


def test_loss_by_hand(plain, key):
  """Of what it makes of images by their own batch's moments.

  After one batch these are the running averages, once they are rid of their
  first values.
  """
  generator, trainer, update = plain
  x, state = bars(16), first_state(trainer, key)
  after, metrics = update(key, state, batch_of(x))
  averages = trainer.params(after)['batch_stats']
  params = {'params': state.variables['params'], 'batch_stats': averages}
  again = generator.decode(params, generator.encode(params, x))
  assert set(metrics) == {'loss', 'reconstruction'}
  for value in metrics.values():
    np.testing.assert_allclose(value, np.abs(again - x).mean(), rtol=1e-3)


def test_autoencoder_learns_to_reconstruct(plain, key):
  generator, trainer, update = plain
  x, state = bars(16), first_state(trainer, key)
  for _ in range(300):
    state, metrics = update(key, state, batch_of(x))
  params = trainer.params(state)
  again = generator.decode(params, generator.encode(params, x))
  assert ((again > 0.5) == (x > 0.5)).mean() > 0.95
  assert metrics['loss'] < 0.05  # A black image would have 1 / 8.


def in_training(variables, method, x):
  return NET.apply(
    variables, x, train=True, method=method, mutable=['batch_stats']
  )


@pytest.mark.parametrize('norm,power', [('l1', 1), ('l2', 2)])
def test_perceptual_loss_by_hand(norm, power, key):
  """Distances of three layers, all images being normalized together."""
  made, x = jax.random.uniform(key, (6, *BARS)), bars(6)
  variables = first_variables(NET, BARS, key)
  looking = jax.jit(in_training, static_argnums=1)
  layers, _ = looking(variables, NET.perceive, jnp.concatenate([made, x]))
  assert [layer[0].size for layer in layers] == [4 * 4 * 4, 2 * 2 * 8, 64]
  distances = [np.abs(layer[:6] - layer[6:]) ** power for layer in layers]
  loss = autoperceptual_loss(NET, variables, Comparison(made, x), norm)
  expected = np.mean([distance.mean() for distance in distances])
  np.testing.assert_allclose(loss, expected, rtol=1e-5)
  assert autoperceptual_loss(NET, variables, Comparison(x, x), norm) == 0


def loss_by_hand(weights, looking, averages, x):
  """With the weights of the encoder that looks as an argument of their own."""
  variables = {'params': weights, 'batch_stats': averages}
  logits, after = in_training(variables, NET.__call__, x)
  made = jax.nn.sigmoid(logits)
  layers, _ = in_training(
    {**variables, 'params': looking}, NET.perceive, jnp.concatenate([made, x])
  )
  seen = [jnp.square(layer[:6] - layer[6:]).mean() for layer in layers]
  return jnp.square(made - x).mean() + 2 * sum(seen) / 3, after


def assert_close(ours, theirs):
  for one, other in zip(*map(jax.tree.leaves, (ours, theirs)), strict=True):
    np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


def test_perceptual_gradients_go_through_what_was_made_alone(key):
  """Of images under maps of the same key; and a rate that ends at once.

  Adam's first moment after its first step is a tenth of the gradient. Looking
  has no part in it, nor in the running averages.
  """
  _, trainer = autoencoder(
    BARS,
    **SIZES,
    norm='l2',
    perceptual=2.0,
    decay_steps=1,
    mapped=True,
    **RANGES,
  )
  update, x = jax.jit(trainer.updates[0]), bars(6)
  before = first_state(trainer, key)
  after, metrics = update(key, before, batch_of(x))
  radians = {**RANGES, 'rotation': math.radians(RANGES['rotation'])}
  mapped = warp(x, random_affine(key, 6, **radians))
  assert jnp.abs(mapped - x).max() > 0.1
  weights, averages = (before.variables[k] for k in ('params', 'batch_stats'))
  (value, averages), (expected, looked) = jax.jit(
    jax.value_and_grad(loss_by_hand, argnums=(0, 1), has_aux=True)
  )(weights, weights, averages, mapped)
  assert set(metrics) == {'loss', 'reconstruction', 'perceptual'}
  np.testing.assert_allclose(metrics['loss'], value, rtol=1e-4)
  moments = jax.tree.map(lambda moment: 10 * moment, after.opt_state[0].mu)
  assert_close(moments, expected)
  assert_close(after.variables['batch_stats'], averages['batch_stats'])
  # What the encoder that looks would have had is not nothing.
  sizes = [jnp.abs(leaf).max() for leaf in jax.tree.leaves(looked['encoder'])]
  assert max(sizes) > 1e-3
  last, _ = update(key, after, batch_of(x))
  for was, is_now, stays in zip(
    *(jax.tree.leaves(s.variables['params']) for s in (before, after, last)),
    strict=True,
  ):
    assert (was != is_now).any()
    np.testing.assert_array_equal(is_now, stays)


def test_convolutional_networks_are_trained():
  """Nothing is computed: shapes tell that all of it fits."""
  shape = (16, 16, 1)
  generator, trainer = autoencoder(
    shape, latent_size=5, width=2, network='convolutional', perceptual=1.0
  )

  def trained(key, x):
    state = trainer.init(key, training_set(shape))
    state, _ = trainer.updates[0](key, state, batch_of(x))
    params = trainer.params(state)
    z = generator.encode(params, x)
    return params, z, generator.decode(params, z)

  params, z, again = jax.eval_shape(
    trained, jax.random.key(0), jnp.zeros((2, *shape))
  )
  assert 'Conv_2' in params['params']['encoder']
  assert z.shape == (2, 5) and again.shape == (2, *shape)


@pytest.mark.parametrize(
  'network,shape,said',
  [
    ('convolutional', (28, 28, 1), 'power of 2 from 16'),
    ('convolutional', (50, 50, 1), "network 'infogan' takes any"),
    ('convolutional', (32, 16, 1), 'two equal sides'),
    ('convolutional', (8, 8, 1), 'power of 2 from 16'),
  ],
)
def test_shapes_that_networks_do_not_take(network, shape, said):
  with pytest.raises(ValueError, match=said):
    autoencoder(shape, network=network)
