"""Training from scratch on each task: the floor that meta-learning beats."""

from lasium_jax.learners.adam import minimized
from lasium_jax.learners.maml import Adapted, freeze, predictor, support_loss
from lasium_jax.settings import NonNegative, Whole
from lasium_jax.types import Array, Examples, Learner, Network, Params


def scratch(
  network: Network,
  *,
  steps: Whole = 50,
  learning_rate: NonNegative = 0.01,
  inductive: bool = False,
  padded: bool = False,
) -> Learner:
  """Trains a freshly initialized network on the support by Adam.

  Args:
    network: with one logit a way.
    steps: of Adam on the whole support.
    learning_rate: Adam's.
    inductive: as in `maml`.
    padded: as in `maml`.

  Returns:
    A learner without meta-parameters; `adapt` initializes by its key.

  Example:
    >>> learner = lx.learners.scratch(lx.conv4(2, filters=4), steps=1)
    >>> support = lx.Examples(jnp.eye(2).reshape(2, 1, 2, 1), jnp.arange(2))
    >>> params = learner.init(jax.random.key(0), support.x)
    >>> adapted = learner.adapt(jax.random.key(1), params, support)
    >>> learner.predict(adapted, support.x).shape
    (2, 2)
  """

  def init(key: Array, x: Array) -> Params:
    del key, x
    return ()

  def adapt(key: Array, params: Params, support: Examples) -> Adapted:
    del params
    params = minimized(
      lambda params, _: support_loss(network, params, support, padded),
      network.init(key, support.x),
      steps=steps,
      learning_rate=learning_rate,
    )
    return freeze(network, params, support, inductive, padded)

  return Learner(init, adapt, predictor(network))
