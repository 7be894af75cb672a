"""What critics of Wasserstein GANs minimize (Gulrajani et al. 2017)."""

from collections.abc import Callable

import jax

from lasium_jax.ops.gradient_penalty import gradient_penalty
from lasium_jax.types import Array, Metrics


def critic_loss(
  scored: Callable[[Array, Array], Array],
  key: Array,
  real: Array,
  made: Array,
  *,
  penalty: float,
) -> tuple[Array, Metrics]:
  """The loss of a critic (algorithm 1, line 7).

  Args:
    scored: `(key, x [n, H, W, C]) -> [n]`, higher for what seems real; the key
      is for critics that drop activations out.
    key: a PRNG key.
    real: `[n, H, W, C]`.
    made: likewise.
    penalty: weight of the gradient penalty.

  Returns:
    The loss, and metrics: the loss, the `distance` by which real images score
    higher, and the `gradient_penalty` without its weight.
  """
  real_key, made_key, between_key, slope_key = jax.random.split(key, 4)
  distance = (scored(real_key, real) - scored(made_key, made)).mean()
  slopes = gradient_penalty(
    lambda x: scored(slope_key, x), between_key, real, made
  )
  loss = penalty * slopes - distance
  return loss, {
    'critic_loss': loss,
    'distance': distance,
    'gradient_penalty': slopes,
  }
