"""WGAN-GP: its penalty in closed form, its steps, and what it learns."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from batch_of import BARS, bars, batch_of, first_state
from jax import lax

from lasium_jax.generators import wgan_gp
from lasium_jax.nets.infogan import Encoder
from lasium_jax.ops.gradient_penalty import gradient_penalty

SIZES = {'latent_size': 3, 'width': 2}


def test_penaltys_gradient_is_xlas(key):
  """By the weights of the critic, through its gradient by images."""
  net = Encoder(1, width=2, normalize=False, slope=0.2)
  x = jax.random.uniform(key, (4, *BARS))
  params = net.init(key, x)['params']

  def by_xla(params, x):
    for name in ('Conv_0', 'Conv_1'):
      kernel, bias = params[name]['kernel'], params[name]['bias']
      x = lax.conv_general_dilated(
        x, kernel, (2, 2), 'SAME', dimension_numbers=('NHWC', 'HWIO', 'NHWC')
      )
      x = jax.nn.leaky_relu(x + bias.reshape(1, 1, 1, -1), 0.2)
    dense, last = params['Dense_0'], params['Dense_1']
    x = x.reshape(len(x), -1) @ dense['kernel'] + dense['bias'].reshape(1, -1)
    x = jax.nn.leaky_relu(x, 0.2)
    return x @ last['kernel'] + last['bias'].reshape(1, -1)

  def ours(params, x):
    return net.apply({'params': params}, x)

  slopes = [
    jax.jit(
      jax.value_and_grad(
        lambda params, judge=judge: gradient_penalty(
          lambda x: judge(params, x)[:, 0], key, x, x
        )
      )
    )(params)
    for judge in (ours, by_xla)
  ]
  for one, other in zip(*map(jax.tree.leaves, slopes), strict=True):
    np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-6)


@pytest.fixture(scope='module')
def made():
  """A generator, its trainer, and its compiled step."""
  generator, trainer = wgan_gp(
    BARS, **SIZES, critic_steps=2, learning_rate=1e-2
  )
  return generator, trainer, jax.jit(trainer.updates[0])


def test_a_batch_is_shared_among_the_critics_steps(made, key):
  """Images that are left over change nothing, and others do."""
  _, trainer, update = made
  x, state = bars(17), first_state(trainer, key)
  after, metrics = update(key, state, batch_of(x))
  assert after.critic_opt[0].count == 2
  assert after.generator_opt[0].count == after.steps == 1
  names = {'generator_loss', 'critic_loss', 'distance', 'gradient_penalty'}
  assert set(metrics) == names
  for row, changes in ((16, False), (15, True)):
    other, _ = update(key, state, batch_of(x.at[row].set(0.5)))
    pairs = zip(*map(jax.tree.leaves, (other, after)), strict=True)
    assert any((a != b).any() for a, b in pairs) == changes


def test_a_batch_of_too_few_images_is_refused(key):
  _, trainer = wgan_gp(BARS, **SIZES, critic_steps=5)
  state = first_state(trainer, key)
  with pytest.raises(ValueError, match=r'4 images.*critic_steps = 5'):
    trainer.updates[0](key, state, batch_of(bars(4)))


def test_images_become_like_the_real_ones(made, key):
  """All real ones are white above and black below."""
  generator, trainer, step = made
  real = jnp.zeros((17, *BARS)).at[:, :4].set(1.0)
  state = first_state(trainer, key)
  z = generator.sample(key, None, 64)
  for number in range(150):
    own = jax.random.fold_in(key, number)
    state, _ = step(own, state, batch_of(real))
  images = generator.decode(trainer.params(state), z)
  assert images[:, :4].mean() > 0.75 and images[:, 4:].mean() < 0.25
