"""The steps of `benchmarks.autoencoders` in PyTorch: eager, NCHW.

The networks are functions of parameters converted from ours. Before one is
timed, its loss and all gradients of a first step are compared with ours.
"""

import functools
from typing import Any

import jax
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks import torch_nets as nets
from benchmarks.compare import agree, device, slopes
from benchmarks.timing import Run
from benchmarks.torch_nets import Params
from benchmarks.torch_reference import adam
from lasium_jax.ops import xla_convolutions
from lasium_jax.types import Batch, UpdateFn

# The settings of `lasium_jax.generators` that are measured.
RATE, CODES_RATE, BETAS = 1e-3, 1e-2, (0.5, 0.999)
SLOPE, GAMMA, LEVELS = 0.2, 1.0, 3


def encode(params: Params, averages: Params, x: Tensor) -> Tensor:
  """Latents of images."""
  x = F.leaky_relu(nets.conv(params, 'Conv_0', x, stride=2), 0.01)
  x = F.conv2d(x, params['Conv_1/kernel'], stride=2, padding=1)
  x = nets.flat(F.leaky_relu(nets.batch_norm(params, averages, 0, x), 0.01))
  x = F.linear(x, params['Dense_0/kernel'])
  x = F.leaky_relu(nets.batch_norm(params, averages, 1, x), 0.01)
  return nets.dense(params, 'Dense_1', x)


def decode(
  params: Params,
  averages: Params | None,
  z: Tensor,
  size: tuple[int, int],
  slope: float = 0.0,
) -> Tensor:
  """Images of `size` in (0, 1); without averages nothing is normalized."""

  def rectified(number: int, x: Tensor) -> Tensor:
    if averages is not None:
      x = nets.batch_norm(params, averages, number, x)
    return F.leaky_relu(x, slope) if slope else torch.relu(x)

  x = rectified(0, F.linear(z, params['Dense_0/kernel']))
  x = rectified(1, F.linear(x, params['Dense_1/kernel']))
  x = nets.unflat(x, size[0] // 4, size[1] // 4)
  x = rectified(2, nets.conv_transpose(params, 'ConvTranspose_0', x))
  return torch.sigmoid(nets.conv_transpose(params, 'ConvTranspose_1', x))


def laplacian_loss(
  x: Tensor, y: Tensor, *, gamma: float = GAMMA, levels: int = LEVELS
) -> Tensor:
  """`lasium_jax.ops.pyramid.laplacian_loss` of `[n, C, H, W]`, averaged."""
  taps = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0], device=x.device) / 16
  channels = x.shape[1]
  kernel = torch.outer(taps, taps).expand(channels, 1, 5, 5)

  def blur(x: Tensor) -> Tensor:
    padded = F.pad(x, (2, 2, 2, 2), mode='reflect')
    return F.conv2d(padded, kernel, groups=channels)

  rest = x - y
  loss = rest.abs().mean()
  for i in range(1, levels + 1):
    halved = blur(rest)[:, :, ::2, ::2]
    spread = torch.zeros_like(rest)
    spread[:, :, ::2, ::2] = 4 * halved
    loss = loss + gamma * 2 ** (-2 * i) * (rest - blur(spread)).abs().mean()
    rest = halved
  return loss


def autoencoder_step(
  params: Params,
  averages: Params,
  optimizer: torch.optim.Optimizer,
  x: Tensor,
) -> dict[str, float]:
  """One update of both networks."""
  size = (x.shape[2], x.shape[3])
  optimizer.zero_grad()
  z = encode(nets.part(params, 'encoder'), nets.part(averages, 'encoder'), x)
  images = decode(
    nets.part(params, 'decoder'), nets.part(averages, 'decoder'), z, size
  )
  loss = (images - x).abs().mean()
  loss.backward()
  optimizer.step()
  return {'loss': loss.item()}


def glo_step(
  params: Params,
  codes: Tensor,
  optimizer: torch.optim.Optimizer,
  x: Tensor,
  rows: Tensor,
) -> dict[str, float]:
  """One update of the generator and the table of codes.

  The table is a parameter like others, as in GLANN's code: its gradient and its
  Adam are of all rows, where ours are of the batch's.
  """
  size = (x.shape[2], x.shape[3])
  optimizer.zero_grad()
  images = decode(params, None, F.embedding(rows, codes), size, SLOPE)
  loss = laplacian_loss(images, x)
  loss.backward()
  optimizer.step()
  return {'loss': loss.item()}


def compare_autoencoder(update: UpdateFn, state: Any, batch: Batch) -> Run:
  """Compares the loss and all gradients; returns the step to time."""
  updated, metrics = xla_convolutions.jit(update)(
    jax.random.key(0), state, batch
  )
  where = device()
  weights = nets.trainable(nets.convert(state.variables['params'], where))
  averages = nets.convert(state.variables['batch_stats'], where)
  run = functools.partial(
    autoencoder_step,
    weights,
    averages,
    adam(weights, RATE),
    nets.images(batch.x, where),
  )
  agree('Autoencoder loss', {'loss': metrics['loss']}, run())
  # Adam's first moment after its first step is a tenth of the gradient, and a
  # half with the first beta of GLO.
  ours = nets.convert(jax.tree.map(lambda m: 10 * m, updated.opt_state[0].mu))
  agree('Autoencoder gradient', ours, slopes(weights))
  return run


def compare_glo(update: UpdateFn, state: Any, batch: Batch) -> Run:
  """Compares the loss and all gradients; returns the step to time."""
  updated, metrics = xla_convolutions.jit(update)(
    jax.random.key(0), state, batch
  )
  where = device()
  weights = nets.trainable(nets.convert(state.variables['params'], where))
  codes = torch.tensor(np.asarray(state.codes), device=where)
  rows = torch.tensor(np.asarray(batch.rows), dtype=torch.long, device=where)
  groups = [
    {'params': list(weights.values()), 'lr': RATE},
    {'params': [codes.requires_grad_()], 'lr': CODES_RATE},
  ]
  run = functools.partial(
    glo_step,
    weights,
    codes,
    torch.optim.Adam(groups, betas=BETAS),
    nets.images(batch.x, where),
    rows,
  )
  agree('GLO loss', metrics, run())
  moments = jax.tree.map(lambda m: 2 * m, updated.opt_state.mu)
  agree('GLO gradient', nets.convert(moments), slopes(weights))
  assert codes.grad is not None
  agree('GLO gradient of codes', 2 * updated.codes_opt.mu, codes.grad)
  return run
