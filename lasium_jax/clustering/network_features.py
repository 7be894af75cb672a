"""What a network sees in each of many images."""

import jax
import jax.numpy as jnp
import numpy as np

from lasium_jax.ops.images import as_floats
from lasium_jax.types import Array, Augment, Network, Params

_AT_ONCE = 256  # Images that go through the network together.
_NORMALIZED_BY = 1_024


def features(
  key: Array,
  network: Network,
  params: Params,
  images: Array,
  *,
  augment: Augment | None = None,
  views: int = 1,
) -> Array:
  """Features of all images, of some views of each averaged.

  Images are normalized by the moments of as many as 1,024 of them, evenly
  spaced, so that no image's features hang on those that it is computed with.

  Args:
    key: for the views.
    network: images to features `[n, F]`.
    params: the network's.
    images: `[n, H, W, C]` uint8.
    augment: `(key, x [n, H, W, C]) -> x`, makes a view; None for the images as
      they are.
    views: of each image.

  Returns:
    `[n, F]`.

  Example:
    >>> network = lx.conv4(None, filters=4)
    >>> images = jnp.zeros((5, 8, 8, 1), jnp.uint8)
    >>> params = network.init(jax.random.key(0), jnp.zeros((1, 8, 8, 1)))
    >>> lx.clustering.features(
    ...   jax.random.key(1), network, params, images
    ... ).shape
    (5, 4)
  """
  images, n = jnp.asarray(images), len(images)
  some = min(n, _NORMALIZED_BY)
  # By NumPy: products of millions of images are beyond 32 bits.
  chosen = np.arange(some) * n // some
  _, moments = network.apply(params, as_floats(images[chosen]))
  blocks = -(-n // _AT_ONCE)
  # The last block is filled with the last image, whose copies are cut off.
  rows = jnp.minimum(jnp.arange(blocks * _AT_ONCE), n - 1)

  def of_block(block: tuple[Array, Array]) -> Array:
    key, rows = block
    x = as_floats(images[rows])

    def of_view(key: Array) -> Array:
      seen = x if augment is None else augment(key, x)
      outputs, _ = network.apply(params, seen, moments)
      return outputs

    return jax.lax.map(of_view, jax.random.split(key, views)).mean(0)

  keys = jax.random.split(key, blocks)
  outputs = jax.lax.map(of_block, (keys, rows.reshape(blocks, _AT_ONCE)))
  return outputs.reshape(-1, outputs.shape[-1])[:n]
