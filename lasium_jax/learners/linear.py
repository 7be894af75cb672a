"""A linear head on features, which starts from prototypes."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp

from lasium_jax.learners.adam import minimized
from lasium_jax.ops.labels import cross_entropy
from lasium_jax.types import Array, Augment, Examples, Network, Params


class LinearHead(NamedTuple):
  """Logits that are linear in features.

  Attributes:
    weights: `[F, N]`.
    biases: `[N]`.
  """

  weights: Array
  biases: Array


def head_of(means: Array, scale: float) -> LinearHead:
  """The head whose softmax is that of negative distances to prototypes.

  Of the squared distance `scale * |f - c|^2` the part `scale * |f|^2` is the
  same for all classes, and what is left is linear in the features f (Snell et
  al. 2017, equation 8).

  Args:
    means: `[N, F]` the prototypes c.
    scale: 1 where squared differences are summed, 1 / F where averaged.

  Returns:
    The head; its logits are the prototypes' and `scale * |f|^2`.
  """
  return LinearHead(2 * scale * means.T, -scale * (means**2).sum(axis=1))


def logits_of(
  head: LinearHead, features: Array, present: Array | None
) -> Array:
  """`[n, N]` of features `[n, F]`.

  Args:
    head: of N classes.
    features: of n images.
    present: `[N]` bool, which classes there are; the logits of others are
      -inf. None where there are all.
  """
  logits = features @ head.weights + head.biases[None]
  if present is None:
    return logits
  return jnp.where(present[None], logits, -jnp.inf)


def fitted(
  key: Array,
  network: Network,
  params: Params,
  head: LinearHead,
  support: Examples,
  *,
  features: Array,
  steps: int,
  learning_rate: float,
  tune_network: bool = False,
  view: Augment | None = None,
  mask: Array | None = None,
  present: Array | None = None,
) -> tuple[Params, LinearHead]:
  """Steps of Adam on the mean cross-entropy of all examples at once.

  Args:
    key: a PRNG key, of the views.
    network: from images to the head's features.
    params: the network's.
    head: to start from.
    support: the examples, with labels `[n]`, or soft ones `[n, N]`.
    features: `[n, F]` of these by `params`.
    steps: how many.
    learning_rate: Adam's.
    tune_network: whether the network changes with the head.
    view: what each step sees the images changed by, anew; None for the images
      as they are.
    mask: `[n]` bool, False for padding; None where there is none.
    present: as in `logits_of`.

  Returns:
    The network's parameters and the head after the steps.
  """

  def seen(params: Params, step: Array) -> Array:
    if view is None and not tune_network:
      return features
    x = support.x
    if view is not None:
      x = view(jax.random.fold_in(key, step), x)
    return network.apply(params, x, mask=mask)[0]

  def loss(both: tuple[Params, LinearHead], step: Array) -> Array:
    params, head = both
    logits = logits_of(head, seen(params, step), present)
    return cross_entropy(logits, support.y).mean(where=mask)

  descend = functools.partial(
    minimized, steps=steps, learning_rate=learning_rate
  )
  if tune_network:
    return descend(loss, (params, head))
  return params, descend(lambda head, step: loss((params, head), step), head)
