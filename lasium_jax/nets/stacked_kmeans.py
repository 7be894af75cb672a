"""Weights of convolutions from images, layer by layer, without labels."""

import functools
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.traverse_util import flatten_dict, unflatten_dict

from lasium_jax.nets.averages import debiased
from lasium_jax.nets.norm import STATISTICS
from lasium_jax.ops.conv import conv, geometry_of, taps_of
from lasium_jax.types import Array, Params

_PATCHES = 4_000  # Of each layer, the most that are looked at.
_ROUNDS = 10
# What is added to the patches' variances before they are whitened.
_RIDGE = 1e-2
_LEAST = 1e-6  # A shorter patch counts as one of this length.


def stacked_kmeans(key: Array, network: nn.Module, x: Array) -> Params:
  """Weights whose convolutions look for what is frequent in their inputs.

  See Krähenbühl et al. 2016, and COLA's appendix C.1, which compares images by
  a ResNet-32 of such weights. The kernels of a convolution are the centers of
  a spherical k-means of patches of what the layers before it make of the
  images; patches are whitened before, and the whitening is a part of the
  kernels. Normalizations get the moments of these images.

  Args:
    key: a PRNG key.
    network: a Linen module `(x, train)` of convolutions without bias, each
      with a batch normalization behind it, such as
      `lasium_jax.nets.ResNet(1, depth=32)`.
    x: `[n, H, W, C]`, some hundreds of images; all pass at once.

  Returns:
    The variables, as of `network.init`.

  Raises:
    ValueError: if a layer has more kernels than there are patches.

  Example:
    >>> x = jax.random.uniform(jax.random.key(0), (2, 8, 8, 1))
    >>> network = lx.nets.ResNet(1, depth=8, width=2)
    >>> variables = lx.nets.stacked_kmeans(jax.random.key(1), network, x)
    >>> variables['params']['Conv_0']['kernel'].shape
    (3, 3, 1, 2)
  """
  init_key, key = jax.random.split(key)
  variables = jax.jit(network.init, static_argnums=2)(init_key, x[:1], False)
  kernels: dict[tuple[str, ...], Array] = {}

  def by_centers(
    call: Callable[..., Any], args: Any, kwargs: Any, context: Any
  ) -> Any:
    module = context.module
    if not isinstance(module, nn.Conv) or context.method_name != '__call__':
      return call(*args, **kwargs)
    own = jax.random.fold_in(key, len(kernels))
    shape = module.get_variable('params', 'kernel').shape
    strides, padding = _strides(module), module.padding
    kernel = _centers(own, args[0], shape, strides, padding)
    kernels[*module.path, 'kernel'] = kernel
    return conv(args[0], kernel, strides, padding)

  with nn.intercept_methods(by_centers):
    _, after = network.apply(variables, x, True, mutable=[STATISTICS])
  params = flatten_dict(variables['params']) | kernels
  averages = debiased(after[STATISTICS], jnp.int32(1))
  return {'params': unflatten_dict(params), STATISTICS: averages}


def _strides(module: nn.Conv) -> tuple[int, int]:
  strides = module.strides or 1
  return (strides, strides) if isinstance(strides, int) else tuple(strides)


def _centers(
  key: Array,
  x: Array,
  shape: tuple[int, ...],
  strides: tuple[int, int],
  padding: Any,
) -> Array:
  """Kernels `[h, w, I, O]` of a layer, for its inputs `x [n, H, W, I]`."""
  geometry = geometry_of(x, jnp.zeros(shape), strides, padding)
  taps = jnp.concatenate(taps_of(geometry, x), axis=-1)
  patches = taps.reshape(-1, taps.shape[-1])
  if len(patches) < shape[-1]:
    raise ValueError(
      f'A layer has {shape[-1]} kernels, and its {len(x)} inputs have '
      f'{len(patches)} patches: give more images.'
    )
  patch_key, center_key = jax.random.split(key)
  rows = jax.random.permutation(patch_key, len(patches))[:_PATCHES]
  return _whitened_centers(center_key, patches[rows], shape[-1]).reshape(shape)


@functools.partial(jax.jit, static_argnums=2)
def _whitened_centers(key: Array, patches: Array, count: int) -> Array:
  """`[d, count]`, what patches `[m, d]` are multiplied by."""
  patches = patches - patches.mean(0, keepdims=True)
  values, vectors = jnp.linalg.eigh(patches.T @ patches / len(patches))
  scale = jax.lax.rsqrt(jnp.maximum(values, 0.0) + _RIDGE)
  whiten = (vectors * scale[None]) @ vectors.T
  units = patches @ whiten
  lengths = jnp.linalg.norm(units, axis=1, keepdims=True)
  units = units / jnp.maximum(lengths, _LEAST)

  def nearer(_: int, centers: Array) -> Array:
    nearest = (units @ centers.T).argmax(1)
    sums = jax.nn.one_hot(nearest, count).T @ units
    sizes = jnp.linalg.norm(sums, axis=1, keepdims=True)
    # A center that is nobody's nearest stays where it is.
    moved = sums / jnp.maximum(sizes, _LEAST)
    return jnp.where(sizes > _LEAST, moved, centers)

  first = units[jax.random.permutation(key, len(units))[:count]]
  centers = jax.lax.fori_loop(0, _ROUNDS, nearer, first)
  return whiten @ centers.T
