"""What images are compared by where they are to be made again.

The measures of COLA's appendix C.1, by their names, and squared differences.
All but the first three compare what a network makes of images, too: its layers,
as in equation 4.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from lasium_jax.generators.objectives import DISTANCES
from lasium_jax.nets.resnet import ResNet
from lasium_jax.nets.stacked_kmeans import stacked_kmeans
from lasium_jax.nets.vgg import Vgg16
from lasium_jax.ops.images import as_floats
from lasium_jax.ops.pyramid import laplacian_loss
from lasium_jax.types import Array, Params

Name = Literal[
  'laplacian',
  'l1',
  'l2',
  'vgg16',
  'random_resnet32',
  'kmeans_resnet32',
  'trained_resnet32',
]


_KMEANS_IMAGES = 256  # Of the training set, the most that are looked at.


class Measure(NamedTuple):
  """A distance of images.

  Attributes:
    init: `(key, images [n, H, W, C])` uint8, those of the training set, to the
      weights that it compares by, or none.
    distance: `(weights, images, targets)`, each `[n, H, W, C]` in [0, 1], to
      `[n]`.
  """

  init: Callable[[Array, Array | np.ndarray], Params]
  distance: Callable[[Params, Array, Array], Array]


def measure_of(
  name: Name, *, gamma: float, levels: int, weights: Params | None
) -> Measure:
  """The measure of a name.

  Args:
    name: which. `laplacian` is equation 5, and `l1` the mean absolute
      difference of pixels. By both the empty image is the best that is the same
      for all, where images are a little ink on nothing, and a generator that
      draws it learns no more: for these there is `l2`, the mean squared
      difference, by which the mean image is the best. `vgg16` is equation 4,
      by the layers of `lasium_jax.nets.vgg.Vgg16`, to which images are given
      in [-1, 1], as in GLANN's code (Hoshen, Li and Malik 2019). The others are
      the same by the first layer and the three stages of a ResNet-32, which is
      given images in [0, 1] and normalizes by its running averages: of random
      weights, of `lasium_jax.nets.stacked_kmeans` of some training images (256
      at most), or of a trained classifier. The paper does not say which layers
      it takes.
    gamma: of `laplacian`, the weight of the pyramid.
    levels: likewise, of the pyramid.
    weights: what a network's layers are made by: of `vgg16` those of
      `lasium_jax.models.load_vgg16`, of `trained_resnet32` the classifier's.
      Both need them, other networks may be given them, and other measures have
      none.

  Returns:
    The measure. Its distance raises ValueError where weights are needed and
    there are none.

  Raises:
    ValueError: if there are weights, and the measure is of pixels alone.
  """
  if weights is not None and (name == 'laplacian' or name in DISTANCES):
    raise ValueError(
      f'The loss {name!r} compares pixels, and has no use for measure_weights.'
    )
  if name == 'laplacian':
    return _without_weights(
      lambda x, y: laplacian_loss(x, y, gamma=gamma, levels=levels)
    )
  if name in DISTANCES:
    return _without_weights(functools.partial(_of_pixels, name))
  if name == 'vgg16':
    return Measure(
      lambda key, images: _used_by_vgg16(weights, images.shape[1:]),
      _by_layers(name, _vgg16),
    )
  distance = _by_layers(name, _resnet32)
  if name in _MADE and weights is None:
    return Measure(_MADE[name], distance)
  return Measure(
    lambda key, images: {} if weights is None else weights, distance
  )


def _without_weights(distance: Callable[[Array, Array], Array]) -> Measure:
  return Measure(lambda key, images: {}, lambda weights, x, y: distance(x, y))


def _of_pixels(name: str, x: Array, y: Array) -> Array:
  return DISTANCES[name](x - y).mean(tuple(range(1, x.ndim)))


def _by_layers(
  name: str, layers: Callable[[Params, Array], Sequence[Array]]
) -> Callable[[Params, Array, Array], Array]:
  """Equation 4, of which each term is a mean, and the first is of pixels."""

  def distance(weights: Params, images: Array, targets: Array) -> Array:
    if not weights:
      raise ValueError(
        f'The loss {name!r} compares images by the layers of a network, whose '
        'weights are missing: give them as measure_weights.'
      )
    # One pass through the network for both.
    found = layers(weights, jnp.concatenate([images, targets]))
    return sum(
      (_of_pixels('l1', *jnp.split(layer, 2)) for layer in found),
      start=jnp.zeros(len(images)),
    )

  return distance


def _depth_of_vgg16(height: int, width: int) -> int:
  """As in GLANN's code, small images are compared by fewer layers."""
  return 3 if min(height, width) < 64 else 4


def _used_by_vgg16(weights: Params | None, shape: tuple[int, ...]) -> Params:
  """The weights of those layers by which images are compared."""
  if weights is None:
    return {}
  x = jax.ShapeDtypeStruct((1, *shape), jnp.float32)
  net = Vgg16(_depth_of_vgg16(*shape[:2]))
  used = jax.eval_shape(net.init, jax.random.key(0), x)['params']
  return {'params': {name: weights['params'][name] for name in used}}


def _vgg16(weights: Params, x: Array) -> list[Array]:
  x = 2 * x - 1
  net = Vgg16(_depth_of_vgg16(*x.shape[1:3]))
  layers: Any = net.apply(weights, x)
  return [x, *layers]


def _resnet32(weights: Params, x: Array) -> list[Array]:
  kernels = weights['params']
  width = kernels['Conv_0']['kernel'].shape[-1]
  net = ResNet(len(kernels['Dense_0']['bias']), depth=32, width=width)
  layers: Any = net.apply(weights, x, False, method=net.layers)
  return [x, *layers[:4]]


def _random_resnet32(key: Array, images: Array | np.ndarray) -> Params:
  variables: Params = ResNet(1, depth=32).init(
    key, jnp.zeros((1, *images.shape[1:])), False
  )
  return variables


def _kmeans_resnet32(key: Array, images: Array | np.ndarray) -> Params:
  image_key, key = jax.random.split(key)
  rows = jax.random.permutation(image_key, len(images))[:_KMEANS_IMAGES]
  x = as_floats(jnp.asarray(images[rows]))
  return stacked_kmeans(key, ResNet(1, depth=32), x)


# Networks whose weights are made, and not given.
_MADE = {
  'random_resnet32': _random_resnet32,
  'kmeans_resnet32': _kmeans_resnet32,
}
