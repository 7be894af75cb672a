"""The plain autoencoder beside interpolative ones."""

import functools
import math

from lasium_jax.generators.objectives import (
  Comparison,
  Norm,
  Pass,
  trained_by,
)
from lasium_jax.nets.autoencoder import Name
from lasium_jax.ops.affine import random_warps
from lasium_jax.settings import (
  Angle,
  Count,
  Enlargement,
  NonNegative,
  Share,
  Whole,
)
from lasium_jax.types import Array, Generator, Trainer


def autoencoder(
  shape: tuple[int, int, int],
  *,
  latent_size: Count = 64,
  network: Name = 'infogan',
  width: Count = 64,
  norm: Norm = 'l1',
  perceptual: NonNegative = 0.0,
  learning_rate: NonNegative = 1e-3,
  decay_steps: Whole = 0,
  mapped: bool = False,
  rotation: Angle = 20.0,
  translation: Share = 0.1,
  scale: Enlargement = 1.25,
  shear: Share = 0.0,
  stretch: Enlargement = 1.0,
) -> tuple[Generator, Trainer]:
  """An autoencoder, trained to reconstruct.

  See Interpolative Autoencoders, the model AE of table 2. The paper names
  neither the norm nor the optimizer, nor whether the images that the plain
  autoencoder trains on are those of its data or under affine maps, as are those
  of the interpolative one. With `mapped` the two differ in interpolation alone.

  Args:
    shape: `(H, W, C)` of the images.
    latent_size: D.
    network: 'infogan' (`lasium_jax.nets.infogan`), for all images, of four
      layers for sides divisible by 4 and five for others; or 'convolutional'
      (`lasium_jax.nets.convolutional`), for squares of 16, 32, 64 and so on,
      with five layers for 32x32 and six for 128x128.
    width: channels of both networks' layers of the largest images.
    norm: what is averaged over pixels: absolute differences ('l1') or squared
      ones ('l2').
    perceptual: weight of `autoperceptual_loss`. Where the paper has it, for
      colored images, it has it with equal weights, 1.
    learning_rate: Adam's.
    decay_steps: over so many steps the rate falls to 0 along a cosine; 0 leaves
      it.
    mapped: whether each image of a step is under an affine map of its own.
    rotation: the largest angle of a map either way, in degrees.
    translation: its largest shift either way, in fractions of a side.
    scale: its largest enlargement; the smallest is the inverse.
    shear: as in `interpolative`, and so is the next.
    stretch: likewise.

  Returns:
    The generator, which has no prior, and its trainer.

  Raises:
    ValueError: if the network has no layers for such a shape.

  Example:
    >>> generator, trainer = lx.generators.autoencoder((8, 8, 1), width=4)
    >>> data = lx.TrainingSet(jnp.zeros((2, 8, 8, 1), jnp.uint8))
    >>> params = trainer.params(trainer.init(jax.random.key(0), data))
    >>> z = jax.jit(generator.encode)(params, jnp.zeros((5, 8, 8, 1)))
    >>> z.shape, jax.jit(generator.decode)(params, z).shape
    ((5, 64), (5, 8, 8, 1))
  """
  mapped_anew = functools.partial(
    random_warps,
    rotation=math.radians(rotation),
    translation=translation,
    scale=scale,
    shear=shear,
    stretch=stretch,
  )

  def reconstruct(
    key: Array, encode: Pass, decode: Pass, x: Array
  ) -> dict[str, Comparison]:
    if mapped:
      x = mapped_anew(key, x)
    return {'reconstruction': Comparison(decode(encode(x)), x)}

  return trained_by(
    reconstruct,
    shape,
    latent_size=latent_size,
    network=network,
    width=width,
    norm=norm,
    perceptual=perceptual,
    learning_rate=learning_rate,
    decay_steps=decay_steps,
  )
