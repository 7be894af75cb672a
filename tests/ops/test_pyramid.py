"""The pyramid's loss against SciPy's filters, and by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.ndimage

from lasium_jax.ops.pyramid import laplacian_loss


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
