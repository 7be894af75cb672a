"""What is timed, in PyTorch: eager, and with its own optimizer.

Random numbers are arguments, so that both frameworks are given the same.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks import torch_nets as nets
from benchmarks.torch_nets import Params

Forward = Callable[[Params, Tensor], Tensor]


class Task(NamedTuple):
  """Support and query of one task: images `[n, C, H, W]`, labels `[n]`."""

  support_x: Tensor
  support_y: Tensor
  query_x: Tensor
  query_y: Tensor


def adapt(
  forward: Forward,
  params: Params,
  task: Task,
  *,
  steps: int,
  rate: float,
  second_order: bool,
) -> Params:
  """Fast weights after `steps` of gradient descent on the support."""
  fast = params
  for _ in range(steps):
    loss = F.cross_entropy(forward(fast, task.support_x), task.support_y)
    gradient = torch.autograd.grad(
      loss, list(fast.values()), create_graph=second_order
    )
    fast = {
      name: value - rate * slope
      for (name, value), slope in zip(fast.items(), gradient, strict=True)
    }
  return fast


def maml_gradient(
  forward: Forward,
  params: Params,
  tasks: Sequence[Task],
  *,
  steps: int,
  rate: float,
) -> Tensor:
  """Leaves the second-order gradient in `params`; the mean query loss."""
  total = torch.zeros((), device=tasks[0].query_x.device)
  for task in tasks:
    fast = adapt(
      forward, params, task, steps=steps, rate=rate, second_order=True
    )
    loss = F.cross_entropy(forward(fast, task.query_x), task.query_y)
    (loss / len(tasks)).backward()
    total += loss.detach() / len(tasks)
  return total


def maml_step(
  forward: Forward,
  params: Params,
  tasks: Sequence[Task],
  optimizer: torch.optim.Optimizer,
  *,
  steps: int,
  rate: float,
) -> float:
  """One meta-iteration on given tasks; the mean query loss."""
  optimizer.zero_grad()
  loss = maml_gradient(forward, params, tasks, steps=steps, rate=rate)
  optimizer.step()
  return loss.item()


def predict(
  forward: Forward, params: Params, task: Task, *, steps: int, rate: float
) -> Tensor:
  """Logits of the queries after adapting to the support."""
  fast = adapt(
    forward, params, task, steps=steps, rate=rate, second_order=False
  )
  with torch.no_grad():
    return forward(fast, task.query_x)


def adam(params: Params, rate: float) -> torch.optim.Adam:
  return torch.optim.Adam(list(params.values()), lr=rate)


def vae_loss(
  params: Params, averages: Params, x: Tensor, noise: Tensor
) -> Tensor:
  """The negative evidence lower bound in nats, averaged over images."""
  size = (x.shape[2], x.shape[3])
  mean, log_variance = nets.vae_encode(
    nets.part(params, 'encoder'), nets.part(averages, 'encoder'), x
  )
  z = mean + noise * torch.exp(0.5 * log_variance)
  logits = nets.vae_decode(
    nets.part(params, 'decoder'), nets.part(averages, 'decoder'), z, size
  )
  reconstruction = F.binary_cross_entropy_with_logits(
    logits, x, reduction='sum'
  )
  kl = 0.5 * (torch.exp(log_variance) + mean**2 - 1 - log_variance)
  return (reconstruction + kl.sum()) / len(x)


def vae_step(
  params: Params,
  averages: Params,
  optimizer: torch.optim.Optimizer,
  x: Tensor,
  noise: Tensor,
) -> dict[str, float]:
  """One update of the VAE."""
  optimizer.zero_grad()
  loss = vae_loss(params, averages, x, noise)
  loss.backward()
  optimizer.step()
  return {'loss': loss.item()}


class GanDraws(NamedTuple):
  """The draws of one MSGAN step.

  Attributes:
    z: `[2 n, D]` latents; the first half's images are shown to the
      discriminator.
    real: `[n]`, the discriminator's targets of real images, in [0.95, 1].
  """

  z: Tensor
  real: Tensor


def msgan_step(
  generator: Params,
  discriminator: Params,
  optimizers: tuple[torch.optim.Optimizer, torch.optim.Optimizer],
  x: Tensor,
  draws: GanDraws,
) -> dict[str, float]:
  """One update of both networks, from the same generated images."""
  z, judge = draws.z, nets.gan_discriminator
  images = nets.gan_generator(generator, z, (x.shape[2], x.shape[3]))

  optimizers[1].zero_grad()
  real, fake = (
    judge(discriminator, x),
    judge(discriminator, images[: len(x)].detach()),
  )
  critic = F.binary_cross_entropy_with_logits(real, draws.real)
  critic = critic + cross_entropy(fake, 0.0)
  critic.backward()
  optimizers[1].step()

  frozen = {name: value.detach() for name, value in discriminator.items()}
  adversarial = cross_entropy(judge(frozen, images), 1.0)
  (x1, x2), (z1, z2) = images.chunk(2), z.chunk(2)
  ratio = (x1 - x2).abs().mean() / (z1 - z2).abs().mean()
  seeking = 1 / (ratio + 1e-5)
  optimizers[0].zero_grad()
  (adversarial + seeking).backward()
  optimizers[0].step()
  return {
    'generator_loss': adversarial.item(),
    'mode_seeking': seeking.item(),
    'discriminator_loss': critic.item(),
  }


def cross_entropy(logits: Tensor, target: float) -> Tensor:
  """Binary cross-entropy of all logits against one target, averaged."""
  targets = torch.full_like(logits, target)
  return F.binary_cross_entropy_with_logits(logits, targets)
