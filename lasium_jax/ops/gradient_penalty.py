"""The gradient penalty of Wasserstein GANs (Gulrajani et al. 2017)."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from lasium_jax.ops.mixtures import mix
from lasium_jax.types import Array

# Below it a squared norm counts as it, because the root's gradient at 0 is
# infinite.
_LEAST = 1e-12


def gradient_penalty(
  critic: Callable[[Array], Array], key: Array, real: Array, made: Array
) -> Array:
  """How far a critic's slopes are from 1 between real and made images.

  At one point x between the images of each pair, uniform on the line, it is
  the mean of `(|d critic(x) / d x| - 1)^2`, where the norm is Euclidean, over
  the whole image. See their equation 3 without lambda, and algorithm 1.

  Args:
    critic: images `[n, ...]` to scores `[n]`, each image by itself: with batch
      normalization there would be no slope of one image.
    key: a PRNG key.
    real: `[n, ...]`.
    made: likewise.

  Returns:
    A scalar, not negative. Where an image's slope is 0, so is what it adds to
    the penalty's gradient.
  """
  alpha = jax.random.uniform(key, (len(real),))
  between = mix(alpha, real, made)
  slopes = jax.grad(lambda x: critic(x).sum())(between)
  squares = (slopes**2).sum(axis=tuple(range(1, slopes.ndim)))
  norms = jnp.sqrt(jnp.maximum(squares, _LEAST))
  penalty: Array = ((norms - 1) ** 2).mean()
  return penalty
