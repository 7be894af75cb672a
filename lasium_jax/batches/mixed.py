"""Batches that are in part mixtures of their images: of pixels, or of codes.

See Interpolative Autoencoders, section 5.1 ("Data hallucination") and table 3.
"""

from collections.abc import Callable
from typing import Any, Literal

import jax
import jax.numpy as jnp

from lasium_jax.ops.labels import is_hard, likeliest, shares
from lasium_jax.ops.mixtures import mix
from lasium_jax.settings import Share
from lasium_jax.types import Array, Augment, Batch, BatchFn, Generator

Pairs = Literal['same', 'any']
# `(source, weights [n], first, second) -> x [n, H, W, C]`, of images of two.
Blend = Callable[[Any, Array, Array, Array], Array]


def mixed_pixels(
  classes: int,
  *,
  share: Share = 0.5,
  alpha: Share = 0.5,
  pairs: Pairs = 'any',
  augment: Augment | None = None,
) -> BatchFn:
  """Mixup, of a part of the batch and with a fixed weight.

  Each image x of that part becomes `alpha x + (1 - alpha) x'`, where x' is
  another image of the batch. See Zhang et al. 2018, who mix any two images and
  their labels, and whose alpha is random.

  Args:
    classes: of the labels.
    share: of the batch that is mixed: its first images.
    alpha: the weight of x; 0.5 in the paper's table 3.
    pairs: which images meet. 'any' two have soft labels, mixed as the images
      are, and so all labels of the batch become soft. Two of the 'same' class
      keep their label; an image that is alone of its class in the batch meets
      itself. Soft labels are mixed either way.
    augment: what is done to all images of the batch before some are mixed.

  Returns:
    A batch function that reads no source. Rows of mixed images are -1.

  Example:
    >>> batch_fn = lx.batches.mixed_pixels(classes=3, share=1.0)
    >>> data = lx.TrainingSet(jnp.zeros((2, 8, 8, 1), jnp.uint8), jnp.arange(2))
    >>> batch = lx.batches.gather(data, jnp.arange(2), epoch=0)
    >>> batch_fn(jax.random.key(0), (), batch).y.tolist()
    [[0.5, 0.5, 0.0], [0.5, 0.5, 0.0]]
  """

  def blend(source: Any, weights: Array, first: Array, second: Array) -> Array:
    del source
    return mix(weights, first, second)

  return _mixed(
    blend, classes, share=share, alpha=alpha, pairs=pairs, augment=augment
  )


def mixed_codes(
  generator: Generator,
  classes: int,
  *,
  share: Share = 0.5,
  alpha: Share = 0.5,
  pairs: Pairs = 'same',
  augment: Augment | None = None,
) -> BatchFn:
  """What a generator makes of mixed codes, for a part of the batch.

  Each image x of that part becomes `G(alpha E(x) + (1 - alpha) E(x'))`, where
  x' is another image of the batch. The paper says that half of each batch is
  such, with an alpha of 0.5, and not which images meet. As its interpolations
  are between two images of a class, and are meant to be of that class too,
  these meet here unless `pairs` says otherwise.

  Args:
    generator: with an encoder E and a decoder G.
    classes: of the labels.
    share: as in `mixed_pixels`, and so are the others.
    alpha: likewise.
    pairs: likewise.
    augment: likewise.

  Returns:
    A batch function whose source is the generator's parameters. Rows of the
    images that the generator made are -1.

  Raises:
    ValueError: if the generator has no encoder.

  Example:
    >>> generator = lx.Generator(
    ...   decode=lambda params, z: z.reshape(-1, 1, 1, 1) ** 2,
    ...   encode=lambda params, x: jnp.sqrt(x.reshape(-1, 1)),
    ... )
    >>> batch_fn = lx.batches.mixed_codes(generator, classes=3, share=1.0)
    >>> images = jnp.array([0, 255], jnp.uint8).reshape(2, 1, 1, 1)
    >>> data = lx.TrainingSet(images, jnp.array([2, 2]))
    >>> batch = lx.batches.gather(data, jnp.arange(2), epoch=0)
    >>> batch = batch_fn(jax.random.key(0), (), batch)
    >>> batch.x.ravel().tolist(), batch.y.tolist()
    ([0.25, 0.25], [2, 2])
  """
  encode = generator.encode
  if encode is None:
    raise ValueError(
      'This generator has no encoder, and codes of images cannot be mixed; use '
      'one that has, such as an autoencoder.'
    )

  def blend(source: Any, weights: Array, first: Array, second: Array) -> Array:
    codes = encode(source, jnp.concatenate([first, second]))
    return generator.decode(source, mix(weights, *jnp.split(codes, 2)))

  return _mixed(
    blend, classes, share=share, alpha=alpha, pairs=pairs, augment=augment
  )


def _mixed(
  blend: Blend,
  classes: int,
  *,
  share: float,
  alpha: float,
  pairs: Pairs,
  augment: Augment | None,
) -> BatchFn:
  """The batch with a share of its images blended with others of it."""

  def batch_fn(key: Array, source: Any, batch: Batch) -> Batch:
    if augment:
      key, view_key = jax.random.split(key)
      batch = batch._replace(x=augment(view_key, batch.x))
    made = round(share * len(batch.x))
    if not made:
      return batch
    partners = _partners(key, _groups(batch, pairs))[:made]
    weights = jnp.full(made, alpha)
    x = blend(source, weights, batch.x[:made], batch.x[partners])
    y = batch.y
    if y is not None and not (pairs == 'same' and is_hard(y)):
      y = shares(y, classes)
      y = y.at[:made].set(mix(weights, y[:made], y[partners]))
    return batch._replace(
      x=batch.x.at[:made].set(x), rows=batch.rows.at[:made].set(-1), y=y
    )

  return batch_fn


def _groups(batch: Batch, pairs: Pairs) -> Array:
  """`[b]` whole numbers; images meet where these are equal."""
  if pairs == 'any':
    return jnp.zeros(len(batch.x), jnp.int32)
  if batch.y is None:
    raise ValueError(
      "pairs is 'same', and the batch has no labels that tell of classes: give "
      "it labels, or let 'any' images meet."
    )
  return likeliest(batch.y)


def _partners(key: Array, groups: Array) -> Array:
  """For each image another of its group, itself if it is alone there: `[b]`.

  The images of a group stand in a random circle, and each meets the next. So
  each is met once, and none meets itself where there is another.
  """
  n = len(groups)
  order = jnp.lexsort((jax.random.permutation(key, n), groups))
  ordered = groups[order]
  following = jnp.roll(jnp.arange(n), -1)
  first = jnp.searchsorted(ordered, ordered)  # Of each one's group.
  places = jnp.where(ordered[following] == ordered, following, first)
  return jnp.zeros(n, jnp.int32).at[order].set(order[places])
