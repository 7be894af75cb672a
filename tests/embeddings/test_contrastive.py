"""Contrastive learning: its loss by hand, its views, and what it learns."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from batch_of import BARS, bars, batch_of, training_set

from lasium_jax.embeddings import contrastive
from lasium_jax.embeddings.contrastive import nt_xent
from lasium_jax.nets import ContrastiveNet
from lasium_jax.ops.affine import random_affine, warp


class Linear(nn.Module):
  """Projections of pixels, without normalization, which are the features."""

  @nn.compact
  def __call__(self, x, train):
    del train
    x = x.reshape(len(x), -1)
    return nn.Dense(3, use_bias=False)(x), x


def by_loops(first, second, temperature):
  """Equation 1 as it is written."""
  z = np.concatenate([first, second]).astype(np.float64)

  def similar(i, j):
    cosine = z[i] @ z[j] / (np.linalg.norm(z[i]) * np.linalg.norm(z[j]))
    return np.exp(cosine / temperature)

  losses = []
  for i in range(len(z)):
    partner = (i + len(first)) % len(z)
    others = sum(similar(i, k) for k in range(len(z)) if k != i)
    losses.append(-np.log(similar(i, partner) / others))
  return losses


@pytest.mark.instructions
@pytest.mark.parametrize('temperature', [0.1, 0.5, 2.0])
@pytest.mark.parametrize('n', [2, 5])
def test_the_loss_by_hand(key, n, temperature):
  first, second = jax.random.normal(key, (2, n, 4))
  losses = jax.jit(nt_xent)(first, second, temperature)
  expected = by_loops(np.asarray(first), np.asarray(second), temperature)
  np.testing.assert_allclose(losses, expected, rtol=1e-4, atol=1e-5)
  swapped = nt_xent(second, first, temperature)
  np.testing.assert_allclose(swapped, jnp.roll(losses, n), rtol=1e-5)
  # Lengths do not count.
  longer = nt_xent(7 * first, second, temperature)
  np.testing.assert_allclose(longer, losses, rtol=1e-4, atol=1e-5)


def test_projections_of_nothing_have_a_gradient():
  """As those of a black image under a network without biases."""
  zeros = jnp.zeros((3, 4))
  gradient = jax.jit(jax.grad(lambda z: nt_xent(z, z, 0.5).mean()))(zeros)
  assert jnp.isfinite(gradient).all()
  # All cosines are 0: one of five others is as likely as the next.
  np.testing.assert_allclose(nt_xent(zeros, zeros, 0.5), np.log(5), rtol=1e-6)


def test_a_step_by_hand(key):
  """The loss is of two views of each image, drawn apart."""
  settings = {'temperature': 0.3, 'rotation': 30.0, 'scale': 1.5}
  _, trainer = contrastive(
    Linear(), BARS, optax.sgd(0.1), translation=0.2, **settings
  )
  state = trainer.init(key, training_set(BARS))
  after, metrics = jax.jit(trainer.updates[0])(key, state, batch_of(bars(6)))
  first, second = (
    warp(
      bars(6),
      random_affine(k, 6, rotation=np.pi / 6, translation=0.2, scale=1.5),
    )
    for k in jax.random.split(key)
  )
  assert np.abs(first - second).max() > 0.1

  def loss(kernel):
    views = (v.reshape(6, -1) @ kernel for v in (first, second))
    return nt_xent(*views, 0.3).mean()

  kernel = state.variables['params']['Dense_0']['kernel']
  expected, gradient = jax.jit(jax.value_and_grad(loss))(kernel)
  np.testing.assert_allclose(metrics['loss'], expected, rtol=1e-4)
  np.testing.assert_allclose(
    trainer.params(after)['params']['Dense_0']['kernel'],
    kernel - 0.1 * gradient,
    rtol=1e-3,
    atol=1e-5,
  )


def test_one_image_cannot_be_contrasted(key):
  _, trainer = contrastive(Linear(), BARS, optax.sgd(0.1))
  state = trainer.init(key, training_set(BARS))
  with pytest.raises(ValueError, match='take two or more'):
    trainer.updates[0](key, state, batch_of(bars(1)))


@pytest.mark.parametrize('side', [8, 28, 50])
def test_the_network_has_its_parameters(side):
  """Convolutions halve an odd side to its upper half."""
  network = ContrastiveNet(features=16, projections=5, width=4)
  shapes = jax.eval_shape(
    lambda key: network.init(key, jnp.zeros((1, side, side, 1)), train=False),
    jax.random.key(0),
  )
  left = side
  for _ in range(4):
    left = -(-left // 2)
  convolutions = 9 * 4 + 3 * 9 * 4 * 4 + 4 * 2 * 4
  dense = (left**2 * 4 + 1) * 16 + 17 * 16 + 17 * 5
  sizes = [leaf.size for leaf in jax.tree.leaves(shapes['params'])]
  assert sum(sizes) == convolutions + dense


def test_learns_to_know_an_image_under_maps(key):
  """In its features, which are of each image by itself, not in its loss."""
  embed, trainer = contrastive(
    ContrastiveNet(features=16, projections=8, width=8),
    BARS,
    optax.adam(3e-3),
    rotation=5.0,
    translation=0.05,
  )
  x, step = bars(16), jax.jit(trainer.updates[0])
  state = trainer.init(key, training_set(BARS))
  before = None
  for i in range(80):
    state, metrics = step(jax.random.fold_in(key, i), state, batch_of(x))
    before = metrics['loss'] if before is None else before
  assert metrics['loss'] < 0.8 * before
  params = trainer.params(state)
  maps = random_affine(key, 16, rotation=0.05, translation=0.03, scale=1.1)
  embed = jax.jit(embed)
  seen, mapped = (embed(params, images) for images in (x, warp(x, maps)))
  assert seen.shape == (16, 16)
  distances = jnp.linalg.norm(seen[:, None] - mapped[None], axis=-1)
  assert (distances.argmin(1) == jnp.arange(16)).mean() > 0.7
  np.testing.assert_allclose(embed(params, x[:1]), seen[:1], atol=1e-4)
