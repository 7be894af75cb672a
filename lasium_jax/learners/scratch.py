"""Training from scratch on each task: the floor that meta-learning beats."""

import jax
import optax

from lasium_jax.learners.maml import Adapted, freeze, predictor, support_loss
from lasium_jax.settings import NonNegative, Whole
from lasium_jax.types import Array, Examples, Learner, Network, Params

# Added to Adam's second moments before their root. Where a gradient is exactly
# 0, as of a pixel that no image uses, the root's derivative is infinite and an
# outer gradient 0 * infinity, NaN. The root of this is so far below Adam's
# epsilon, 1e-8, that no step changes in float32.
EPS_ROOT = 1e-32


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
  optimizer = optax.adam(learning_rate, eps_root=EPS_ROOT)

  def init(key: Array, x: Array) -> Params:
    del key, x
    return ()

  def adapt(key: Array, params: Params, support: Examples) -> Adapted:
    del params
    params = network.init(key, support.x)

    def step(
      carry: tuple[Params, optax.OptState], _: None
    ) -> tuple[tuple[Params, optax.OptState], None]:
      params, opt_state = carry
      gradient = jax.grad(lambda p: support_loss(network, p, support, padded))(
        params
      )
      updates, opt_state = optimizer.update(gradient, opt_state)
      return (optax.apply_updates(params, updates), opt_state), None

    start = (params, optimizer.init(params))
    (params, _), _ = jax.lax.scan(step, start, length=steps)
    return freeze(network, params, support, inductive, padded)

  return Learner(init, adapt, predictor(network))
