"""Steps of what reconstructs: autoencoders, and GLO with its table."""

import jax.numpy as jnp
import numpy as np

from benchmarks import flops, programs
from benchmarks.cases import Case, training_step
from benchmarks.flops import Layers, Shape
from lasium_jax import generators, settings
from lasium_jax.generators.interpolative import triplets as draw_triplets
from lasium_jax.models.build import GENERATORS
from lasium_jax.types import Array, Batch, Metrics, TrainingSet


def autoencoder_step(*, small: bool, reference: bool) -> Case:
  """A training step of the autoencoder on characters."""
  shape, size = ((8, 8, 1), 4) if small else ((28, 28, 1), 128)
  latent_size, width = (3, 4) if small else (64, 64)
  _, trainer = generators.autoencoder(
    shape, latent_size=latent_size, width=width
  )
  data = TrainingSet(jnp.asarray(programs.pictures(shape[0]).images))
  net = flops.Vae(
    encoder(shape, latent_size=latent_size, width=width),
    generator(shape, latent_size=latent_size, width=width),
  )
  check = None
  if reference:
    from benchmarks import torch_autoencoders

    check = torch_autoencoders.compare_autoencoder
  return training_step(trainer, data, size, flops.vae_step(net, size), check)


def interpolative_step(*, small: bool) -> Case:
  """A training step of the interpolative autoencoder, its warps included."""
  shape, size = ((8, 8, 1), 4) if small else ((28, 28, 1), 128)
  latent_size, width = (3, 4) if small else (64, 64)
  _, trainer = generators.interpolative(
    shape, latent_size=latent_size, width=width
  )
  data = TrainingSet(jnp.asarray(programs.pictures(shape[0]).images))
  net = flops.Vae(
    encoder(shape, latent_size=latent_size, width=width),
    generator(shape, latent_size=latent_size, width=width),
  )
  return training_step(
    trainer, data, size, interpolative_count(net, size), None
  )


def triplets(*, small: bool) -> Case:
  """The warps of such a step alone: three of each image."""
  side, size = (8, 4) if small else (28, 128)
  data = TrainingSet(jnp.asarray(programs.pictures(side).images))
  ranges = {
    name: settings.defaults(GENERATORS['interpolative'])[name]
    for name in ('rotation', 'translation', 'scale')
  }

  def update(key: Array, state: Array, batch: Batch) -> tuple[Array, Metrics]:
    # What comes back is made, and not only what a sum of it needs.
    drawn = draw_triplets(key, batch.x, **ranges)
    return state + 1, drawn._asdict()

  run, peak = programs.training_step(update, None, jnp.int32(0), data, size)
  return Case(run, 1, None, size, 'images', peak)


def interpolative_count(net: flops.Vae, n: int) -> int:
  """One update: A and B are encoded, and A, B and C decoded.

  Reading pixels for the warps is not counted.
  """
  return flops.train(net.encoder, 2 * n) + flops.train(
    net.decoder, 3 * n, of_data=False
  )


def glo_step(*, small: bool, reference: bool) -> Case:
  """A training step of COLA's generator and of a batch of its codes."""
  shape, size = ((12, 12, 3), 4) if small else ((32, 32, 3), 128)
  latent_size, width = (3, 4) if small else (74, 64)
  _, trainer = generators.glo(shape, latent_size=latent_size, width=width)
  rng = np.random.default_rng(0)
  count = 16 if small else 50_000
  images = rng.integers(0, 256, (count, *shape), np.uint8)
  layers = generator(shape, latent_size=latent_size, width=width)
  check = None
  if reference:
    from benchmarks import torch_autoencoders

    check = torch_autoencoders.compare_glo
  data = TrainingSet(jnp.asarray(images))
  return training_step(trainer, data, size, glo_count(layers, size), check)


def encoder(shape: Shape, *, latent_size: int, width: int) -> Layers:
  """The layers of `lasium_jax.nets.infogan.Encoder`."""
  rows, columns, channels = shape
  half, quarter = (rows // 2, columns // 2), (rows // 4, columns // 4)
  return (
    flops.conv(half, 4, channels, width),
    flops.conv(quarter, 4, width, 2 * width),
    flops.dense(quarter[0] * quarter[1] * 2 * width, 16 * width),
    flops.dense(16 * width, latent_size),
  )


def generator(shape: Shape, *, latent_size: int, width: int) -> Layers:
  """The layers of `lasium_jax.nets.infogan.Generator`."""
  rows, columns, channels = shape
  half, quarter = (rows // 2, columns // 2), (rows // 4, columns // 4)
  return (
    flops.dense(latent_size, 16 * width),
    flops.dense(16 * width, quarter[0] * quarter[1] * 2 * width),
    flops.conv(quarter, 4, 2 * width, width),
    flops.conv(half, 4, width, channels),
  )


def glo_count(layers: Layers, n: int) -> int:
  """One update; the codes are trained, and no data.

  The filters of the loss's pyramid are no layers, and are not counted.
  """
  return flops.train(layers, n, of_data=False)
