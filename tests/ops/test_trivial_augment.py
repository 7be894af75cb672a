"""TrivialAugment, operation by operation, against Pillow and SciPy."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.ndimage
from PIL import Image, ImageEnhance, ImageOps

from lasium_jax.ops import trivial_augment as module
from lasium_jax.ops.trivial_augment import (
  LEVELS,
  OPERATIONS,
  transform,
  trivial_augment,
)

SIDES = (20, 24)
STRENGTHS = (-1.0, -0.5, 0.0, 0.3, 1.0)


def enhance(kind):
  return lambda image, strength: kind(image).enhance(1 + 0.99 * strength)


BY_PILLOW = {
  'identity': lambda image, strength: image,
  'brightness': enhance(ImageEnhance.Brightness),
  'color': enhance(ImageEnhance.Color),
  'contrast': enhance(ImageEnhance.Contrast),
  'sharpness': enhance(ImageEnhance.Sharpness),
  'posterize': lambda image, strength: ImageOps.posterize(
    image, 8 - round(6 * abs(strength))
  ),
  'solarize': lambda image, strength: ImageOps.solarize(
    image, 256 - 256 * abs(strength)
  ),
  'auto_contrast': lambda image, strength: ImageOps.autocontrast(image),
  'equalize': lambda image, strength: ImageOps.equalize(image),
}
# Rows of Pillow's map from a pixel of the result to where it is read.
SHIFTED = {
  'shear_x': lambda s: (1, 0.99 * s, 0, 0, 1, 0),
  'shear_y': lambda s: (1, 0, 0, 0.99 * s, 1, 0),
  'translate_x': lambda s: (1, 0, -32 * s, 0, 1, 0),
  'translate_y': lambda s: (1, 0, 0, 0, 1, -32 * s),
}


@functools.cache
def picture(channels=3):
  """Bytes from 13 to 217, of few and of many pixels each, no channel alike."""
  rng = np.random.default_rng(0)
  smooth = scipy.ndimage.gaussian_filter(rng.normal(size=(*SIDES, 3)), 2)
  shares = (smooth - smooth.min()) / np.ptp(smooth)
  image = np.round(13 + 204 * shares ** np.array([1, 1.5, 2])).astype(np.uint8)
  return image[..., :channels]


@functools.cache
def ours(channels=3):
  """`[operations, strengths, H, W, C]`, by one program."""
  operations, strengths = np.meshgrid(
    np.arange(len(OPERATIONS)), np.float32(STRENGTHS), indexing='ij'
  )
  x = jnp.asarray(picture(channels) / np.float32(255))
  made = jax.jit(transform)(
    jnp.broadcast_to(x, (operations.size, *x.shape)),
    operations.ravel(),
    strengths.ravel(),
  )
  return np.asarray(made).reshape(*operations.shape, *x.shape)


def of(name, strength, channels=3):
  place = OPERATIONS.index(name), STRENGTHS.index(strength)
  return ours(channels)[place]


def opened(channels):
  image = picture(channels)
  return Image.fromarray(image[..., 0] if channels == 1 else image)


@pytest.mark.parametrize('channels', [1, 3])
@pytest.mark.parametrize('strength', STRENGTHS)
@pytest.mark.parametrize('name', BY_PILLOW)
def test_colors_are_pillows(name, strength, channels):
  theirs = BY_PILLOW[name](opened(channels), strength)
  theirs = np.asarray(theirs, np.float32).reshape(picture(channels).shape)
  # Pillow's levels are whole, and what it computes from them is, too.
  whole = name in ('identity', 'posterize', 'solarize', 'equalize')
  np.testing.assert_allclose(
    255 * of(name, strength, channels), theirs, atol=1e-3 if whole else 2.01
  )


@pytest.mark.parametrize('strength', STRENGTHS)
@pytest.mark.parametrize('name', (*SHIFTED, 'rotate'))
def test_maps_are_pillows_inside_the_image(name, strength):
  """Pillow repeats the edge of an image for half a pixel, before zeros."""
  how, image = Image.Resampling.BILINEAR, opened(3)
  if name == 'rotate':
    theirs = image.rotate(135 * strength, how)
    inside = Image.new('L', image.size, 255).rotate(135 * strength, how)
  else:
    rows = SHIFTED[name](strength)
    theirs, inside = (
      start.transform(image.size, Image.Transform.AFFINE, rows, how)
      for start in (image, Image.new('L', image.size, 255))
    )
  inside = scipy.ndimage.binary_erosion(np.asarray(inside) > 0, iterations=1)
  made = 255 * of(name, strength)
  np.testing.assert_allclose(
    made[inside], np.asarray(theirs, np.float32)[inside], atol=1.5
  )
  outside = ~scipy.ndimage.binary_dilation(inside, iterations=3)
  assert not made[outside].any()
  assert inside.any() or abs(strength) == 1  # What goes 32 pixels is gone.


def test_a_flat_picture_stays_flat():
  """It has no contrast to stretch, and one level to equalize."""
  x = jnp.full((len(OPERATIONS), 6, 5, 3), 0.4)
  made = jax.jit(transform)(
    x, jnp.arange(len(OPERATIONS)), jnp.zeros(len(OPERATIONS))
  )
  np.testing.assert_allclose(made, x, atol=1.1 / 255)


def test_operations_strengths_and_directions_are_uniform(key, monkeypatch):
  """Each is as likely as any other, whatever the others are."""
  drawn = []
  monkeypatch.setattr(
    module, 'transform', lambda images, *how: drawn.append(how) or images
  )
  trivial_augment(key, jnp.zeros((40_000, 1, 1, 1)))
  operations, strengths = map(np.asarray, drawn[0])
  levels = np.round(strengths * (LEVELS - 1)).astype(int)
  np.testing.assert_allclose(levels / (LEVELS - 1), strengths, atol=1e-6)
  table, _ = np.histogramdd(
    (operations, np.abs(levels), strengths > 0),
    [np.arange(count + 1) - 0.5 for count in (len(OPERATIONS), LEVELS, 2)],
  )
  assert table.sum() == 40_000
  table = table[:, 1:]  # Without the strength 0, which has no direction.
  expected = 40_000 / (len(OPERATIONS) * LEVELS * 2)
  squares = np.square(table - expected) / expected
  # A chi-square statistic is about its count of cells, within 5 deviations.
  assert abs(squares.sum() - table.size) < 5 * np.sqrt(2 * table.size)
