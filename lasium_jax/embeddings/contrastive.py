"""Features that are learned without labels, by contrast (SimCLR).

See Chen, Kornblith, Norouzi and Hinton 2020, *A Simple Framework for
Contrastive Learning of Visual Representations*.
"""

import functools
import math
from typing import Annotated, Any

import jax
import jax.numpy as jnp
import optax

from lasium_jax.descent import descent
from lasium_jax.ops.affine import random_warps
from lasium_jax.ops.sphere import on_sphere
from lasium_jax.settings import Angle, Enlargement, Range, Share
from lasium_jax.types import Array, Batch, MapFn, Metrics, Params, Trainer

Temperature = Annotated[float, Range(0.01)]


def nt_xent(first: Array, second: Array, temperature: float) -> Array:
  """The normalized, temperature-scaled cross-entropy (equation 1).

  Each of the 2n projections is to be told, by its cosines with all others,
  which of these is of the same image.

  Args:
    first: `[n, P]`, projections of one view of each image.
    second: `[n, P]`, of another view, in the same order.
    temperature: that the cosines are divided by.

  Returns:
    `[2n]`, nats: first those of `first`.
  """
  n = len(first)
  z = on_sphere(jnp.concatenate([first, second]))
  logits = z @ z.T / temperature
  logits = jnp.where(jnp.eye(2 * n, dtype=bool), -jnp.inf, logits)
  partners = jnp.roll(jnp.arange(2 * n), n)
  return optax.softmax_cross_entropy_with_integer_labels(logits, partners)


def contrastive(
  network: Any,
  shape: tuple[int, int, int],
  optimizer: optax.GradientTransformation,
  *,
  temperature: Temperature = 0.5,
  rotation: Angle = 15.0,
  translation: Share = 0.1,
  scale: Enlargement = 4 / 3,
) -> tuple[MapFn, Trainer]:
  """An embedding, and its training to know an image under affine maps.

  Args:
    network: a Linen module `(x, train) -> (projections, features)`, such as
      `lasium_jax.nets.ContrastiveNet`; its normalization keeps running averages
      of momentum `lasium_jax.nets.averages.MOMENTUM`, or it has none.
    shape: `(H, W, C)` of the images.
    optimizer: may be told the weights, for their decay.
    temperature: that cosines are divided by.
    rotation: the largest angle of a view either way, in degrees.
    translation: its largest shift either way, in fractions of a side.
    scale: its largest enlargement; the smallest is the inverse.

  Returns:
    The embedding, `(params, x) -> features [n, F]`, which normalizes by the
    running averages; and its trainer, which reads no labels. A batch
    of one image raises ValueError: there is nothing to contrast it with.

  Example:
    >>> network = lx.nets.ContrastiveNet(features=8, width=2)
    >>> embed, trainer = lx.embeddings.contrastive(
    ...   network, (8, 8, 1), optax.adam(1e-3)
    ... )
    >>> data = lx.TrainingSet(jnp.zeros((4, 8, 8, 1), jnp.uint8))
    >>> state = trainer.init(jax.random.key(0), data)
    >>> batch = lx.batches.gather(data, jnp.arange(4), epoch=0)
    >>> update = jax.jit(trainer.updates[0])
    >>> state, metrics = update(jax.random.key(1), state, batch)
    >>> jax.jit(embed)(trainer.params(state), batch.x).shape
    (4, 8)
  """

  def init(key: Array) -> Params:
    x = jnp.zeros((1, *shape))
    return jax.jit(lambda key: network.init(key, x, train=False))(key)

  view = functools.partial(
    random_warps,
    rotation=math.radians(rotation),
    translation=translation,
    scale=scale,
  )

  def loss_fn(
    weights: Params, averages: Params, key: Array, batch: Batch
  ) -> tuple[Array, tuple[Params, Metrics]]:
    if len(batch.x) < 2:
      raise ValueError(
        'A batch of one image has nothing to contrast it with: take two or '
        'more.'
      )
    first, second = (view(k, batch.x) for k in jax.random.split(key))
    (projections, _), averages = network.apply(
      {'params': weights, **averages},
      jnp.concatenate([first, second]),
      train=True,
      mutable=list(averages),
    )
    one, other = jnp.split(projections, 2)
    losses = nt_xent(one, other, temperature)
    return losses.mean(), (averages, {'loss': losses.mean()})

  def embed(params: Params, x: Array) -> Array:
    features: Array = network.apply(params, x, train=False)[1]
    return features

  return embed, descent(init, loss_fn, optimizer)
