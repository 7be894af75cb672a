"""The interpolative autoencoder: its triplets, its loss, what it learns."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from batch_of import BARS, bars, batch_of, first_state, training_set
from by_scipy import mapped

from lasium_jax.generators import interpolative
from lasium_jax.generators.interpolative import (
  Triplets,
  objective,
  triplets,
  triplets_of,
)
from lasium_jax.generators.objectives import (
  first_variables,
  in_training,
  networks,
)
from lasium_jax.ops.affine import Affine

STILL = {'rotation': 0.0, 'translation': 0.0, 'scale': 1.0}


@pytest.fixture(scope='module')
def dots():
  """64 images of two blurred dots, left and right of the center."""
  rows, columns = np.mgrid[:33, :33] - 16.0
  x = sum(np.exp(-(rows**2 + (columns - c) ** 2) / 4) for c in (-6, 6))
  return jnp.asarray(np.repeat(x[None, ..., None], 64, 0), jnp.float32)


def centers(x):
  """`[n, 2]`, the rows and columns of the centers of mass."""
  places = np.mgrid[:33, :33] - 16.0
  mass = np.asarray(x)[..., 0]
  sums = np.einsum('nhw,dhw->nd', mass, places)
  return sums / mass.sum((1, 2))[:, None]


def axis(x):
  """`[n]`: the variance along the dots, and the angle of their line."""
  places = np.mgrid[:33, :33] - 16.0
  mass = np.asarray(x)[..., 0] / np.asarray(x).sum((1, 2, 3))[:, None, None]
  variances, vectors = np.linalg.eigh(
    np.einsum('nhw,dhw,ehw->nde', mass, places, places)
  )
  down, right = vectors[:, :, -1].T
  return variances[:, -1], np.arctan(-down / right)


def width(x):
  """`[n]`, standard deviations to the left and right."""
  places = np.mgrid[:33, :33] - 16.0
  mass = np.asarray(x)[..., 0] / np.asarray(x).sum((1, 2, 3))[:, None, None]
  return np.einsum('nhw,hw->n', mass, places[1] ** 2) ** 0.5


def slope(x):
  """`[n]`, by how much what is above lies to the right."""
  down, right = np.mgrid[:33, :33] - 16.0
  mass = np.asarray(x)[..., 0]
  products, squares = (
    np.einsum('nhw,hw->n', mass, down * other) for other in (right, down)
  )
  return -products / squares


def between(alpha, a, b):
  """The mean with A's weight alpha."""
  weights = np.asarray(alpha).reshape(-1, *(1,) * (np.ndim(a) - 1))
  return weights * a + (1 - weights) * b


def test_c_lies_between_a_and_b(key, dots):
  """In place, angle, size, slant and proportions, each of them alone."""
  assert_between(key, dots, 0.01, centers, translation=0.1)
  assert_between(key, dots, 0.01, lambda x: axis(x)[1], rotation=40.0)
  assert_between(key, dots, 0.05, lambda x: axis(x)[0] ** 0.5, scale=1.5)
  assert_between(key, dots, 0.02, slope, shear=0.4)
  assert_between(key, dots, 0.05, width, stretch=1.5)


def assert_between(key, x, atol, measure, **ranges):
  drawn = triplets(key, x, **{**STILL, **ranges})
  a, b, c = map(measure, drawn[:3])
  np.testing.assert_allclose(c, between(drawn.alpha, a, b), atol=atol)
  assert np.abs(a - b).max() > 20 * atol  # Else nothing would be tested.


def maps_of(rows):
  """`[n, 6]`: angle, way down, way right, scale, slant, stretch."""
  return Affine(rows[:, 0], rows[:, 1:3], *rows[:, 3:].T)


def by_scipy(images, rows):
  return [
    mapped(image, row[0], row[1:3], *row[3:])
    for image, row in zip(images[..., 0], rows, strict=True)
  ]


