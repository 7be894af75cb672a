"""Strokes of a known thickness: lines, discs, and what no amount may do."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.ndimage

from lasium_jax.ops.thickness import random_thickness, thicken

AMOUNTS = np.linspace(-2.5, 2.5, 21)


def bar(width):
  """A lying bar of so many rows in the middle of 15."""
  low = (15 - width) // 2
  return jnp.zeros((1, 15, 9, 1)).at[:, low : low + width].set(1.0)


@pytest.mark.parametrize('radius', [-2.0, -1.5, -0.25, 0.0, 0.5, 1.0, 2.75])
def test_a_bar_grows_on_both_sides_by_the_radius(radius):
  thicker = thicken(bar(5), jnp.array([radius]))
  # Where the image ends, nothing is thinner.
  np.testing.assert_allclose(
    thicker.sum((1, 3)), np.full((1, 9), 5 + 2 * radius), rtol=1e-6
  )


def test_a_dot_becomes_a_disc():
  dot = jnp.zeros((1, 9, 9, 1)).at[0, 4, 4, 0].set(1.0)
  disc = thicken(dot, jnp.array([2.0]))[0, ..., 0]
  rows, columns = np.mgrid[-4:5, -4:5]
  expected = (3 - np.hypot(rows, columns)).clip(0, 1)
  np.testing.assert_allclose(disc, expected, atol=1e-6)


def test_no_pixel_decreases_with_the_radius(key):
  image = jax.random.uniform(key, (1, 8, 8, 2))
  images = jnp.repeat(image, len(AMOUNTS), 0)
  thicker = jax.jit(thicken)(images, jnp.asarray(AMOUNTS, jnp.float32))
  assert (jnp.diff(thicker, axis=0) >= -1e-6).all()
  # And the ink as a whole grows with each pixel of the radius.
  assert (jnp.diff(thicker[::4].mean((1, 2, 3))) > 0).all()
  np.testing.assert_allclose(thicker[len(AMOUNTS) // 2], image[0], atol=1e-6)
  assert thicker.min() >= 0 and thicker.max() <= 1


def test_radii_are_cut_to_the_largest(key):
  images = jnp.repeat(jax.random.uniform(key, (1, 8, 8, 1)), 2, 0)
  for sign in (-1, 1):
    one, cut = thicken(images, sign * jnp.array([1.0, 7.0]), most=1)
    np.testing.assert_array_equal(one, cut)


def test_thicker_ink_is_thinner_background(key):
  images = jax.random.uniform(key, (3, 8, 8, 1))
  radii = jnp.array([0.5, 1.25, 2.0])
  np.testing.assert_allclose(
    thicken(1 - images, -radii), 1 - thicken(images, radii), atol=1e-6
  )


@pytest.mark.parametrize('radius', [0.5, 1.0, 2.25])
def test_thicker_ink_is_scipys_dilation_of_logarithms(key, radius):
  """There a factor is a summand, as SciPy's structures have it."""
  images = jax.random.uniform(key, (2, 9, 8, 1), minval=0.05)
  distances = np.hypot(*np.mgrid[-3:4, -3:4])
  weights = (radius + 1 - distances).clip(1e-30, 1)
  expected = [
    scipy.ndimage.grey_dilation(
      np.log(image), structure=np.log(weights), mode='constant', cval=-1e3
    )
    for image in np.asarray(images[..., 0])
  ]
  thicker = thicken(images, jnp.full(2, radius))
  np.testing.assert_allclose(thicker[..., 0], np.exp(expected), rtol=1e-5)


def test_random_radii_are_uniform_and_each_images_own(key):
  bars = jnp.repeat(bar(5), 500, 0)
  thicker = random_thickness(key, bars, thickness=1.5)
  radii = (np.asarray(thicker[:, :, 4, 0]).sum(1) - 5) / 2
  assert np.abs(radii).max() <= 1.5 + 1e-5
  shares = np.histogram(radii, bins=5, range=(-1.5, 1.5))[0] / 500
  np.testing.assert_allclose(shares, 0.2, atol=0.06)


def test_no_thickness_changes_nothing(key):
  images = jax.random.uniform(key, (3, 8, 8, 2))
  same = random_thickness(key, images, thickness=0.0)
  np.testing.assert_array_equal(same, images)
