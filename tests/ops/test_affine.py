"""Affine maps against SciPy, and mixtures of their parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.ndimage
from by_scipy import mapped

from lasium_jax.ops.affine import (
  Affine,
  random_affine,
  random_warps,
  slant,
  warp,
)
from lasium_jax.ops.mixtures import mix

RANGES = {'rotation': 0.6, 'translation': 0.2, 'scale': 1.5}
ALL_RANGES = RANGES | {'shear': 0.4, 'stretch': 1.3}
SHAPE = (9, 12, 2)


def identity(n):
  return Affine(jnp.zeros(n), jnp.zeros((n, 2)), jnp.ones(n))


def given(maps):
  return [leaf for leaf in maps if leaf is not None]


@pytest.mark.parametrize('ranges', [RANGES, ALL_RANGES])
def test_warp_is_scipys(ranges, key):
  image_key, map_key = jax.random.split(key)
  images = jax.random.uniform(image_key, (20, *SHAPE))
  maps = random_affine(map_key, 20, **ranges)
  expected = np.stack(
    [
      [mapped(image[..., c], *one) for c in range(SHAPE[-1])]
      for image, *one in zip(
        *map(np.asarray, (images, *given(maps))), strict=True
      )
    ]
  )
  warped = jax.jit(warp)(images, maps)
  np.testing.assert_allclose(warped, expected.transpose(0, 2, 3, 1), atol=1e-5)


def test_directions():
  """A dot to the right of the center, in an image of 5x5."""
  image = jnp.zeros((1, 5, 5, 1)).at[0, 2, 3, 0].set(1.0)

  def dot(**changes):
    one = identity(1)._replace(**changes)
    return np.argwhere(warp(image, one)[0, ..., 0] > 0.9).tolist()

  assert dot() == [[2, 3]]
  assert dot(rotation=jnp.full(1, jnp.pi / 2)) == [[1, 2]]  # Now above it.
  assert dot(translation=jnp.array([[0.2, 0.0]])) == [[3, 3]]
  assert dot(scale=jnp.full(1, 2.0)) == [[2, 4]]
  assert dot(stretch=jnp.full(1, 2.0)) == [[2, 4]]


def test_maps_are_drawn_within_their_ranges(key):
  maps = random_affine(key, 1_000, **RANGES)
  assert jnp.abs(maps.rotation).max() <= 0.6
  assert jnp.abs(maps.translation).max() <= 0.2
  assert maps.scale.min() >= 1 / 1.5 and maps.scale.max() <= 1.5 + 1e-6
  drawn = [maps.rotation, *maps.translation.T, jnp.log(maps.scale)]
  for values in drawn:  # Uniform: a third of the largest variance.
    spread = values / jnp.abs(values).max()
    np.testing.assert_allclose((spread**2).mean(), 1 / 3, atol=0.05)
  correlations = np.corrcoef(drawn) - np.eye(4)
  assert np.abs(correlations).max() < 0.2


def test_slants_and_stretches_are_drawn_within_their_ranges(key):
  maps, without = (
    random_affine(key, 1_000, **ranges) for ranges in (ALL_RANGES, RANGES)
  )
  drawn = [maps.shear / 0.4, jnp.log(maps.stretch) / np.log(1.3)]
  for values in drawn:
    assert 0.98 < jnp.abs(values).max() <= 1 + 1e-5
    np.testing.assert_allclose((values**2).mean(), 1 / 3, atol=0.05)
  for ours, theirs in zip(maps, given(without), strict=False):
    np.testing.assert_array_equal(ours, theirs)


def test_maps_of_no_range_change_nothing(key):
  maps = random_affine(key, 3, rotation=0.0, translation=0.0, scale=1.0)
  images = jax.random.uniform(key, (3, *SHAPE))
  np.testing.assert_allclose(warp(images, maps), images, atol=1e-6)


def test_each_image_has_a_random_map_of_its_own(key):
  x = jax.random.uniform(key, (1, *SHAPE))
  x = jnp.repeat(x, 3, 0)
  warped = np.asarray(random_warps(key, x, **RANGES))
  maps = random_affine(key, 3, **RANGES)
  for i in range(3):
    for channel in range(SHAPE[-1]):
      expected = mapped(
        np.asarray(x[i, ..., channel]),
        *(np.asarray(leaf[i]) for leaf in given(maps)),
      )
      np.testing.assert_allclose(warped[i, ..., channel], expected, atol=1e-4)
  assert np.abs(warped[0] - warped[1]).max() > 0.1


@pytest.mark.parametrize('ranges', [RANGES, ALL_RANGES])
def test_mixtures_are_of_parameters(ranges, key):
  first, second = (random_affine(k, 3, **ranges) for k in jax.random.split(key))
  assert len(given(first)) == len(ranges)
  mixed = mix(jnp.array([0.0, 1.0, 0.25]), first, second)
  for ours, a, b in zip(*map(given, (mixed, first, second)), strict=True):
    np.testing.assert_array_equal(ours[0], b[0])
    np.testing.assert_array_equal(ours[1], a[1])
    np.testing.assert_allclose(ours[2], 0.25 * a[2] + 0.75 * b[2], rtol=1e-6)


def test_equal_maps_mix_to_themselves(key):
  maps = random_affine(key, 50, **RANGES)
  mixed = mix(jax.random.uniform(key, (50,)), maps, maps)
  for ours, theirs in zip(given(mixed), given(maps), strict=True):
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_slant_is_scipys(key):
  images = jax.random.uniform(key, (4, *SHAPE))
  tangents = jnp.array([-0.7, 0.0, 0.3, 1.0])
  slanted = jax.jit(slant)(images, tangents)
  backward = np.array([[[1, 0], [float(t), 1]] for t in tangents])
  middle = (np.array(SHAPE[:2]) - 1) / 2
  for image, ours, matrix in zip(images, slanted, backward, strict=True):
    for channel in range(SHAPE[-1]):
      theirs = scipy.ndimage.affine_transform(
        np.asarray(image[..., channel]),
        matrix,
        middle - matrix @ middle,
        order=1,
        mode='grid-constant',
      )
      np.testing.assert_allclose(ours[..., channel], theirs, atol=1e-5)


def test_a_slant_leans_right_above():
  """An upright bar in an image of 5x5."""
  image = jnp.zeros((1, 5, 5, 1)).at[0, :, 2, 0].set(1.0)
  slanted = slant(image, jnp.ones(1))[0, ..., 0]
  np.testing.assert_array_equal(slanted, np.eye(5)[::-1])
