"""Images that a generator draws of each class, beside real ones."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats
from batch_of import batch_of

from lasium_jax import batches
from lasium_jax.types import Generator

CLASSES = 4
# An image is two pixels: its class, and noise of its own.
PAIRS = Generator(
  decode=lambda params, z: params * z.reshape(-1, 1, 2, 1),
  sample_class=lambda key, params, y: jnp.stack(
    [(y + 1) / 8, jax.random.uniform(key, y.shape) / 2], axis=1
  ),
)


def real(n, y=None):
  """Images whose pixels are 1, which the generator makes of none."""
  return batch_of(jnp.ones((n, 1, 2, 1)), y)


def made_of(batch, key=0, source=1.0, **options):
  batch_fn = jax.jit(batches.generated(PAIRS, CLASSES, **options))
  return batch_fn(jax.random.key(key), jnp.float32(source), batch)


@pytest.mark.parametrize(
  ('share', 'count'), [(0.0, 0), (0.5, 3), (0.2, 1), (1.0, 6)]
)
def test_a_share_is_made_and_labeled_by_what_it_shows(share, count):
  y = jnp.arange(6) % CLASSES
  batch = real(6, y)
  made = made_of(batch, share=share)
  assert made.rows.tolist() == [-1] * count + list(range(count, 6))
  np.testing.assert_array_equal(made.x[count:], batch.x[count:])
  np.testing.assert_array_equal(made.y[count:], y[count:])
  assert made.y.dtype == y.dtype and made.epoch == batch.epoch
  shown = np.rint(8 * np.asarray(made.x)[:count, 0, 0, 0]) - 1
  np.testing.assert_array_equal(made.y[:count], shown)


def test_classes_are_drawn_alike_and_images_anew():
  batch = real(600, jnp.zeros(600, jnp.int32))
  first, second = (made_of(batch, key, share=1.0) for key in (0, 1))
  for made in (first, second):
    counts = np.bincount(made.y, minlength=CLASSES)
    assert len(counts) == CLASSES
    assert scipy.stats.chisquare(counts).pvalue > 1e-4
  noise = np.concatenate([m.x[:, 0, 1, 0] for m in (first, second)])
  assert len(np.unique(noise)) == 1200
  # What is shown is the source's, not what the program was compiled with.
  darker = made_of(batch, 0, 0.5, share=1.0)
  np.testing.assert_allclose(darker.x, 0.5 * first.x)


@pytest.mark.parametrize('share', [0.5, 1.0])
def test_a_fixed_set_has_so_many_images_of_each_class(share):
  """Whatever the key, the batch and the class's neighbors in it."""
  batch = real(400, jnp.zeros(400, jnp.int32))
  found = {}
  for key in (0, 1):
    made = made_of(batch, key, share=share, made=3)
    count = int(400 * share)
    own = np.asarray(made.x)[:count, 0, :, 0]
    for pair, label in zip(own, np.asarray(made.y), strict=False):
      assert round(8 * pair[0]) - 1 == label
      found.setdefault(int(label), []).append(float(pair[1]))
  assert sorted(found) == list(range(CLASSES))
  everything = set()
  for noise in found.values():
    values, counts = np.unique(noise, return_counts=True)
    assert len(values) == 3
    assert scipy.stats.chisquare(counts).pvalue > 1e-4
    everything |= set(values.tolist())
  assert len(everything) == 3 * CLASSES


@pytest.mark.parametrize('soft', [False, True])
def test_a_coin_makes_a_batch_wholly_real_or_wholly_made(soft):
  """As often as the share says."""
  y = jnp.eye(CLASSES)[jnp.zeros(6, int)] if soft else jnp.zeros(6, jnp.int32)
  batch = real(6, y)
  batch_fn = batches.generated(PAIRS, CLASSES, share=0.3, whole=True)
  keys = jax.random.split(jax.random.key(0), 500)
  tossed = jax.jit(jax.vmap(batch_fn, (0, None, None)))(keys, 1.0, batch)
  are_made = np.asarray(tossed.rows == -1)
  heads = are_made.all(1)
  assert (heads == are_made.any(1)).all()
  assert scipy.stats.binomtest(int(heads.sum()), 500, 0.3).pvalue > 1e-4
  assert (tossed.x[~heads] == 1).all()  # As all real pixels are.
  np.testing.assert_array_equal(tossed.rows[~heads][0], batch.rows)
  shown = np.rint(8 * np.asarray(tossed.x)[heads][:, :, 0, 0, 0]) - 1
  labels = np.asarray(tossed.y)[heads]
  np.testing.assert_array_equal(labels.argmax(-1) if soft else labels, shown)


@pytest.mark.parametrize('share', [0.0, 1.0])
def test_no_coin_is_tossed_for_what_is_certain(share):
  batch = real(6, jnp.zeros(6, jnp.int32))
  plain, whole = (
    made_of(batch, share=share, whole=whole) for whole in (False, True)
  )
  jax.tree.map(np.testing.assert_array_equal, plain, whole)


def test_a_set_of_one_is_one_image_a_class():
  batch = real(50)
  made = made_of(batch, 0, 0.5, share=1.0, made=1)
  again = made_of(batch, 7, 1.0, share=1.0, made=1)
  shown, other = ({float(x) for x in m.x[:, 0, 1, 0]} for m in (made, again))
  # The source decodes them, and so it is not kept in the program either.
  np.testing.assert_allclose(sorted(shown), np.array(sorted(other)) / 2)
  assert len(shown) == CLASSES


@pytest.mark.parametrize('augment_made', [False, True])
def test_real_images_are_augmented_and_made_ones_if_asked(augment_made):
  y = jnp.zeros(6, jnp.int32)
  plain, other = (
    made_of(real(6, y), augment=augment, augment_made=augment_made)
    for augment in (None, lambda key, x: x + 10)
  )
  added = np.asarray(other.x - plain.x)[:, 0, 0, 0]
  np.testing.assert_allclose(added, [10 * augment_made] * 3 + [10] * 3)
  np.testing.assert_array_equal(other.y, plain.y)


def test_soft_labels_of_real_images_make_all_soft():
  y = jnp.full((4, CLASSES), 0.25)
  made = made_of(real(4, y))
  np.testing.assert_array_equal(made.y[2:], y[2:])
  shown = np.rint(8 * np.asarray(made.x)[:2, 0, 0, 0]).astype(int) - 1
  np.testing.assert_array_equal(made.y[:2], np.eye(CLASSES)[shown])


def test_real_images_need_labels_and_made_ones_bring_theirs():
  made = made_of(real(4), share=1.0)
  assert made.y.shape == (4,) and made.y.dtype == jnp.int32
  with pytest.raises(ValueError, match=r'without labels, .* let share be 1'):
    made_of(real(4))


def test_a_generator_that_knows_of_no_classes_is_refused():
  with pytest.raises(ValueError, match='cannot draw images of a class'):
    batches.generated(PAIRS._replace(sample_class=None), CLASSES)