def test_triplets_of_given_maps_are_scipys(key):
  """Under the means of six numbers; A where alpha is 1, B where it is 0."""
  x = np.asarray(jax.random.uniform(key, (3, 9, 12, 1)))
  first, second = (
    np.float32([[0.5, 0.1, -0.2, 1.2, 0.4, 1.3]] * 3),
    np.float32([[-0.3, -0.05, 0.1, 0.8, -0.2, 0.7]] * 3),
  )
  alpha = np.float32([0, 1, 0.25])
  made = triplets_of(x, *map(maps_of, (first, second)), alpha)
  known = np.stack(
    [second[0], first[1], [-0.1, -0.0125, 0.025, 0.9, -0.05, 0.85]]
  )
  for ours, rows in zip(made[:3], (first, second, known), strict=True):
    np.testing.assert_allclose(ours[..., 0], by_scipy(x, rows), atol=1e-5)
  np.testing.assert_allclose(made.c[0], made.b[0], atol=1e-6)
  np.testing.assert_allclose(made.c[1], made.a[1], atol=1e-6)


def test_slants_and_stretches_leave_other_maps_as_they_are(key, dots):
  """So that a run without them is the same as ever."""
  ranges = {'rotation': 20.0, 'translation': 0.1, 'scale': 1.25}
  x = dots[:4]
  for ours, theirs in zip(
    triplets(key, x, **ranges),
    triplets(key, x, **ranges, shear=1e-6, stretch=1 + 1e-6),
    strict=True,
  ):
    np.testing.assert_allclose(ours, theirs, atol=1e-3)


def test_alpha_is_uniform(key, dots):
  alpha = triplets(key, dots[:, :1, :1], **STILL).alpha
  many = np.sort(alpha)
  assert np.abs(many - (np.arange(64) + 0.5) / 64).max() < 0.2  # Kolmogorov's.


@pytest.mark.parametrize('power', [1, 2])
def test_what_is_compared_is_equation_2(key, power):
  """With matrices in place of networks, on images that are given."""
  keys = jax.random.split(key, 5)
  a, b, c = jax.random.uniform(keys[0], (3, 6, 2, 2, 1))
  alpha = jax.random.uniform(keys[1], (6,))
  encoder = jax.random.normal(keys[2], (4, 3))
  decoder = jax.random.normal(keys[3], (3, 4))

  def encode(x):
    return np.asarray(x).reshape(-1, 4) @ encoder

  def decode(z):
    return (z @ decoder).reshape(-1, 2, 2, 1)

  make = objective(lambda key, x: Triplets(a, b, c, alpha))
  compared = make(keys[4], encode, decode, a)
  distances = {
    name: (np.abs(pair.made - pair.images) ** power).mean()
    for name, pair in compared.items()
  }

  def distance(image, z):
    return (np.abs(image - decode(z)) ** power).mean()

  reconstruction = distance(a, encode(a)) + distance(b, encode(b))
  interpolation = distance(c, between(alpha, encode(a), encode(b)))
  np.testing.assert_allclose(
    sum(distances.values()), reconstruction / 2 + interpolation, rtol=1e-5
  )
  np.testing.assert_allclose(
    distances['interpolation'], interpolation, rtol=1e-5
  )


def test_without_maps_all_is_as_of_an_autoencoder(key):
  """A, B and C are then the image itself, and the moments are its batch's."""
  net = networks('It', BARS, network='infogan', latent_size=3, width=2)
  variables, x = first_variables(net, BARS, key), bars(16)
  make = objective(functools.partial(triplets, **STILL))

  @jax.jit
  def both(variables, x):
    compared, averages = in_training(
      net, variables, lambda encode, decode: make(key, encode, decode, x)
    )
    again, expected = in_training(
      net, variables, lambda encode, decode: decode(encode(x))
    )
    return compared, again, averages, expected

  compared, again, *averages = both(variables, x)
  for name, copies in (('reconstruction', 2), ('interpolation', 1)):
    made, images = compared.pop(name)
    np.testing.assert_allclose(images, np.tile(x, (copies, 1, 1, 1)), atol=1e-6)
    np.testing.assert_allclose(
      made, np.tile(again, (copies, 1, 1, 1)), rtol=1e-3, atol=1e-5
    )
  assert not compared
  for one, other in zip(*map(jax.tree.leaves, averages), strict=True):
    np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-6)


