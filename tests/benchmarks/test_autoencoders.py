"""Counts by hand against XLA's, and PyTorch's side against ours."""

import jax
import jax.numpy as jnp
import pytest
from batch_of import batch_of, training_set

from benchmarks import autoencoders, flops
from lasium_jax import generators

GRAY, COLORS, LATENTS = (28, 28, 1), (32, 32, 3), 3


def networks(width):
  settings = {'latent_size': LATENTS, 'width': width}
  return flops.Vae(
    autoencoders.encoder(GRAY, **settings),
    autoencoders.generator(GRAY, **settings),
  )


def autoencoder_count(width, n):
  return flops.vae_step(networks(width), n)


def interpolative_count(width, n):
  return autoencoders.interpolative_count(networks(width), n)


def glo_count(width, n):
  layers = autoencoders.generator(COLORS, latent_size=LATENTS, width=width)
  return autoencoders.glo_count(layers, n)


@pytest.mark.parametrize(
  'name,shape,by_hand',
  [
    ('autoencoder', GRAY, autoencoder_count),
    ('interpolative', GRAY, interpolative_count),
    ('glo', COLORS, glo_count),
  ],
)
def test_steps(name, shape, by_hand):
  """XLA leaves taps on padding out, so that it counts a little less.

  Convolutions and products grow with the square of the width and with images.
  Adam's work grows with the square alone, and other work with images alone.
  """
  key = jax.random.key(0)

  def counted(width, n):
    _, trainer = getattr(generators, name)(
      shape, latent_size=LATENTS, width=width
    )
    data = training_set(shape, 8)
    state = jax.eval_shape(lambda: trainer.init(key, data))
    batch = batch_of(jnp.zeros((n, *shape)))
    step = jax.jit(trainer.updates[0]).lower(key, state, batch)
    return step.cost_analysis()['flops']

  def of_networks(count):
    of_images = [count(width, 8) - count(width, 4) for width in (8, 16, 24)]
    return of_images[2] - 2 * of_images[1] + of_images[0]

  assert 0.9 < of_networks(counted) / of_networks(by_hand) < 1.03


def test_layers_by_hand():
  """The images shrink to 14 and 7, and come back."""
  encoder = autoencoders.encoder(GRAY, latent_size=64, width=64)
  generator = autoencoders.generator(GRAY, latent_size=64, width=64)
  assert encoder == (
    14 * 14 * 16 * 64 * 2,
    7 * 7 * 16 * 64 * 128 * 2,
    7 * 7 * 128 * 1024 * 2,
    1024 * 64 * 2,
  )
  assert generator == (
    64 * 1024 * 2,
    1024 * 7 * 7 * 128 * 2,
    7 * 7 * 16 * 128 * 64 * 2,
    14 * 14 * 16 * 64 * 2,
  )


@pytest.mark.parametrize('name', ['autoencoder_step', 'glo_step'])
def test_what_is_timed_was_compared(name):
  """Losses and gradients; `Mismatch` would have been raised."""
  torch = pytest.importorskip('torch')
  torch.set_num_threads(1)
  case = getattr(autoencoders, name)(small=True, reference=True)
  assert case.items == 4 and case.gflop > 0 and case.peak_mb > 0
  case.reference()
  losses = [case.run()[1]['loss'].item() for _ in range(3)]
  assert losses[2] < losses[0]


def test_interpolative_steps_run():
  """The warps alone, and a whole step, whose state is handed on."""
  case = autoencoders.triplets(small=True)
  first, second = (case.run()[1] for _ in range(2))
  assert set(first) == {'a', 'b', 'c', 'alpha'} and case.items == 4
  assert first['c'].shape == second['c'].shape == (4, 8, 8, 1)
  case = autoencoders.interpolative_step(small=True)
  losses = [case.run()[1]['loss'].item() for _ in range(3)]
  assert losses[2] < losses[0] and case.gflop > 0
