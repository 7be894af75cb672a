"""Counts by hand against XLA's, which must see every loop unrolled.

XLA also counts elementwise work. That grows with the number of channels, while
convolutions grow with products of channels: differences leave these alone.
"""

import jax
import jax.numpy as jnp
import optax
import pytest
from batch_of import batch_of, training_set

from benchmarks import classifier_flops, flops
from lasium_jax.embeddings import supervised
from lasium_jax.generators import msgan, vae
from lasium_jax.learners.maml import support_loss
from lasium_jax.nets import ResNet, ResNet18, WideResNet, conv4
from lasium_jax.types import Examples

SIDE, WAYS, QUERIES = 8, 3, 6
KEY = jax.ShapeDtypeStruct((), jax.random.key(0).dtype)


def count(fn, *arguments):
  shapes = jax.tree.map(
    lambda a: jax.ShapeDtypeStruct(a.shape, a.dtype), arguments
  )
  return jax.jit(fn).lower(*shapes).cost_analysis()['flops']


def floats(*shape):
  return jax.ShapeDtypeStruct(shape, jnp.float32)


def maml_counts(filters, channels, steps=1):
  """XLA's and our operations of one task's outer gradient."""
  net = conv4(WAYS, filters=filters)
  labels = jnp.arange(WAYS)

  def outer_loss(params, support, query):
    for _ in range(steps):
      gradient = jax.grad(
        lambda p: support_loss(net, p, Examples(support, labels))
      )(params)
      params = jax.tree.map(lambda p, g: p - 0.4 * g, params, gradient)
    return support_loss(
      net, params, Examples(query, jnp.arange(QUERIES) % WAYS)
    )

  support, query = (floats(n, SIDE, SIDE, channels) for n in (WAYS, QUERIES))
  params = jax.eval_shape(net.init, KEY, support)
  layers = flops.conv4(
    (SIDE, SIDE, channels),
    WAYS,
    filters=filters,
    downsample='stride',
    head='mean',
  )
  hand = flops.maml_step(
    layers, tasks=1, support=WAYS, query=QUERIES, steps=steps
  )
  return count(jax.grad(outer_loss), params, support, query), hand


def test_maml_step():
  counts = {
    (filters, channels): maml_counts(filters, channels)
    for filters, channels in ((16, 1), (32, 1), (48, 1), (16, 9), (32, 9))
  }
  # The square in filters is of the hidden layers; moving the weights is in it.
  hidden = [
    counts[48, 1][i] - 2 * counts[32, 1][i] + counts[16, 1][i] for i in (0, 1)
  ]
  assert hidden[0] == pytest.approx(hidden[1], rel=0.05)
  # The product of filters and image channels is of the first layer.
  first = [
    counts[32, 9][i] - counts[32, 1][i] - counts[16, 9][i] + counts[16, 1][i]
    for i in (0, 1)
  ]
  assert first[0] == pytest.approx(first[1], rel=0.05)


GENERATORS = {
  'vae': (
    lambda filters: vae((28, 28, 1), latent_size=3, filters=(filters,) * 4),
    lambda filters, n: flops.vae_step(
      flops.vae((28, 28, 1), latent_size=3, filters=(filters,) * 4), n
    ),
  ),
  'msgan': (
    lambda filters: msgan((28, 28, 1), latent_size=3, filters=filters),
    lambda filters, n: flops.msgan_step(
      flops.msgan((28, 28, 1), latent_size=3, filters=filters), n
    ),
  ),
}


@pytest.mark.parametrize('name', GENERATORS)
def test_generator_step(name):
  """XLA leaves taps on padding out, so that it counts a little less."""
  make, by_hand = GENERATORS[name]
  batch = batch_of(jnp.zeros((4, 28, 28, 1)))

  def counted(filters):
    _, trainer = make(filters)
    data = training_set((28, 28, 1))
    state = jax.eval_shape(lambda key: trainer.init(key, data), KEY)
    return count(trainer.updates[0], KEY, state, batch)

  widths = (16, 32, 48)
  a, b, c = (counted(filters) for filters in widths)
  d, e, f = (by_hand(filters, 4) for filters in widths)
  assert 0.9 < (c - 2 * b + a) / (f - 2 * e + d) < 1.03


