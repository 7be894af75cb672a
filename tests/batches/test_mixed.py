"""Mixed images by hand: who meets whom, and what becomes of the labels."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats
from batch_of import batch_of

from lasium_jax import batches
from lasium_jax.types import Generator

CLASSES = 3
# Codes are roots of pixels, so that means of codes are no means of pixels.
ROOTS = Generator(
  decode=lambda params, z: params * z.reshape(-1, 1, 1, 1) ** 2,
  encode=lambda params, x: jnp.sqrt(x.reshape(-1, 1) / params),
)
FACTORIES = {
  'pixels': batches.mixed_pixels,
  'codes': lambda classes, **options: batches.mixed_codes(
    ROOTS, classes, **options
  ),
}


def powers(n, y=None):
  """Images of one pixel each, of which no two sums are the same."""
  x = (2.0 ** np.arange(n) / 2**n).astype(np.float32)
  return batch_of(x.reshape(n, 1, 1, 1), y)


def met(made, batch, alpha=0.5):
  """Which image each of a batch was mixed with, by its pixel."""
  x, mixed = (np.asarray(b.x, np.float64).ravel() for b in (batch, made))
  others = (mixed - alpha * x) / (1 - alpha)
  found = np.abs(others[:, None] - x).argmin(1)
  np.testing.assert_allclose(x[found], others, rtol=1e-4)
  return found


def many(batch_fn, batch, n=300):
  """The batch made anew with many keys."""
  keys = jax.random.split(jax.random.key(0), n)
  made = jax.jit(jax.vmap(lambda key: batch_fn(key, jnp.ones(()), batch)))(keys)
  return [jax.tree.map(lambda leaf, i=i: leaf[i], made) for i in range(n)]


def test_any_two_images_meet_and_none_meets_itself():
  """Those of a circle, each of whose 3! = 6 is as likely."""
  batch = powers(4, jnp.zeros(4, jnp.int32))
  batch_fn = batches.mixed_pixels(CLASSES, share=1.0)
  circles = [tuple(met(made, batch)) for made in many(batch_fn, batch)]
  assert all(sorted(circle) == [0, 1, 2, 3] for circle in circles)
  assert all(i != circle[i] for circle in circles for i in range(4))
  kinds, counts = np.unique(circles, axis=0, return_counts=True)
  assert len(kinds) == 6
  assert scipy.stats.chisquare(counts).pvalue > 1e-4


def test_images_meet_their_own_class_or_themselves():
  y = jnp.array([2, 0, 2, 1, 0, 2])
  batch = powers(6, y)
  batch_fn = batches.mixed_pixels(CLASSES, share=1.0, pairs='same')
  partners = set()
  for made in many(batch_fn, batch, 60):
    found = met(made, batch)
    assert sorted(found) == list(range(6))
    np.testing.assert_array_equal(y[found], y)
    np.testing.assert_array_equal(made.y, y)
    assert made.y.dtype == y.dtype
    partners.add(tuple(found))
  # Two circles of three images; the pair and the lone one have no choice.
  assert partners == {(2, 4, 5, 3, 1, 0), (5, 4, 0, 3, 1, 2)}


@pytest.mark.parametrize('name', FACTORIES)
@pytest.mark.parametrize(('share', 'n'), [(0.5, 3), (0.2, 1), (1.0, 6)])
def test_the_first_images_alone_are_made(name, share, n):
  batch = powers(6, jnp.arange(6) % CLASSES)
  batch_fn = jax.jit(FACTORIES[name](CLASSES, share=share))
  made = batch_fn(jax.random.key(3), jnp.ones(()), batch)
  assert made.rows.tolist() == [-1] * n + list(range(n, 6))
  np.testing.assert_array_equal(made.x[n:], batch.x[n:])
  assert made.epoch == batch.epoch
  # They met others: an image that is mixed with itself stays as it is.
  assert (np.abs(made.x[:n] - batch.x[:n]) > 1e-4).all()


def test_nothing_is_made_of_no_share():
  batch = powers(4)
  assert batches.mixed_pixels(CLASSES, share=0.0)(0, (), batch) is batch


@pytest.mark.parametrize('alpha', [0.5, 0.2])
def test_labels_of_any_two_are_mixed_as_they_are(alpha):
  y = jnp.array([0, 1, 2, 1])
  batch = powers(4, y)
  half, whole = (
    jax.jit(batches.mixed_pixels(CLASSES, share=share, alpha=alpha))
    for share in (0.5, 1.0)
  )
  for key in jax.random.split(jax.random.key(1), 5):
    made = half(key, (), batch)
    found = met(whole(key, (), batch), batch, alpha)
    expected = np.eye(CLASSES)[y]
    mixed = alpha * expected + (1 - alpha) * expected[found]
    expected[:2] = mixed[:2]
    np.testing.assert_allclose(made.y, expected, rtol=1e-6)


def test_soft_labels_are_mixed_also_of_one_class():
  y = jnp.array([[0.8, 0.2, 0], [0, 1, 0], [0.6, 0, 0.4]])
  batch = powers(3, y)
  batch_fn = batches.mixed_pixels(CLASSES, share=1.0, alpha=0.25, pairs='same')
  made = jax.jit(batch_fn)(jax.random.key(0), (), batch)
  assert met(made, batch, 0.25).tolist() == [2, 1, 0]
  expected = [[0.65, 0.05, 0.3], [0, 1, 0], [0.75, 0.15, 0.1]]
  np.testing.assert_allclose(made.y, expected, atol=1e-6)


def test_codes_are_mixed_and_decoded_by_the_sources_parameters():
  x = jnp.array([0.04, 0.36, 0.64]).reshape(3, 1, 1, 1)
  batch = batch_of(x, jnp.array([0, 0, 1]))
  source = jnp.float32(4)
  batch_fn = batches.mixed_codes(ROOTS, CLASSES, share=1.0, alpha=0.25)
  made = jax.jit(batch_fn)(jax.random.key(0), source, batch)
  expected = (0.25 * 0.2 + 0.75 * 0.6) ** 2, (0.25 * 0.6 + 0.75 * 0.2) ** 2
  np.testing.assert_allclose(made.x.ravel(), [*expected, 0.64], rtol=1e-5)
  assert made.y.tolist() == [0, 0, 1]
  assert made.rows.tolist() == [-1, -1, -1]


@pytest.mark.parametrize('name', FACTORIES)
def test_other_views_are_mixed(name):
  """All images are seen anew first, each by the same key whoever mixes."""
  batch = powers(4, jnp.zeros(4, jnp.int32))

  def brighter(key, x):
    return x * (1 + jax.random.uniform(key, (len(x), 1, 1, 1)))

  views, half, whole = (
    np.asarray(
      jax.jit(FACTORIES[name](CLASSES, share=share, augment=brighter))(
        jax.random.key(5), jnp.ones(()), batch
      ).x
    ).ravel()
    for share in (0.0, 0.5, 1.0)
  )
  ratios = views / np.asarray(batch.x).ravel()
  assert (ratios > 1).all() and len(set(ratios.tolist())) == 4
  np.testing.assert_array_equal(half[2:], views[2:])
  np.testing.assert_allclose(half[:2], whole[:2], rtol=1e-6)
  # A mean of pixels, or the square of a mean of roots.
  power = {'pixels': 1, 'codes': 0.5}[name]
  others = (2 * half[:2] ** power - views[:2] ** power) ** (1 / power)
  found = np.abs(others[:, None] - views).argmin(1)
  np.testing.assert_allclose(views[found], others, rtol=1e-4)
  assert (found != np.arange(2)).all()


@pytest.mark.parametrize('pairs', ['same', 'any'])
def test_pixels_and_codes_differ_in_nothing_but_what_is_mixed(pairs):
  """The same images meet, and have the same labels."""
  y = jnp.array([2, 0, 2, 1, 0, 2])
  batch = powers(6, y)
  pixels, codes = (
    jax.jit(factory(CLASSES, share=1.0, pairs=pairs))(
      jax.random.key(7), jnp.ones(()), batch
    )
    for factory in FACTORIES.values()
  )
  np.testing.assert_array_equal(pixels.y, codes.y)
  assert (pixels.y.ndim == 1) == (pairs == 'same')
  roots = [b._replace(x=jnp.sqrt(b.x)) for b in (codes, batch)]
  found = met(pixels, batch)
  np.testing.assert_array_equal(met(*roots), found)
  assert (y[found] == y).all() == (pairs == 'same')


def test_images_without_labels():
  batch = powers(4)
  batch_fn = jax.jit(batches.mixed_pixels(CLASSES))
  made = batch_fn(jax.random.key(0), (), batch)
  assert made.y is None and (made.rows[:2] == -1).all()
  with pytest.raises(ValueError, match=r"is 'same', .* no labels"):
    batches.mixed_pixels(CLASSES, pairs='same')(jax.random.key(0), (), batch)


def test_codes_need_an_encoder():
  with pytest.raises(ValueError, match='no encoder'):
    batches.mixed_codes(ROOTS._replace(encode=None), CLASSES)
