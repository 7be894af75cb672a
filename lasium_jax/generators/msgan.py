"""The mode-seeking GAN of LASIUM (Mao et al. 2019; section 4.2)."""

from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import optax

from lasium_jax.generators.shapes import check_quarters
from lasium_jax.nets import msgan as nets
from lasium_jax.settings import Count, NonNegative
from lasium_jax.types import (
  Array,
  Batch,
  Generator,
  Metrics,
  Params,
  Trainer,
  TrainingSet,
)

# Ranges of the discriminator's targets, of real and of made images. Outside
# [0, 1], as in the released code, a target is never reached, so that the
# discriminator's gradient does not vanish.
TARGETS = {
  'one_sided': ((0.95, 1.0), (0.0, 0.0)),
  'released': ((0.95, 1.0), (-0.05, 0.0)),
  'none': ((1.0, 1.0), (0.0, 0.0)),
}


class State(NamedTuple):
  """Both networks and their optimizers."""

  params: Params
  discriminator: Params
  generator_opt: optax.OptState
  discriminator_opt: optax.OptState


def mode_seeking_loss(x1: Array, x2: Array, z1: Array, z2: Array) -> Array:
  """`1 / (mean|x1 - x2| / mean|z1 - z2| + 1e-5)`, small when modes differ.

  See MSGAN, equation 4; means over pixels, latent dimensions and the batch.

  Args:
    x1: `[n, H, W, C]` images of `z1`.
    x2: `[n, H, W, C]` images of `z2`.
    z1: `[n, D]`.
    z2: `[n, D]`.

  Returns:
    A scalar.
  """
  ratio = jnp.abs(x1 - x2).mean() / jnp.abs(z1 - z2).mean()
  return 1 / (ratio + 1e-5)


def noisy_cross_entropy(
  key: Array, logits: Array, targets: tuple[float, float]
) -> Array:
  """Binary cross-entropy against targets from `U(low, high)`, averaged."""
  low, high = targets
  noise = jax.random.uniform(key, logits.shape, minval=low, maxval=high)
  return optax.sigmoid_binary_cross_entropy(logits, noise).mean()


def msgan(
  shape: tuple[int, int, int],
  *,
  latent_size: Count = 128,
  filters: Count = 128,
  mode_seeking: NonNegative = 1.0,
  label_noise: Literal['one_sided', 'released', 'none'] = 'one_sided',
  learning_rate: NonNegative = 3e-4,
) -> tuple[Generator, Trainer]:
  """A GAN whose generator is also paid for keeping different latents apart.

  Each step makes two images a latent pair; the generator is scored on both
  and by `mode_seeking_loss`, each image with its own latent (the released
  code mixes them up, see docs/papers.md).

  Args:
    shape: `(H, W, C)` of the images, H and W divisible by 4.
    latent_size: D, standard Gaussian.
    filters: channels of both networks' hidden layers.
    mode_seeking: weight of the mode-seeking term.
    label_noise: of the discriminator's targets. 'one_sided' has real images in
      [0.95, 1] and made ones at 0 (Salimans et al. 2016, section 3.4);
      'released' made ones in [-0.05, 0]. The generator's target is always 1.
    learning_rate: Adam's, for both networks.

  Returns:
    The generator and its trainer.

  Raises:
    ValueError: if H or W is not divisible by 4.

  Example:
    >>> generator, trainer = lx.generators.msgan((8, 8, 1), filters=4)
    >>> data = lx.TrainingSet(jnp.zeros((2, 8, 8, 1), jnp.uint8))
    >>> params = trainer.params(trainer.init(jax.random.key(0), data))
    >>> z = generator.sample(jax.random.key(1), params, 5)
    >>> z.shape, jax.jit(generator.decode)(params, z).shape
    ((5, 128), (5, 8, 8, 1))
  """
  check_quarters('The MSGAN', shape)
  generator = nets.Generator(shape, filters)
  discriminator = nets.Discriminator((filters // 2, filters, filters))
  optimizer = optax.adam(learning_rate)
  real_targets, fake_targets = TARGETS[label_noise]

  def sample(key: Array, params: Params, n: int) -> Array:
    del params
    return jax.random.normal(key, (n, latent_size))

  def decode(params: Params, z: Array) -> Array:
    images: Any = generator.apply(params, z)
    return images

  def judge(params: Params, x: Array) -> Array:
    logits: Any = discriminator.apply(params, x)
    return logits

  def init(key: Array, data: TrainingSet) -> State:
    del data
    generator_key, discriminator_key = jax.random.split(key)
    latents = jnp.zeros((1, latent_size))
    params = jax.jit(generator.init)(generator_key, latents)
    images = jnp.zeros((1, *shape))
    critic = jax.jit(discriminator.init)(discriminator_key, images)
    return State(params, critic, optimizer.init(params), optimizer.init(critic))

  def generator_loss(
    images: Array, critic: Params, z: Array
  ) -> tuple[Array, Metrics]:
    logits = judge(critic, images)
    adversarial = optax.sigmoid_binary_cross_entropy(
      logits, jnp.ones_like(logits)
    ).mean()
    seeking = mode_seeking_loss(*jnp.split(images, 2), *jnp.split(z, 2))
    metrics = {'generator_loss': adversarial, 'mode_seeking': seeking}
    return adversarial + mode_seeking * seeking, metrics

  def discriminator_loss(
    critic: Params, key: Array, real: Array, fake: Array
  ) -> tuple[Array, Metrics]:
    real_key, fake_key = jax.random.split(key)
    real_logits, fake_logits = judge(critic, real), judge(critic, fake)
    loss = noisy_cross_entropy(real_key, real_logits, real_targets)
    loss += noisy_cross_entropy(fake_key, fake_logits, fake_targets)
    correct = (real_logits > 0).mean() + (fake_logits < 0).mean()
    return loss, {'discriminator_loss': loss, 'critic_accuracy': correct / 2}

  def update(key: Array, state: State, batch: Batch) -> tuple[State, Metrics]:
    latent_key, discriminator_key = jax.random.split(key)
    size = len(batch.x)
    z = sample(latent_key, state.params, 2 * size)
    # Both networks learn from these images, made once: the generator's
    # parameters do not change between the two updates.
    images, pull_back = jax.vjp(lambda params: decode(params, z), state.params)
    gradient, critic_metrics = jax.grad(discriminator_loss, has_aux=True)(
      state.discriminator, discriminator_key, batch.x, images[:size]
    )
    steps, discriminator_opt = optimizer.update(
      gradient, state.discriminator_opt
    )
    critic = optax.apply_updates(state.discriminator, steps)
    cotangent, metrics = jax.grad(generator_loss, has_aux=True)(
      images, critic, z
    )
    steps, generator_opt = optimizer.update(
      pull_back(cotangent)[0], state.generator_opt
    )
    params = optax.apply_updates(state.params, steps)
    state = State(params, critic, generator_opt, discriminator_opt)
    return state, {**metrics, **critic_metrics}

  return (
    Generator(decode, sample),
    Trainer(init, (update,), lambda state: state.params),
  )
