"""Prototypical networks (Snell et al. 2017)."""

import functools
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp

from lasium_jax.learners.linear import LinearHead, fitted, head_of, logits_of
from lasium_jax.learners.padding import real
from lasium_jax.nets.turned import turned
from lasium_jax.ops.augment import random_views
from lasium_jax.ops.labels import shares
from lasium_jax.settings import NonNegative, Whole
from lasium_jax.types import Array, Examples, Learner, Network, Params


class Prototypes(NamedTuple):
  """Class means in feature space.

  Attributes:
    params: of the network.
    means: `[N, F]`, by soft labels weighted; 0 where a class is absent.
    statistics: the normalization's moments of the support images, or None.
    present: `[N]` bool, which classes have support; None where all have.
    head: what classifies in place of the means; None where these do.
    weights: `[N]`, of how many support images each mean is; None unless
      queries refine them.
  """

  params: Params
  means: Array
  statistics: Any = None
  present: Array | None = None
  head: LinearHead | None = None
  weights: Array | None = None


def protonets(
  network: Network,
  *,
  ways: int,
  distance: Literal['mean', 'sum'] = 'mean',
  inductive: bool = False,
  head_steps: Whole = 0,
  head_learning_rate: NonNegative = 0.001,
  tune_network: bool = False,
  head_views: bool = False,
  refine_steps: Whole = 0,
  turned_features: bool = False,
  padded: bool = False,
) -> Learner:
  """Classifies by the nearest mean of each class's support features.

  The logits are negative squared Euclidean distances, averaged over feature
  dimensions ('mean', as in the released code) or summed ('sum', as in Snell
  et al., equation 2).

  With `head_steps` a linear head starts from the means, with the same
  probabilities, and is fitted to the support by so many steps of Adam, while
  the network stays as it is (Medina et al. 2020, ProtoTransfer), or with
  `tune_network` changes with it. With `head_views` each step sees the support
  anew: of a few images as they are, a network soon knows all. To evaluate with
  it, make a second learner and use the same parameters.

  With `refine_steps` the queries that are predicted together refine the means,
  by so many steps of soft k-means from them: each query counts for each class
  by its probability (Ren et al. 2018, section 3.1.1, who refine by other
  unlabeled images, in one step). So a query's prediction depends on the others.
  By the distance 'mean' probabilities are nearly even, and many steps can move
  prototypes to a worse place than one.

  With `turned_features` an image is told by what the network sees of it and of
  its three quarter turns (`lasium_jax.nets.turned`): four times the work, for a
  network that has learned from turned classes.

  Args:
    network: images to features `[n, F]`.
    ways: N, the number of classes.
    distance: 'mean' or 'sum', over feature dimensions.
    inductive: whether queries are normalized by the moments of the support
      images; otherwise those that are predicted together share their own.
    head_steps: of Adam on the whole support; 0 for the means as they are.
      ProtoTransfer has 15 epochs.
    head_learning_rate: Adam's.
    tune_network: whether those steps change the network too.
    head_views: whether each of those steps sees other views of the support
      images, as of photographs (`lasium_jax.ops.augment.random_views`).
    refine_steps: of soft k-means; 0 for the means of the support alone.
    turned_features: whether features are those of an image's quarter turns too;
      images are square then.
    padded: whether examples whose label is -1 are padding, without effect. A
      class without a support example is infinitely far from everything, so
      that there may be fewer classes than `ways`.

  Returns:
    A learner.

  Raises:
    ValueError: if means are to be refined by queries that may not know of each
      other, or that a head classifies.

  Example:
    >>> learner = lx.learners.protonets(lx.conv4(None, filters=4), ways=2)
    >>> support = lx.Examples(jnp.eye(2).reshape(2, 1, 2, 1), jnp.arange(2))
    >>> params = learner.init(jax.random.key(0), support.x)
    >>> adapted = learner.adapt(jax.random.key(1), params, support)
    >>> learner.predict(adapted, support.x).shape
    (2, 2)
  """
  _check_refined(refine_steps, alone=inductive or bool(head_steps))
  if turned_features:
    network = turned(network)
  reduce = {'mean': jnp.mean, 'sum': jnp.sum}[distance]
  fit = functools.partial(
    fitted,
    steps=head_steps,
    learning_rate=head_learning_rate,
    tune_network=tune_network,
    view=random_views if head_views else None,
  )

  def adapt(key: Array, params: Params, support: Examples) -> Prototypes:
    mask = real(support, padded)
    features, statistics = network.apply(params, support.x, mask=mask)
    members = shares(support.y, ways)  # [n, N], 0 for padding.
    counts = members.sum(axis=0)
    present = counts > 0 if padded else None
    if padded:
      counts = jnp.where(counts > 0, counts, 1)
    means = members.T @ features / counts[:, None]
    head = None
    if head_steps:
      head = head_of(means, 1 / means.shape[1] if distance == 'mean' else 1.0)
      params, head = fit(
        key,
        network,
        params,
        head,
        support,
        features=features,
        mask=mask,
        present=present,
      )
      if tune_network:
        _, statistics = network.apply(params, support.x, mask=mask)
    moments = statistics if inductive else None
    weights = counts if refine_steps else None
    return Prototypes(params, means, moments, present, head, weights)

  def predict(
    adapted: Prototypes, x: Array, mask: Array | None = None
  ) -> Array:
    features, _ = network.apply(adapted.params, x, adapted.statistics, mask)
    if adapted.head is not None:
      return logits_of(adapted.head, features, adapted.present)
    logits_by = functools.partial(_logits, reduce, adapted.present, features)
    return logits_by(_refined(logits_by, adapted, features, mask, refine_steps))

  return Learner(network.init, adapt, predict)


def _logits(
  reduce: Callable[..., Array],
  present: Array | None,
  features: Array,
  means: Array,
) -> Array:
  """`[n, N]`, by the distances of features `[n, F]` to means `[N, F]`."""
  logits = -reduce((features[:, None] - means[None]) ** 2, axis=-1)
  if present is None:
    return logits
  # A prototype at infinity would do the same, but its gradient is NaN.
  return jnp.where(present[None], logits, -jnp.inf)


def _check_refined(steps: int, *, alone: bool) -> None:
  if steps and alone:
    raise ValueError(
      f'refine_steps is {steps}, by which queries refine prototypes together: '
      'it needs inductive=False and head_steps=0.'
    )


def _refined(
  logits_by: Callable[[Array], Array],
  adapted: Prototypes,
  features: Array,
  mask: Array | None,
  steps: int,
) -> Array:
  """The means after so many steps of soft k-means with the queries."""
  if adapted.weights is None:
    return adapted.means
  weights, sums = adapted.weights, adapted.weights[:, None] * adapted.means

  def refine(_: int, means: Array) -> Array:
    members = jax.nn.softmax(logits_by(means)).T  # [N, n].
    if mask is not None:
      members = jnp.where(mask[None], members, 0.0)
    counts = weights + members.sum(axis=1)
    return (sums + members @ features) / counts[:, None]

  return jax.lax.fori_loop(0, steps, refine, adapted.means)
