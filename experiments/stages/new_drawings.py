"""Real and new images of characters, as they are judged.

New ones are made of one seed of each character, or a few, by a generator and by
what needs none.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.run.config import BadConfig
from experiments.run.precision import jit
from experiments.stages.few_shot_generation import images_like
from lasium_jax import metrics
from lasium_jax.data.dataset import Dataset, class_counts
from lasium_jax.latents import few_shot, mixtures
from lasium_jax.latents.few_shot import VIEWS
from lasium_jax.ops.affine import random_warps
from lasium_jax.ops.images import as_floats, cut
from lasium_jax.ops.sampling import distinct
from lasium_jax.settings import Count, Share
from lasium_jax.types import Array, FewShotSampler, Generator, Params


class Maker(NamedTuple):
  """What makes images of seeds.

  Attributes:
    name: of its results.
    model: with `sample_like`.
    params: its parameters.
    told: what its results depend on besides.
    note: what it is, in a few words, if it has learned nothing.
  """

  name: str
  model: Generator
  params: Params
  told: Mapping[str, Any]
  note: str = ''


class Sampling(NamedTuple):
  """How a generator draws more of a class.

  Attributes:
    name: what results call it.
    sampler: mixes its codes; None for its own way.
  """

  name: str
  sampler: FewShotSampler | None


class Drawings(NamedTuple):
  """Real images of some characters, `[m, ..., H, W, C]` uint8, apart.

  Attributes:
    seeds: new images are made of.
    supports: one of which a character is told by.
    others: that are told by them, as new ones are.
  """

  seeds: np.ndarray
  supports: np.ndarray
  others: np.ndarray


def as_seen(
  images: Array, *, size: Count = 50, threshold: Share = 0.5
) -> Array:
  """Images in black and white, as those who judge them see them.

  Args:
    images: `[n, H, W, C]`, bytes or in [0, 1].
    size: side of the result, in pixels, to which the images are resized.
    threshold: where they are then cut, as `lasium_jax.ops.images.cut` does; 0
      leaves them gray.

  Returns:
    `[n, size, size, C]` uint8.
  """
  x = as_floats(images)
  x = jax.image.resize(x, (len(x), size, size, x.shape[-1]), 'bilinear')
  return cut(x, threshold)


def check_images(dataset: Dataset, *, seeds: int, ways: int, **_: Any) -> None:
  """Sees that there are images enough; settings are those of `measure`.

  Raises:
    BadConfig: if there are too few characters, or images of one.
  """
  classes = len(dataset.class_names)
  if classes < ways:
    raise BadConfig(
      f'config.one_shot.ways is {ways}, and config.evaluation_data has '
      f'{classes} classes: lower it.'
    )
  counts = np.bincount(dataset.labels, minlength=classes)
  if counts.min() < seeds + 2:
    raise BadConfig(
      f'config.one_shot.seeds is {seeds}, and a class of '
      f'config.evaluation_data has {counts.min()} images; two more than seeds '
      'are needed, to tell it by and to compare with. Lower it, or name other '
      'data.'
    )


def check_same(judged: Dataset, seeds: Dataset) -> None:
  """Sees that images of two sizes are of the same drawings, in one order.

  Raises:
    BadConfig: if their labels, or the names of their classes, differ.
  """
  same = np.array_equal(judged.labels, seeds.labels)
  if not same or judged.class_names != seeds.class_names:
    raise BadConfig(
      'config.evaluation_data has other classes, or images of them, at the '
      'size of config.critics.size than at its own: seeds could not be told '
      'from the images they are judged by. Prepare the data anew.'
    )


def draw(key: Array, dataset: Dataset, seeds: int) -> Drawings:
  """Seeds of each class at random; half of its others are to tell it by.

  Args:
    key: a PRNG key.
    dataset: as `check_images` wants it.
    seeds: of each class.

  Returns:
    As many images of each class as the smallest has; of two data sets of equal
    labels the same ones.
  """
  counts = class_counts(dataset)
  starts, least = np.cumsum(counts) - counts, int(counts.min())
  keys = jax.random.split(key, len(counts))
  picks = jax.vmap(distinct, in_axes=(0, 0, None))(
    keys, jnp.asarray(counts), least
  )
  images = dataset.images[starts[:, None] + np.asarray(picks)]
  half = seeds + (least - seeds) // 2
  return Drawings(images[:, :seeds], images[:, seeds:half], images[:, half:])


def makers(
  subject: Maker,
  sampling: Sampling,
  shape: tuple[int, int, int],
  *,
  seeds: int,
  views: int,
) -> list[Maker]:
  """A generator, and what makes images without any.

  Args:
    subject: the generator, with its encoder or a way of its own.
    sampling: how it draws.
    shape: `(H, W, C)` of its images.
    seeds: how many there are.
    views: of each, as in `lasium_jax.latents.few_shot`.

  Returns:
    The generator as it draws; copies and views of the seeds; and, where there
    are several to mix, mixtures of their pixels.
  """
  model, sampler = subject.model, sampling.sampler
  told = {'sampler': sampling.name, 'views': views}
  if sampler is not None:
    model = few_shot(model, sampler, views=views)
  everyone = [
    subject._replace(model=model, told={**told, **subject.told}),
    Maker('copies', _COPIES, (), {}, 'copies of the seeds'),
    Maker('views', _MAPPED, (), {}, 'seeds under random affine maps'),
  ]
  if seeds * (1 + views) > 1:
    mixed = few_shot(pixels_as_codes(shape), sampler or mixtures(), views=views)
    told |= {} if sampler else {'sampler': 'mixtures'}
    everyone.append(Maker('pixels', mixed, (), told, 'mixtures of pixels'))
  return everyone


def make(key: Array, maker: Maker, seeds: np.ndarray, n: int) -> np.ndarray:
  """New images of each of some classes, one class at a time.

  Args:
    key: a PRNG key.
    maker: makes them.
    seeds: `[m, k, H, W, C]` uint8, of each class.
    n: how many of each.

  Returns:
    `[m, n, H, W, C]` in [0, 1].
  """

  def of_class(key: Array, params: Params, x: Array) -> Array:
    return images_like(maker.model, key, params, as_floats(x)[None], n=n)[0]

  compiled, keys = jit(of_class), jax.random.split(key, len(seeds))
  return np.stack(
    [
      np.asarray(compiled(own, maker.params, x))
      for own, x in zip(keys, seeds, strict=True)
    ]
  )


def pixels_as_codes(shape: tuple[int, int, int]) -> Generator:
  """A generator whose codes are the pixels, as vectors that can be mixed.

  What goes beyond black and white is cut off, as where it is shown.
  """
  return Generator(
    decode=lambda params, z: jnp.clip(z, 0, 1).reshape(-1, *shape),
    encode=lambda params, x: x.reshape(len(x), -1),
  )


def _repeated(x: Array, n: int) -> Array:
  return x[jnp.arange(n) % len(x)]


def _copied(key: Array, params: Params, x: Array, n: int) -> Array:
  del key, params
  return _repeated(x, n)


def _mapped(key: Array, params: Params, x: Array, n: int) -> Array:
  del params
  return random_warps(key, _repeated(x, n), **VIEWS)


# Their codes are images.
_COPIES = metrics.PIXELS._replace(sample_like=_copied)
_MAPPED = metrics.PIXELS._replace(sample_like=_mapped)
