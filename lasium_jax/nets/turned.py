"""What a network sees of an image and of its quarter turns."""

from typing import Any

import jax.numpy as jnp

from lasium_jax.ops.turns import every_turn
from lasium_jax.types import Array, Network, Params


def turned(network: Network) -> Network:
  """The features of an image and of its three quarter turns, side by side.

  A network that has learned that a turned image is of another class sees an
  image four times in different ways, so that two images of one class are near
  by chance more rarely. Its parameters are the network's own. Images of each
  turn are normalized by themselves.

  Args:
    network: images to features `[n, F]`.

  Returns:
    A network of features `[n, 4F]`, in the order of the turns,
    counterclockwise; its moments are four times the network's.

  Raises:
    ValueError: when it is applied to images that are not square.

  Example:
    >>> network = lx.nets.turned(lx.conv4(None, filters=4))
    >>> x = jnp.zeros((2, 16, 16, 1))
    >>> features, _ = network.apply(network.init(jax.random.key(0), x), x)
    >>> features.shape
    (2, 16)
  """

  def apply(
    params: Params, x: Array, statistics: Any = None, mask: Array | None = None
  ) -> tuple[Array, Any]:
    turns = every_turn(x)
    moments = [None] * len(turns) if statistics is None else statistics
    seen = [
      network.apply(params, images, own, mask)
      for images, own in zip(turns, moments, strict=True)
    ]
    features, used = zip(*seen, strict=True)
    return jnp.concatenate(features, axis=-1), used

  return Network(network.init, apply)
