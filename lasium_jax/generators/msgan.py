"""The mode-seeking GAN of LASIUM (Mao et al. 2019; section 4.2)."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from lasium_jax.nets import msgan as nets
from lasium_jax.types import Array, Generator, Metrics, Params, Trainer


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


def noisy_cross_entropy(key: Array, logits: Array, target: float) -> Array:
  """Binary cross-entropy against `target + 0.05 U(0, 1)`, averaged."""
  noise = 0.05 * jax.random.uniform(key, logits.shape)
  return optax.sigmoid_binary_cross_entropy(logits, target + noise).mean()


def msgan(
  shape: tuple[int, int, int],
  *,
  latent_size: int = 128,
  filters: int = 128,
  mode_seeking: float = 1.0,
  learning_rate: float = 3e-4,
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
    learning_rate: Adam's, for both networks.

  Returns:
    The generator and its trainer.

  Raises:
    ValueError: if H or W is not divisible by 4.
  """
  if shape[0] % 4 or shape[1] % 4:
    raise ValueError(f'The MSGAN needs sides divisible by 4, not {shape}.')
  generator = nets.Generator(shape, filters)
  discriminator = nets.Discriminator((filters // 2, filters, filters))
  optimizer = optax.adam(learning_rate)

  def sample(key: Array, n: int) -> Array:
    return jax.random.normal(key, (n, latent_size))

  def decode(params: Params, z: Array) -> Array:
    images: Any = generator.apply(params, z)
    return images

  def judge(params: Params, x: Array) -> Array:
    logits: Any = discriminator.apply(params, x)
    return logits

  def init(key: Array, batch: Array) -> State:
    generator_key, discriminator_key = jax.random.split(key)
    latents = jnp.zeros((1, latent_size))
    params = jax.jit(generator.init)(generator_key, latents)
    critic = jax.jit(discriminator.init)(discriminator_key, batch[:1])
    return State(params, critic, optimizer.init(params), optimizer.init(critic))

  def generator_loss(
    images: Array, critic: Params, key: Array, z: Array
  ) -> tuple[Array, Metrics]:
    adversarial = noisy_cross_entropy(key, judge(critic, images), 1.0)
    seeking = mode_seeking_loss(*jnp.split(images, 2), *jnp.split(z, 2))
    metrics = {'generator_loss': adversarial, 'mode_seeking': seeking}
    return adversarial + mode_seeking * seeking, metrics

  def discriminator_loss(
    critic: Params, key: Array, real: Array, fake: Array
  ) -> tuple[Array, Metrics]:
    real_key, fake_key = jax.random.split(key)
    real_logits, fake_logits = judge(critic, real), judge(critic, fake)
    loss = noisy_cross_entropy(real_key, real_logits, 1.0)
    loss += noisy_cross_entropy(fake_key, fake_logits, 0.0)
    correct = (real_logits > 0).mean() + (fake_logits < 0).mean()
    return loss, {'discriminator_loss': loss, 'critic_accuracy': correct / 2}

  def update(key: Array, state: State, batch: Array) -> tuple[State, Metrics]:
    latent_key, generator_key, discriminator_key = jax.random.split(key, 3)
    z = sample(latent_key, 2 * len(batch))
    # Both networks learn from these images, made once: the generator's
    # parameters do not change between the two updates.
    images, pull_back = jax.vjp(lambda params: decode(params, z), state.params)
    gradient, critic_metrics = jax.grad(discriminator_loss, has_aux=True)(
      state.discriminator, discriminator_key, batch, images[: len(batch)]
    )
    steps, discriminator_opt = optimizer.update(
      gradient, state.discriminator_opt
    )
    critic = optax.apply_updates(state.discriminator, steps)
    cotangent, metrics = jax.grad(generator_loss, has_aux=True)(
      images, critic, generator_key, z
    )
    steps, generator_opt = optimizer.update(
      pull_back(cotangent)[0], state.generator_opt
    )
    params = optax.apply_updates(state.params, steps)
    state = State(params, critic, generator_opt, discriminator_opt)
    return state, {**metrics, **critic_metrics}

  return Generator(sample, decode), Trainer(init, update)