CLASSIFIERS = {
  'resnet': (ResNet, classifier_flops.resnet, {'depth': 14}, (8, 16, 24)),
  'wide_resnet': (
    WideResNet,
    classifier_flops.wide_resnet,
    {'depth': 16},
    (2, 3, 4),
  ),
  'resnet18': (ResNet18, classifier_flops.resnet18, {}, (8, 16, 24)),
}


@pytest.mark.parametrize('name', CLASSIFIERS)
def test_classifier_step(name):
  """On images so large that taps on padding, which XLA leaves out, are few."""
  make, layers, sizes, widths = CLASSIFIERS[name]
  shape = (254, 250, 3)
  batch = batch_of(jnp.zeros((2, *shape)), jnp.arange(2))

  def counted(width):
    network = make(5, width=width, **sizes)
    _, trainer = supervised(network, shape, optax.sgd(0.1))
    data = training_set(shape)
    state = jax.eval_shape(lambda key: trainer.init(key, data), KEY)
    return count(trainer.updates[0], KEY, state, batch)

  a, b, c = (counted(width) for width in widths)
  d, e, f = (
    flops.train(layers(shape, 5, width=width, **sizes), 2) for width in widths
  )
  assert 0.97 < (c - 2 * b + a) / (f - 2 * e + d) < 1.01


def test_classifiers_by_hand():
  """Of 32x32 images, ResNet-18 pools 17x17 that shrink to 9, 5 and 3."""
  plain = classifier_flops.resnet((32, 32, 3), 10, depth=8, width=16)
  assert plain == (
    32 * 32 * 9 * 3 * 16 * 2,
    *[32 * 32 * 9 * 16 * 16 * 2] * 2,
    *(16 * 16 * 9 * inputs * 32 * 2 for inputs in (16, 32)),
    *(8 * 8 * 9 * inputs * 64 * 2 for inputs in (32, 64)),
    64 * 10 * 2,
  )
  deeper = classifier_flops.resnet18((32, 32, 3), 10, width=64)
  assert deeper[:5] == (
    32 * 32 * 9 * 3 * 64 * 2,
    *[17 * 17 * 9 * 64 * 64 * 2] * 4,
  )
  assert deeper[5:8] == (
    *(9 * 9 * 9 * inputs * 128 * 2 for inputs in (64, 128)),
    9 * 9 * 64 * 128 * 2,
  )
  assert deeper[-2:] == (3 * 3 * 9 * 512 * 512 * 2, 512 * 10 * 2)
  wide = classifier_flops.wide_resnet((32, 32, 3), 10, depth=16, width=8)
  assert wide[1:4] == (
    *(32 * 32 * 9 * inputs * 128 * 2 for inputs in (16, 128)),
    32 * 32 * 16 * 128 * 2,
  )
  assert len(wide) == 17


def test_conv4_by_hand():
  """28x28 images shrink to 14, 7, 4 and 2 by stride; 14, 7, 3, 1 by pooling."""
  stride = flops.conv4(
    (28, 28, 1), 5, filters=64, downsample='stride', head='mean'
  )
  assert stride == (
    14 * 14 * 9 * 64 * 2,
    7 * 7 * 9 * 64 * 64 * 2,
    4 * 4 * 9 * 64 * 64 * 2,
    2 * 2 * 9 * 64 * 64 * 2,
    64 * 5 * 2,
  )
  pool = flops.conv4(
    (28, 28, 3),
    5,
    filters=2,
    last_filters=6,
    downsample='max_pool',
    head='flatten',
  )
  assert pool == (
    28 * 28 * 9 * 3 * 2 * 2,
    14 * 14 * 9 * 2 * 2 * 2,
    7 * 7 * 9 * 2 * 2 * 2,
    3 * 3 * 9 * 2 * 6 * 2,
    6 * 5 * 2,
  )


def test_an_evaluation_task_is_its_steps_and_its_prediction():
  layers = (10, 100)
  total = flops.evaluation(layers, support=5, query=75, steps=50)
  assert total == 50 * 5 * (2 * 10 + 3 * 100) + 75 * 110
