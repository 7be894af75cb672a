"""Two heads on a trunk: their sizes, and what they share."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lasium_jax.nets import ContrastiveNet, ResNet18, TwoHeads
from lasium_jax.nets.contrastive import Trunk
from lasium_jax.nets.resnet18 import Trunk as ResidualTrunk


def shapes_of(network, shape):
  return jax.eval_shape(
    lambda key: network.init_with_output(
      key, jnp.zeros((3, *shape)), train=False
    ),
    jax.random.key(0),
  )


def size_of(variables):
  return sum(leaf.size for leaf in jax.tree.leaves(variables['params']))


def test_photographs_have_the_papers_network():
  """ResNet-18 with another dense layer, of four turns."""
  outputs, variables = shapes_of(TwoHeads(ResidualTrunk(), 10), (32, 32, 3))
  assert [out.shape for out in outputs] == [(3, 10), (3, 4), (3, 512)]
  _, plain = shapes_of(ResNet18(10), (32, 32, 3))
  assert size_of(variables) == size_of(plain) + 513 * 4


@pytest.mark.parametrize('side', [8, 28, 50])
def test_characters_have_convolutions_of_contrastive_learning(side):
  outputs, variables = shapes_of(TwoHeads(Trunk(4), 7), (side, side, 1))
  left = -(-side // 16)
  assert [out.shape[1] for out in outputs] == [7, 4, 4 * left**2]
  _, contrastive = shapes_of(ContrastiveNet(width=4), (side, side, 1))
  trunk, theirs = variables['params']['trunk'], contrastive['params']
  assert {name: theirs[name] for name in trunk} == trunk


def test_both_heads_are_of_the_trunks_features():
  network = TwoHeads(Trunk(3), 5)
  x = jax.random.uniform(jax.random.key(0), (6, 8, 8, 1))
  variables = jax.jit(lambda key: network.init(key, x, train=False))(
    jax.random.key(1)
  )
  points, turns, features = jax.jit(
    lambda v, x: network.apply(v, x, train=False)
  )(variables, x)
  assert features.std() > 0
  heads = variables['params']
  for head, out in (('Dense_0', points), ('Dense_1', turns)):
    expected = features @ heads[head]['kernel'] + heads[head]['bias'][None]
    np.testing.assert_allclose(out, expected, atol=1e-5)
