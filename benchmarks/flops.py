"""Floating-point operations, counted by hand from the networks' shapes.

XLA's own count sees the body of a loop once. Here:

- A multiplication and an addition are two operations. Convolutions and matrix
  products are counted, and nothing else; a tap that falls on padding counts,
  and the zeros between the pixels of a transposed convolution do not.
- A layer is linear in its input and in its weights. Its value is one product
  (`forward`); its gradient two more of the same size, by the weights and by
  the input. The first layer's input is data and needs no gradient.
- One inner step of MAML computes, for every layer, the value
  `y = conv(x, w)`, the gradient of the weights `by_kernel(x, dy)` and that of
  the input `by_input(dy, w)`: three products. The outer gradient goes back
  through each of the three, which are linear in two arguments each, so that
  every one costs two more: nine products. For the first layer `by_input` is
  not there, and of the two products behind each of the others the one that is
  the gradient of its data falls away: 2 + 2 = 4.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

Shape = tuple[int, int, int]
Layers = tuple[int, ...]  # Operations of each layer for one image, in order.


class Vae(NamedTuple):
  """Both networks of a VAE."""

  encoder: Layers
  decoder: Layers


class Gan(NamedTuple):
  """Both networks of a GAN."""

  generator: Layers
  discriminator: Layers


def conv(size: tuple[int, int], window: int, inputs: int, outputs: int) -> int:
  """A convolution with `size` output pixels, or a transposed one's input's."""
  return 2 * math.prod(size) * window**2 * inputs * outputs


def dense(inputs: int, outputs: int) -> int:
  return 2 * inputs * outputs


def conv4(
  shape: Shape,
  outputs: int,
  *,
  filters: int,
  last_filters: int = 0,
  downsample: str,
  head: str,
) -> Layers:
  """The layers of `lasium_jax.nets.conv4` with SAME padding."""
  height, width, channels = shape
  layers = []
  for own in (filters, filters, filters, last_filters or filters):
    if downsample == 'stride':
      height, width = -(-height // 2), -(-width // 2)
    layers.append(conv((height, width), 3, channels, own))
    if downsample == 'max_pool':
      height, width = height // 2, width // 2
    channels = own
  features = channels * (1 if head == 'mean' else height * width)
  return (*layers, dense(features, outputs))


def vae(shape: Shape, *, latent_size: int, filters: Sequence[int]) -> Vae:
  """The layers of `lasium_jax.nets.vae`."""
  height, width, channels = shape
  sizes = [(height // 2, width // 2), (height // 4, width // 4)]
  last = height // 4 * (width // 4)
  encoder, inputs = [], channels
  for i, outputs in enumerate(filters):
    encoder.append(conv(sizes[min(i, 1)], 3, inputs, outputs))
    inputs = outputs
  encoder.append(dense(last * inputs, 2 * latent_size))
  decoder = [dense(latent_size, last * filters[-1])]
  inputs, before = filters[-1], [*reversed(sizes), (height, width)]
  for i, outputs in enumerate(reversed(filters)):
    decoder.append(conv(before[min(i, 2)], 3, inputs, outputs))
    inputs = outputs
  decoder.append(conv((height, width), 3, inputs, channels))
  return Vae(tuple(encoder), tuple(decoder))


def msgan(shape: Shape, *, latent_size: int, filters: int) -> Gan:
  """The layers of `lasium_jax.nets.msgan`."""
  height, width, channels = shape
  quarter, half = (height // 4, width // 4), (height // 2, width // 2)
  generator = (
    dense(latent_size, math.prod(quarter) * filters),
    conv(quarter, 4, filters, filters),
    conv(half, 4, filters, filters),
    conv((height, width), 7, filters, channels),
  )
  discriminator, inputs = [], channels
  for outputs in (filters // 2, filters, filters):
    height, width = -(-height // 2), -(-width // 2)
    discriminator.append(conv((height, width), 3, inputs, outputs))
    inputs = outputs
  return Gan(generator, (*discriminator, dense(inputs, 1)))


def forward(layers: Layers, n: int) -> int:
  """The value, for n images."""
  return n * sum(layers)


def train(layers: Layers, n: int, *, of_data: bool = True) -> int:
  """Value and gradient; without the input's gradient where that is data."""
  return n * (3 * sum(layers) - (layers[0] if of_data else 0))


def maml_step(
  layers: Layers, *, tasks: int, support: int, query: int, steps: int
) -> int:
  """One second-order meta-iteration on given tasks."""
  inner = support * (9 * sum(layers) - 5 * layers[0])
  return tasks * (steps * inner + train(layers, query))


def evaluation(layers: Layers, *, support: int, query: int, steps: int) -> int:
  """Adapting to one task and predicting its queries."""
  return steps * train(layers, support) + forward(layers, query)


def vae_step(net: Vae, n: int) -> int:
  """One update; the latents are the encoder's, and no data."""
  return train(net.encoder, n) + train(net.decoder, n, of_data=False)


def msgan_step(net: Gan, n: int) -> int:
  """One update of both networks, from 2 n images generated once.

  The discriminator learns from n real and n generated images. Then it judges
  all 2 n, and hands back the gradient of the images, not of its weights.
  """
  judged = 2 * forward(net.discriminator, 2 * n)
  return train(net.generator, 2 * n) + train(net.discriminator, 2 * n) + judged


def vae_tasks(net: Vae, *, tasks: int, ways: int, images: int) -> int:
  """Encodes the anchors, accepted at once, and decodes the other images."""
  return tasks * (
    forward(net.encoder, ways) + forward(net.decoder, ways * (images - 1))
  )


def msgan_tasks(net: Gan, *, tasks: int, ways: int, images: int) -> int:
  return forward(net.generator, tasks * ways * images)
