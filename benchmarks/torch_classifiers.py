"""Ordinary classifiers in PyTorch, as its users write them.

Networks are functions of converted parameters, as in `torch_nets`. They
normalize by the moments of the batch, and move the running averages.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks import torch_nets as nets
from benchmarks.compare import EXACT, agree, device, doubled, slopes
from benchmarks.timing import Run
from benchmarks.torch_nets import Params
from lasium_jax.ops import xla_convolutions
from lasium_jax.types import Batch, UpdateFn

Network = Callable[[Params, Params, Tensor], Tensor]
Block = Callable[[Params, Params, Tensor, int], Tensor]

FEW = 4  # Images by which the two are compared.


def resnet(params: Params, averages: Params, x: Tensor) -> Tensor:
  """Logits of `lasium_jax.nets.resnet`."""
  x = torch.relu(nets.batch_norm(params, averages, 0, _conv(params, 0, x)))
  x = _blocks(_padded_block, 3, params, averages, x)
  return nets.dense(params, 'Dense_0', x.mean((2, 3)))


def wide_resnet(params: Params, averages: Params, x: Tensor) -> Tensor:
  """Logits of `lasium_jax.nets.wide_resnet`."""
  x = _blocks(_wide_block, 3, params, averages, _conv(params, 0, x))
  x = torch.relu(nets.batch_norm(params, averages, 0, x))
  return nets.dense(params, 'Dense_0', x.mean((2, 3)))


def resnet18(params: Params, averages: Params, x: Tensor) -> Tensor:
  """Logits of `lasium_jax.nets.resnet18`."""
  trunk, moments = (nets.part(tree, 'Trunk_0') for tree in (params, averages))
  x = torch.relu(nets.batch_norm(trunk, moments, 0, _conv(trunk, 0, x)))
  x = F.max_pool2d(x, 2, padding=1)
  x = _blocks(_projected_block, 4, trunk, moments, x)
  return nets.dense(params, 'Dense_0', x.mean((2, 3)))


NETWORKS: dict[str, Network] = {
  'resnet20': resnet,
  'wrn16-8': wide_resnet,
  'wrn16-2': wide_resnet,
  'resnet18': resnet18,
}


def _conv(params: Params, number: int, x: Tensor, stride: int = 1) -> Tensor:
  kernel = params[f'Conv_{number}/kernel']
  return F.conv2d(x, kernel, None, stride, kernel.shape[-1] // 2)


def _blocks(
  block: Block, stages: int, params: Params, averages: Params, x: Tensor
) -> Tensor:
  """All blocks; the first of each stage but the first has a stride of 2."""
  count = len({name.split('/')[0] for name in params if '_Block_' in name})
  for number in range(count):
    starts = number and number % (count // stages) == 0
    name = f'_Block_{number}'
    own, moments = (nets.part(tree, name) for tree in (params, averages))
    x = block(own, moments, x, 2 if starts else 1)
  return x


def _branch(params: Params, averages: Params, x: Tensor, stride: int) -> Tensor:
  x = torch.relu(
    nets.batch_norm(params, averages, 0, _conv(params, 0, x, stride))
  )
  return nets.batch_norm(params, averages, 1, _conv(params, 1, x))


def _padded_block(
  params: Params, averages: Params, x: Tensor, stride: int
) -> Tensor:
  y = _branch(params, averages, x, stride)
  added = y.shape[1] - x.shape[1]
  channels = (added // 2, added - added // 2)
  x = F.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, *channels))
  return torch.relu(x + y)


def _projected_block(
  params: Params, averages: Params, x: Tensor, stride: int
) -> Tensor:
  y = _branch(params, averages, x, stride)
  if 'Conv_2/kernel' in params:
    x = nets.batch_norm(params, averages, 2, _conv(params, 2, x, stride))
  return torch.relu(x + y)


def _wide_block(
  params: Params, averages: Params, x: Tensor, stride: int
) -> Tensor:
  normal = torch.relu(nets.batch_norm(params, averages, 0, x))
  y = torch.relu(
    nets.batch_norm(params, averages, 1, _conv(params, 0, normal, stride))
  )
  if 'Conv_2/kernel' in params:
    x = _conv(params, 2, normal, stride)
  return x + _conv(params, 1, y)


def step(
  forward: Callable[[Tensor], Tensor],
  optimizer: torch.optim.Optimizer,
  x: Tensor,
  y: Tensor,
) -> dict[str, float]:
  """One update by cross-entropy."""
  optimizer.zero_grad()
  loss = F.cross_entropy(forward(x), y)
  loss.backward()
  optimizer.step()
  return {'loss': loss.item()}


def compared_step(
  name: str,
  update: UpdateFn,
  state: Any,
  batch: Batch,
  *,
  rate: float,
  momentum: float,
) -> Run:
  """Compares loss and all gradients of a first step, in float64.

  It is a step on few images: in so deep a network, float32 moves units across
  the kinks of their ReLU, and XLA:CPU has no fast convolution of float64.

  Args:
    name: of the network, in NETWORKS.
    update: of the trainer, whose optimizer is `optax.sgd` of Nesterov's kind.
    state: at the start.
    batch: with hard labels.
    rate: of the optimizer.
    momentum: likewise.

  Returns:
    The run of PyTorch to time.

  Raises:
    Mismatch: if they differ.
  """

  def started(state: Any, batch: Batch, where: str) -> tuple[Params, Run]:
    weights = nets.trainable(nets.convert(state.variables['params'], where))
    averages = nets.convert(state.variables['batch_stats'], where)
    optimizer = torch.optim.SGD(
      list(weights.values()), lr=rate, momentum=momentum, nesterov=True
    )
    labels = torch.tensor(np.asarray(batch.y), dtype=torch.long, device=where)
    forward = functools.partial(NETWORKS[name], weights, averages)
    x = nets.images(batch.x, where)
    return weights, functools.partial(step, forward, optimizer, x, labels)

  few = jax.tree.map(lambda leaf: leaf[:FEW] if leaf.ndim else leaf, batch)
  with jax.enable_x64(True):
    exact, given = doubled((state, few))
    updated, metrics = xla_convolutions.jit(update)(
      jax.random.key(8), exact, given
    )
    weights, run = started(exact, given, 'cpu')
    # The first step's momentum is the gradient.
    ours = nets.convert(updated.opt_state[0].trace)
  agree(f'{name} loss', {'loss': metrics['loss']}, run(), EXACT)
  agree(f'{name} gradient', ours, slopes(weights), EXACT)
  return started(state, batch, device())[1]
