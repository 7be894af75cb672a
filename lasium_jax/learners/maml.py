"""Model-agnostic meta-learning (Finn et al. 2017)."""

from typing import Any, NamedTuple

import jax

from lasium_jax.learners.padding import real
from lasium_jax.ops import xla_convolutions
from lasium_jax.ops.labels import cross_entropy
from lasium_jax.settings import NonNegative, Whole
from lasium_jax.types import (
  Array,
  Examples,
  Learner,
  Network,
  Params,
  PredictFn,
)


class Adapted(NamedTuple):
  """A network fitted to one task's support.

  Attributes:
    params: the fast weights.
    statistics: the normalization's moments of the support images, by which
      queries are normalized; None where they use their own (transductive).
  """

  params: Params
  statistics: Any = None


def support_loss(
  network: Network, params: Params, support: Examples, padded: bool = False
) -> Array:
  """Mean cross-entropy of `network` on the support examples, in nats."""
  mask = real(support, padded)
  logits, _ = network.apply(params, support.x, mask=mask)
  return cross_entropy(logits, support.y).mean(where=mask)


def freeze(
  network: Network,
  params: Params,
  support: Examples,
  inductive: bool,
  padded: bool = False,
) -> Adapted:
  """Ends adaptation; an inductive network keeps the support's moments."""
  if not inductive:
    return Adapted(params)
  _, statistics = network.apply(params, support.x, mask=real(support, padded))
  return Adapted(params, statistics)


def predictor(network: Network) -> PredictFn:
  """`(adapted, x, mask=None) -> logits [n, N]` of an adapted network."""

  def predict(adapted: Adapted, x: Array, mask: Array | None = None) -> Array:
    logits, _ = network.apply(adapted.params, x, adapted.statistics, mask)
    return logits

  return predict


def maml(
  network: Network,
  *,
  steps: Whole = 5,
  learning_rate: NonNegative = 0.4,
  first_order: bool = False,
  inductive: bool = False,
  checkpoint: bool = False,
  padded: bool = False,
) -> Learner:
  """Adapts all parameters by a few steps of gradient descent.

  `theta' = theta - learning_rate * grad loss(theta, support)`, `steps` times.
  The outer gradient of a query loss flows through these steps. To evaluate
  with other steps or rates, make a second learner and use the same parameters.

  Args:
    network: with one logit a way.
    steps: inner steps; the paper has 5 in training and 50 in evaluation.
    learning_rate: of the inner steps; 0.4 on Omniglot.
    first_order: whether the outer gradient takes the inner ones as constants.
    inductive: whether queries are normalized by the support's moments, so
      that a prediction does not depend on the other queries. The paper's
      numbers are transductive.
    checkpoint: whether the outer gradient computes each inner step again in
      place of keeping its activations: less memory for about a third more
      time (docs/performance.md).
    padded: whether support examples with label -1 are padding, to be ignored;
      `predict` takes a `mask` then.

  Returns:
    A learner.

  Example:
    >>> learner = lx.learners.maml(lx.conv4(2, filters=4), steps=1)
    >>> support = lx.Examples(jnp.eye(2).reshape(2, 1, 2, 1), jnp.arange(2))
    >>> params = learner.init(jax.random.key(0), support.x)
    >>> adapted = learner.adapt(jax.random.key(1), params, support)
    >>> learner.predict(adapted, support.x).shape
    (2, 2)
  """

  def adapt(key: Array, params: Params, support: Examples) -> Adapted:
    del key

    def step(params: Params, _: None) -> tuple[Params, None]:
      gradient = jax.grad(lambda p: support_loss(network, p, support, padded))(
        params
      )
      if first_order:
        gradient = jax.lax.stop_gradient(gradient)
      return jax.tree.map(
        lambda p, g: p - learning_rate * g, params, gradient
      ), None

    step_fn = jax.checkpoint(step) if checkpoint else step
    body = xla_convolutions.in_loop(step_fn)
    params, _ = jax.lax.scan(body, params, length=steps)
    return freeze(network, params, support, inductive, padded)

  return Learner(network.init, adapt, predictor(network))
