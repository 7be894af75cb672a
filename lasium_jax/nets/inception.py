"""The Inception-v3 network of the Fréchet Inception Distance.

See Szegedy et al. 2015 (1512.00567). Its weights were ported from TensorFlow's
by pytorch-fid, and differ from torchvision's in what goes with them: averages
do not count the padding, and the last block has a maximum where the others have
an average. Modules have torchvision's names, by which weights are found.
"""

import functools
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from lasium_jax.types import Array, Params

SIDE = 299  # Of the images that it was trained on.
FEATURES = 2_048


class _Unit(nn.Module):
  """A convolution, normalization by given moments, a rectifier."""

  filters: int
  window: tuple[int, int] = (1, 1)
  stride: int = 1
  padding: str = 'SAME'

  @nn.compact
  def __call__(self, x: Array) -> Array:
    x = nn.Conv(
      self.filters,
      self.window,
      self.stride,
      self.padding,
      use_bias=False,
      name='conv',
    )(x)
    norm = nn.BatchNorm(use_running_average=True, epsilon=1e-3, name='bn')
    return nn.relu(norm(x))


_narrowing = functools.partial(_Unit, window=(3, 3), stride=2, padding='VALID')


def _average(x: Array) -> Array:
  return nn.avg_pool(x, (3, 3), padding='SAME', count_include_pad=False)


def _maximum(x: Array) -> Array:
  return nn.max_pool(x, (3, 3), padding='SAME')


def _halve(x: Array) -> Array:
  return nn.max_pool(x, (3, 3), (2, 2))


def _join(*branches: Array) -> Array:
  return jnp.concatenate(branches, axis=-1)


class InceptionA(nn.Module):
  """Windows of 1, 5 and twice 3, and an average."""

  pooled: int

  @nn.compact
  def __call__(self, x: Array) -> Array:
    five = _Unit(48, name='branch5x5_1')(x)
    double = _Unit(64, name='branch3x3dbl_1')(x)
    double = _Unit(96, (3, 3), name='branch3x3dbl_2')(double)
    return _join(
      _Unit(64, name='branch1x1')(x),
      _Unit(64, (5, 5), name='branch5x5_2')(five),
      _Unit(96, (3, 3), name='branch3x3dbl_3')(double),
      _Unit(self.pooled, name='branch_pool')(_average(x)),
    )


class InceptionB(nn.Module):
  """Halves an image, of 35x35 where it was 299x299."""

  @nn.compact
  def __call__(self, x: Array) -> Array:
    double = _Unit(64, name='branch3x3dbl_1')(x)
    double = _Unit(96, (3, 3), name='branch3x3dbl_2')(double)
    return _join(
      _narrowing(384, name='branch3x3')(x),
      _narrowing(96, name='branch3x3dbl_3')(double),
      _halve(x),
    )


class InceptionC(nn.Module):
  """Windows of 1, 7 and twice 7, in two parts each, and an average."""

  width: int

  @nn.compact
  def __call__(self, x: Array) -> Array:
    seven = _Unit(self.width, name='branch7x7_1')(x)
    seven = _Unit(self.width, (1, 7), name='branch7x7_2')(seven)
    double = _Unit(self.width, name='branch7x7dbl_1')(x)
    double = _Unit(self.width, (7, 1), name='branch7x7dbl_2')(double)
    double = _Unit(self.width, (1, 7), name='branch7x7dbl_3')(double)
    double = _Unit(self.width, (7, 1), name='branch7x7dbl_4')(double)
    return _join(
      _Unit(192, name='branch1x1')(x),
      _Unit(192, (7, 1), name='branch7x7_3')(seven),
      _Unit(192, (1, 7), name='branch7x7dbl_5')(double),
      _Unit(192, name='branch_pool')(_average(x)),
    )


class InceptionD(nn.Module):
  """Halves an image, of 17x17 where it was 299x299."""

  @nn.compact
  def __call__(self, x: Array) -> Array:
    three = _Unit(192, name='branch3x3_1')(x)
    seven = _Unit(192, name='branch7x7x3_1')(x)
    seven = _Unit(192, (1, 7), name='branch7x7x3_2')(seven)
    seven = _Unit(192, (7, 1), name='branch7x7x3_3')(seven)
    return _join(
      _narrowing(320, name='branch3x3_2')(three),
      _narrowing(192, name='branch7x7x3_4')(seven),
      _halve(x),
    )


class InceptionE(nn.Module):
  """Windows of 1, 3 and twice 3, the last in two directions, and a pool."""

  maximum: bool

  @nn.compact
  def __call__(self, x: Array) -> Array:
    three = _Unit(384, name='branch3x3_1')(x)
    double = _Unit(448, name='branch3x3dbl_1')(x)
    double = _Unit(384, (3, 3), name='branch3x3dbl_2')(double)
    pooled = _maximum(x) if self.maximum else _average(x)
    return _join(
      _Unit(320, name='branch1x1')(x),
      _Unit(384, (1, 3), name='branch3x3_2a')(three),
      _Unit(384, (3, 1), name='branch3x3_2b')(three),
      _Unit(384, (1, 3), name='branch3x3dbl_3a')(double),
      _Unit(384, (3, 1), name='branch3x3dbl_3b')(double),
      _Unit(192, name='branch_pool')(pooled),
    )


class InceptionV3(nn.Module):
  """All but the last layer, which no distance needs."""

  @nn.compact
  def __call__(self, x: Array) -> Array:
    """Returns features `[n, 2048]` of images in [-1, 1], of 75x75 or more."""
    x = _narrowing(32, name='Conv2d_1a_3x3')(x)
    x = _Unit(32, (3, 3), padding='VALID', name='Conv2d_2a_3x3')(x)
    x = _halve(_Unit(64, (3, 3), name='Conv2d_2b_3x3')(x))
    x = _Unit(80, name='Conv2d_3b_1x1')(x)
    x = _Unit(192, (3, 3), padding='VALID', name='Conv2d_4a_3x3')(x)
    x = _halve(x)
    for name, pooled in (('5b', 32), ('5c', 64), ('5d', 64)):
      x = InceptionA(pooled, name=f'Mixed_{name}')(x)
    x = InceptionB(name='Mixed_6a')(x)
    for name, width in (('6b', 128), ('6c', 160), ('6d', 160), ('6e', 192)):
      x = InceptionC(width, name=f'Mixed_{name}')(x)
    x = InceptionD(name='Mixed_7a')(x)
    x = InceptionE(maximum=False, name='Mixed_7b')(x)
    x = InceptionE(maximum=True, name='Mixed_7c')(x)
    return x.mean((1, 2))


def prepared(x: Array) -> Array:
  """Images as pytorch-fid gives them to the network.

  Args:
    x: `[n, H, W, C]` in [0, 1], of 1 or 3 channels. What is compared with
      numbers made of image files is to be rounded to bytes before.

  Returns:
    `[n, 299, 299, 3]` in [-1, 1]; bilinear, without antialiasing, where
    centers of pixels are at halves.
  """
  shape = (len(x), SIDE, SIDE, x.shape[-1])
  x = jax.image.resize(x, shape, 'bilinear', antialias=False)
  return 2 * jnp.broadcast_to(x, (*shape[:3], 3)) - 1


def inception_features(params: Params, x: Array) -> Array:
  """The features of which the Fréchet distance is the FID.

  Args:
    params: of `lasium_jax.models.load_inception`.
    x: as `prepared` takes them.

  Returns:
    `[n, 2048]`.
  """
  features: Any = InceptionV3().apply(params, prepared(x))
  return features
