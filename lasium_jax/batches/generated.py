"""Batches that are in part what a generator draws of each class.

See COLA, section 6: a classifier of small samples is trained on real images,
on images that a generator made, or on half of each.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from lasium_jax.ops.labels import is_hard, shares
from lasium_jax.settings import Share, Whole
from lasium_jax.types import Array, Augment, Batch, BatchFn, Generator

# Of all fixed sets of images.
_SET_SEED = 0


def generated(
  generator: Generator,
  classes: int,
  *,
  share: Share = 0.5,
  whole: bool = False,
  made: Whole = 0,
  augment_made: bool = False,
  augment: Augment | None = None,
) -> BatchFn:
  """A part of the batch is drawn by a generator, with classes drawn too.

  Each image is of a class that is as likely as any other, by the generator's
  `sample_class`. Images are new at every step, so that none is seen twice, or
  of a fixed set, of which the classification accuracy score is defined (Ravuri
  and Vinyals 2019). No image of a set is kept: each is made of its own key
  whenever it is met.

  Args:
    generator: with `sample_class`.
    classes: how many it draws of, and labels are of.
    share: of the batch that is made: its first images. 0 leaves real ones
      alone, and 1 made ones alone.
    whole: whether each batch is wholly made or wholly real, as in the code of
      GLICO (Azuri and Weinshall 2020): made with the probability `share`.
    made: images of each class that there are in all, any of which is as likely
      to be met at any step; 0 makes new ones. Parameters that are the same have
      the same set.
    augment_made: whether made images are augmented too. The paper does not say
      whether they are.
    augment: what is done to the real images.

  Returns:
    A batch function whose source is the generator's parameters. Rows of the
    images that the generator made are -1. Real images need labels, of which
    soft ones make all labels soft; without labels it raises ValueError.

  Raises:
    ValueError: if the generator cannot draw of a class.

  Example:
    >>> generator = lx.Generator(
    ...   decode=lambda params, z: params * z.reshape(-1, 1, 1, 1),
    ...   sample_class=lambda key, params, y: y[:, None] / 2.0,
    ... )
    >>> batch_fn = lx.batches.generated(generator, classes=3)
    >>> data = lx.TrainingSet(jnp.zeros((4, 1, 1, 1), jnp.uint8), jnp.arange(4))
    >>> batch = lx.batches.gather(data, jnp.arange(4), epoch=0)
    >>> made = batch_fn(jax.random.key(0), jnp.float32(1), batch)
    >>> made.rows.tolist(), (2 * made.x.ravel() == made.y)[:2].tolist()
    ([-1, -1, 2, 3], [True, True])
  """
  if whole and 0 < share < 1:
    own: dict[str, Any] = {'made': made, 'augment_made': augment_made}
    own['augment'] = augment
    return _tossed(
      share,
      generated(generator, classes, share=1.0, **own),
      generated(generator, classes, share=0.0, **own),
    )
  latents = _latents(generator, made)

  def batch_fn(key: Array, source: Any, batch: Batch) -> Batch:
    count = round(share * len(batch.x))
    _check_labels(batch, count)
    class_key, latent_key, view_key, augment_key = jax.random.split(key, 4)
    real = batch.x[count:]
    if augment and len(real):
      real = augment(view_key, real)
    if not count:
      return batch._replace(x=real)
    y = jax.random.randint(class_key, (count,), 0, classes)
    drawn = generator.decode(source, latents(latent_key, source, y))
    if augment and augment_made:
      drawn = augment(augment_key, drawn)
    return batch._replace(
      x=jnp.concatenate([drawn, real]),
      rows=batch.rows.at[:count].set(-1),
      y=_labels(y, batch.y, classes),
    )

  return batch_fn


def _tossed(share: float, made: BatchFn, real: BatchFn) -> BatchFn:
  """One of two batch functions at each step, the first with a probability."""

  def batch_fn(key: Array, source: Any, batch: Batch) -> Batch:
    coin_key, key = jax.random.split(key)
    heads = jax.random.bernoulli(coin_key, share)
    chosen: Batch = jax.lax.cond(heads, made, real, key, source, batch)
    return chosen

  return batch_fn


def _latents(
  generator: Generator, made: int
) -> Callable[[Array, Any, Array], Array]:
  """`(key, source, y [n]) -> z [n, D]`, new ones or of `made` a class."""
  sample_class = generator.sample_class
  if sample_class is None:
    raise ValueError(
      'This generator cannot draw images of a class; use one that has '
      '`sample_class`, such as COLA.'
    )
  if not made:
    return sample_class

  def of_set(key: Array, source: Any, y: Array) -> Array:
    numbers = made * y + jax.random.randint(key, y.shape, 0, made)
    own_keys = jax.vmap(jax.random.fold_in, (None, 0))(
      jax.random.key(_SET_SEED), numbers
    )
    each = jax.vmap(sample_class, (0, None, 0))
    return each(own_keys, source, y[:, None])[:, 0]

  return of_set


def _check_labels(batch: Batch, made: int) -> None:
  """Raises ValueError if real images of the batch have no labels."""
  if batch.y is None and made < len(batch.x):
    raise ValueError(
      'Some images of the batch are real ones without labels, and those that '
      'the generator makes have some: give the training set labels, or let '
      'share be 1.'
    )


def _labels(made: Array, real: Array | None, classes: int) -> Array:
  """The labels of the images that were made, before those of the real ones."""
  if real is None:
    return made
  if not is_hard(real):
    made = shares(made, classes)
  return jnp.concatenate([made.astype(real.dtype), real[len(made) :]])
