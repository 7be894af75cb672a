"""The pyramid's loss against SciPy's filters, and by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.ndimage

from lasium_jax.ops.pyramid import (
  laplacian_loss,
  laplacian_pyramid,
  most_levels,
)


def blurred(image):
  taps = np.array([1, 4, 6, 4, 1]) / 16
  kernel = np.outer(taps, taps)[:, :, None]
  # SciPy's mirror leaves the pixel at the edge out, as `reflect` elsewhere.
  return scipy.ndimage.convolve(image, kernel, mode='mirror')


def pyramid(image, levels):
  """Levels of one image `[H, W, C]`, from the finest."""
  details = []
  for _ in range(levels):
    halved = blurred(image)[::2, ::2]
    spread = np.zeros_like(image)
    spread[::2, ::2] = halved
    details.append(image - 4 * blurred(spread))
    image = halved
  return details


@pytest.mark.instructions
@pytest.mark.parametrize('levels', [0, 1, 3])
@pytest.mark.parametrize('shape', [(16, 12, 3), (11, 14, 1)])
def test_same_as_by_scipy(shape, levels):
  rng = np.random.default_rng(0)
  x, y = rng.random((2, 3, *shape))
  expected = [
    np.abs(a - b).mean()
    + 0.7
    * sum(
      4.0**-i * np.abs(u - v).mean()
      for i, (u, v) in enumerate(
        zip(pyramid(a, levels), pyramid(b, levels), strict=True), start=1
      )
    )
    for a, b in zip(x, y, strict=True)
  ]
  loss = laplacian_loss(
    jnp.float32(x), jnp.float32(y), gamma=0.7, levels=levels
  )
  np.testing.assert_allclose(loss, expected, rtol=1e-5)


def doubled(image, shape):
  spread = np.zeros(shape)
  spread[::2, ::2] = image
  return 4 * blurred(spread)


@pytest.mark.parametrize('levels', [0, 1, 3])
@pytest.mark.parametrize('shape', [(16, 12, 3), (11, 14, 1)])
def test_images_are_had_again_from_their_levels(shape, levels):
  """By SciPy's filters: each level is what doubling does not bring back."""
  x = np.random.default_rng(1).random((2, *shape))
  details, rest = laplacian_pyramid(jnp.float32(x), levels)
  assert len(details) == levels
  for i, expected in enumerate(x):
    image = np.asarray(rest[i], np.float64)
    assert (
      image.shape
      == tuple(-(-side // 2**levels) for side in shape[:2]) + shape[2:]
    )
    for level in reversed(details):
      image = doubled(image, level[i].shape) + np.asarray(level[i])
    np.testing.assert_allclose(image, expected, atol=1e-5)
    # And these are levels, not the image in pieces of another kind.
    for level, theirs in zip(details, pyramid(expected, levels), strict=True):
      np.testing.assert_allclose(level[i], theirs, atol=1e-5)


def test_another_brightness_is_in_no_level(key):
  """What is left over is not a level, and edges do not darken."""
  x = jax.random.uniform(key, (2, 12, 12, 3))
  loss = laplacian_loss(x, x + 0.25, gamma=100.0)
  np.testing.assert_allclose(loss, 0.25, rtol=1e-3)


def test_an_image_has_so_many_levels():
  x = jnp.zeros((1, 8, 8, 1))
  assert laplacian_loss(x, x, levels=2).tolist() == [0]
  with pytest.raises(ValueError, match='8x8 have fewer levels than 3'):
    laplacian_loss(x, x, levels=3)


@pytest.mark.parametrize('side', [2, 3, 4, 5, 8, 20, 32, 33])
def test_most_levels_are_those_that_can_be_made(side):
  images = jax.ShapeDtypeStruct((1, side, side + 3, 1), jnp.float32)
  levels = most_levels(side)
  jax.eval_shape(lambda x: laplacian_pyramid(x, levels), images)
  with pytest.raises(ValueError, match=f'number {levels + 1} is of'):
    jax.eval_shape(lambda x: laplacian_pyramid(x, levels + 1), images)
