"""Augmentations keep what an image shows."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lasium_jax.ops.augment import random_mirrors, random_views


@pytest.fixture(scope='module')
def picture():
  """Red grows to the right, green downward; blue is none."""
  ramp = np.linspace(0.25, 0.75, 32, dtype=np.float32)
  red, green = np.meshgrid(ramp, ramp)
  return jnp.stack([red, green, 0 * red], axis=-1)


@pytest.fixture(scope='module')
def views(picture):
  return random_views(jax.random.key(0), jnp.stack([picture] * 200))


@pytest.mark.instructions
def test_views_are_images_in_range(picture, views):
  assert views.shape == (200, *picture.shape) and views.dtype == picture.dtype
  assert views.min() >= 0 and views.max() <= 1
  assert len({np.asarray(view).tobytes() for view in views}) == 200


def slopes(views, axis):
  """How far a view's halves differ along an axis of the image."""
  first, second = jnp.split(views, 2, axis)
  return np.asarray((second - first).mean((1, 2)))


@pytest.mark.instructions
def test_views_are_mirrored_but_never_upside_down(views):
  red, green = slopes(views, 2).sum(-1), slopes(views, 1).sum(-1)
  assert 70 < (red < 0).sum() < 130  # Half of 200, within five deviations.
  assert (green > 0).all()


@pytest.mark.instructions
def test_a_fifth_of_the_views_is_gray(views):
  color = np.ptp(views, axis=-1).max((1, 2))
  assert 15 < (color < 1e-6).sum() < 70


@pytest.mark.instructions
def test_views_show_half_of_the_side_or_more(picture):
  """Of a ramp, seen at 0.6 to 1.4 of its contrast."""
  ramp = jnp.stack([picture[..., :1]] * 200)
  seen = np.ptp(random_views(jax.random.key(2), ramp), axis=(1, 2, 3))
  assert seen.min() > 0.5 * 0.6 * 0.5 * 0.9  # Less a pixel's part of it.
  assert seen.max() < 0.5 * 1.4 + 1e-5
  assert seen.min() < 0.25 and seen.max() > 0.5


def test_half_of_the_images_are_mirrored(picture):
  """Each is the image, or what NumPy mirrors."""
  made = np.asarray(
    random_mirrors(jax.random.key(0), jnp.stack([picture] * 200))
  )
  image = np.asarray(picture)
  same, mirrored = (
    (made == own[None]).all((1, 2, 3)) for own in (image, image[:, ::-1])
  )
  assert (same ^ mirrored).all()
  assert 70 < mirrored.sum() < 130  # Half of 200, within five deviations.


def test_a_flat_picture_has_flat_views():
  """Nothing is drawn in from beyond the edge."""
  flat = jnp.full((50, 20, 24, 1), 0.5)
  views = random_views(jax.random.key(1), flat)
  assert np.ptp(views, axis=(1, 2, 3)).max() < 1e-5
