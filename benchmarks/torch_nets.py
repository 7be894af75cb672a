"""The networks in PyTorch, as its users write them: NCHW, eager, float32.

Each is a function of parameters converted from ours, so that the two compute
the same numbers.
"""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

Params = dict[str, Tensor]


def convert(tree: Any, device: str = 'cpu') -> Params:
  """Our parameters (or their gradients) as PyTorch's, by path.

  Convolution kernels `[h, w, I, O]` become `[O, I, h, w]`. PyTorch's
  transposed convolution is the gradient of a convolution, ours a convolution
  of the dilated input: its kernels become `[I, O, h, w]`, turned around.
  """
  params = {}
  for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
    name = jax.tree_util.keystr(path, simple=True, separator='/')
    array = np.asarray(leaf)
    if 'ConvTranspose' in name and array.ndim == 4:
      array = array[::-1, ::-1].transpose(2, 3, 0, 1)
    elif array.ndim == 4:
      array = array.transpose(3, 2, 0, 1)
    elif array.ndim == 2:
      array = array.T
    params[name] = torch.tensor(np.ascontiguousarray(array), device=device)
  return params


def trainable(params: Params) -> Params:
  return {name: value.requires_grad_() for name, value in params.items()}


def images(x: Any, device: str = 'cpu') -> Tensor:
  """`[n, H, W, C]` as `[n, C, H, W]`."""
  x = np.ascontiguousarray(np.asarray(x).transpose(0, 3, 1, 2))
  return torch.tensor(x, device=device)


def part(params: Mapping[str, Tensor], prefix: str) -> Params:
  """The parameters of one module, by their names in it."""
  start = f'{prefix}/'
  return {
    name.removeprefix(start): value
    for name, value in params.items()
    if name.startswith(start)
  }


def _layer(params: Params, name: str) -> tuple[Tensor, Tensor]:
  return params[f'{name}/kernel'], params[f'{name}/bias']


def conv(params: Params, name: str, x: Tensor, stride: int = 1) -> Tensor:
  """SAME convolution; at stride 2 an odd pixel of padding is at the end."""
  kernel, bias = _layer(params, name)
  window = kernel.shape[-1]
  totals = [
    max((-(-size // stride) - 1) * stride + window - size, 0)
    for size in x.shape[2:]
  ]
  if all(total % 2 == 0 for total in totals):
    padding = [total // 2 for total in totals]
    return F.conv2d(x, kernel, bias, stride, padding)
  (top, bottom), (left, right) = ((t // 2, t - t // 2) for t in totals)
  return F.conv2d(F.pad(x, (left, right, top, bottom)), kernel, bias, stride)


def conv_transpose(params: Params, name: str, x: Tensor) -> Tensor:
  """SAME transposed convolution of stride 2, of windows of 3 or 4."""
  kernel, bias = _layer(params, name)
  height, width = (2 * size for size in x.shape[2:])
  if kernel.shape[-1] == 4:
    return F.conv_transpose2d(x, kernel, bias, stride=2, padding=1)
  x = F.conv_transpose2d(x, kernel, bias, stride=2)
  return x[:, :, :height, :width]


def dense(params: Params, name: str, x: Tensor) -> Tensor:
  return F.linear(x, *_layer(params, name))


def conv4(params: Params, x: Tensor, *, downsample: str, head: str) -> Tensor:
  """Logits of `lasium_jax.nets.conv4`, with SAME padding and no scale."""
  for i in range(4):
    x = conv(params, f'Conv_{i}', x, 2 if downsample == 'stride' else 1)
    bias = params[f'BatchStatisticsNorm_{i}/bias']
    # Its second derivative needs a scale, though it be one.
    scale = torch.ones_like(bias)
    x = F.batch_norm(x, None, None, scale, bias, training=True, eps=1e-3)
    x = torch.relu(x)
    if downsample == 'max_pool':
      x = F.max_pool2d(x, 2)
  x = x.mean((2, 3)) if head == 'mean' else flat(x)
  return dense(params, 'Dense_0', x)


def flat(x: Tensor) -> Tensor:
  """Features in our order, the channel last."""
  return x.permute(0, 2, 3, 1).flatten(1)


def unflat(x: Tensor, height: int, width: int) -> Tensor:
  x = x.view(len(x), height, width, -1)
  return x.permute(0, 3, 1, 2).contiguous()


def batch_norm(
  params: Params, averages: Params, number: int, x: Tensor
) -> Tensor:
  """Normalization by the batch, which updates the running averages."""
  scope = f'BatchNorm_{number}'
  scale, bias = params[f'{scope}/scale'], params[f'{scope}/bias']
  mean, variance = averages[f'{scope}/mean'], averages[f'{scope}/var']
  return F.batch_norm(
    x, mean, variance, scale, bias, training=True, momentum=0.01, eps=1e-5
  )


def _block(params: Params, averages: Params, number: int, x: Tensor) -> Tensor:
  return torch.relu(batch_norm(params, averages, number, x))


def vae_encode(
  params: Params, averages: Params, x: Tensor
) -> tuple[Tensor, Tensor]:
  """Mean and log-variance of the latents; four blocks."""
  for i, stride in enumerate((2, 2, 1, 1)):
    x = _block(params, averages, i, conv(params, f'Conv_{i}', x, stride))
  mean, log_variance = dense(params, 'Dense_0', flat(x)).chunk(2, dim=1)
  return mean, log_variance


def vae_decode(
  params: Params, averages: Params, z: Tensor, size: tuple[int, int]
) -> Tensor:
  """Logits of images of `size`; four blocks."""
  x = torch.relu(dense(params, 'Dense_0', z))
  x = unflat(x, size[0] // 4, size[1] // 4)
  for i in range(4):
    if i < 2:
      x = conv_transpose(params, f'ConvTranspose_{i}', x)
    else:
      x = conv(params, f'Conv_{i - 2}', x)
    x = _block(params, averages, i, x)
  return conv(params, 'Conv_2', x)


def gan_generator(params: Params, z: Tensor, size: tuple[int, int]) -> Tensor:
  """Images of `size` in (0, 1)."""
  x = F.leaky_relu(dense(params, 'Dense_0', z), 0.2)
  x = unflat(x, size[0] // 4, size[1] // 4)
  for i in range(2):
    x = F.leaky_relu(conv_transpose(params, f'ConvTranspose_{i}', x), 0.2)
  return torch.sigmoid(conv(params, 'Conv_0', x))


def gan_discriminator(params: Params, x: Tensor) -> Tensor:
  """One logit an image."""
  for i in range(3):
    x = F.leaky_relu(conv(params, f'Conv_{i}', x, stride=2), 0.2)
  return dense(params, 'Dense_0', x.amax((2, 3)))[:, 0]