@functools.partial(jax.jit, static_argnums=0)
def passes_by_hand(net, variables, a, b, c, alpha):
  """What is made of A, B and the mixed codes, and how the encoder sees it.

  The encoder looks at what was made and at what that was to be together, once
  at A and B and once at C.
  """

  def run(method, x):
    made, _ = net.apply(
      variables, x, train=True, method=method, mutable=['batch_stats']
    )
    return made

  z = run(net.encode, jnp.concatenate([a, b]))
  weights = alpha[:, None]
  mixed = weights * z[: len(a)] + (1 - weights) * z[len(a) :]
  made = jax.nn.sigmoid(run(net.decode, jnp.concatenate([z, mixed])))
  ends, between = made[: len(z)], made[len(z) :]
  looked = run(net.perceive, jnp.concatenate([ends, a, b]))
  looked_between = run(net.perceive, jnp.concatenate([between, c]))
  return ends, between, looked, looked_between


@pytest.mark.parametrize('norm,power', [('l1', 1), ('l2', 2)])
def test_loss_with_the_autoperceptual_one_by_hand(norm, power, key):
  """(d_A + d_B) / 2 + d_C + w ((P_A + P_B) / 2 + P_C), of one step."""
  weight = 3.0
  ranges = {
    **{'rotation': 30.0, 'translation': 0.1, 'scale': 1.2},
    **{'shear': 0.3, 'stretch': 1.2},
  }
  _, trainer = interpolative(
    BARS, latent_size=3, width=2, norm=norm, perceptual=weight, **ranges
  )
  x, state = bars(6), first_state(trainer, key)
  _, metrics = jax.jit(trainer.updates[0])(key, state, batch_of(x))

  net = networks('It', BARS, network='infogan', latent_size=3, width=2)
  a, b, c, alpha = triplets(key, x, **ranges)
  ends, between, looked, looked_between = passes_by_hand(
    net, state.variables, a, b, c, alpha
  )

  def distance(one, other):
    one, other = (np.asarray(leaf, np.float64) for leaf in (one, other))
    return (np.abs(one - other) ** power).mean()

  def perceived(layers, made, images):
    return np.mean([distance(layer[made], layer[images]) for layer in layers])

  first, second = slice(0, 6), slice(6, 12)
  pixels = {
    'a': distance(ends[first], a),
    'b': distance(ends[second], b),
    'c': distance(between, c),
  }
  seen = {
    'a': perceived(looked, first, slice(12, 18)),
    'b': perceived(looked, second, slice(18, 24)),
    'c': perceived(looked_between, first, second),
  }
  assert len(looked) == 3 and min(seen.values()) > 1e-2
  reconstruction = (pixels['a'] + pixels['b']) / 2
  perceptual = (seen['a'] + seen['b']) / 2 + seen['c']
  expected = {
    'reconstruction': reconstruction,
    'interpolation': pixels['c'],
    'perceptual': perceptual,
    'loss': reconstruction + pixels['c'] + weight * perceptual,
  }
  assert metrics.keys() == expected.keys()
  for name, value in expected.items():
    np.testing.assert_allclose(metrics[name], value, rtol=1e-3)


def test_mixed_codes_show_mixed_maps(key):
  """After some training, what it has seen in no batch."""
  shape, ranges = (8, 8, 1), {**STILL, 'translation': 0.2}
  generator, trainer = interpolative(
    shape, latent_size=4, width=4, learning_rate=1e-2, **ranges
  )
  rows, columns = np.mgrid[:8, :8] - 3.5
  dot = jnp.asarray(np.exp(-(rows**2 + columns**2) / 4), jnp.float32)
  x = jnp.repeat(dot[None, ..., None], 32, 0)
  state = trainer.init(key, training_set(shape))
  update, steps = jax.jit(trainer.updates[0]), []
  for step in range(120):
    own = jax.random.fold_in(key, step)
    state, metrics = update(own, state, batch_of(x))
    steps.append(metrics)
  for name in ('loss', 'reconstruction', 'interpolation'):
    assert steps[-1][name] < 0.3 * steps[0][name]
  a, b, c, alpha = triplets(jax.random.fold_in(key, 10**6), x, **ranges)
  params = trainer.params(state)
  z = between(alpha, *(generator.encode(params, x) for x in (a, b)))
  error = jnp.abs(generator.decode(params, z) - c).mean()
  assert error < 0.5 * c.mean()  # Which is a black image's.
