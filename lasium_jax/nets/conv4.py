"""The four-block convolutional network of few-shot learning."""

from typing import Any, Literal

import flax.linen as nn
import jax

from lasium_jax.nets.norm import STATISTICS, BatchStatisticsNorm
from lasium_jax.ops.conv import conv_of_learner
from lasium_jax.ops.pool import max_pool_2x2
from lasium_jax.settings import Count, Whole
from lasium_jax.types import Array, Network, Params

Downsample = Literal['stride', 'max_pool']
Head = Literal['mean', 'flatten']


class _Conv4(nn.Module):
  """`outputs` None leaves the features of the last block, flattened."""

  outputs: int | None
  filters: tuple[int, ...]  # Of each block.
  downsample: Downsample
  padding: str
  head: Head
  use_scale: bool

  @nn.compact
  def __call__(self, x: Array, mask: Array | None = None) -> Array:
    strides, side = 2 if self.downsample == 'stride' else 1, x.shape[1:3]
    for filters in self.filters:
      x = nn.Conv(
        filters,
        (3, 3),
        strides=strides,
        padding=self.padding,
        kernel_init=nn.initializers.glorot_uniform(),
        conv_general_dilated=conv_of_learner,
      )(x)
      x = nn.relu(BatchStatisticsNorm(use_scale=self.use_scale)(x, mask))
      if self.downsample == 'max_pool':
        x = max_pool_2x2(x)
    if 0 in x.shape[1:]:
      raise ValueError(
        f'conv4 leaves nothing of images of {side[0]}x{side[1]} pixels: take '
        "larger ones, or padding='SAME'."
      )
    if self.outputs is not None and self.head == 'mean':
      x = x.mean(axis=(1, 2))
    x = x.reshape(len(x), -1)
    if self.outputs is None:
      return x
    dense = nn.Dense(self.outputs, kernel_init=nn.initializers.glorot_uniform())
    return dense(x)


def conv4(
  outputs: int | None,
  *,
  filters: Count = 64,
  last_filters: Whole = 0,
  downsample: Downsample = 'stride',
  padding: Literal['SAME', 'VALID'] = 'SAME',
  head: Head = 'mean',
  use_scale: bool = False,
) -> Network:
  """Four blocks of 3x3 convolution, batch normalization and ReLU.

  The paper's text (section 4.2) halves the image by 2x2 max pooling; the
  released code for Omniglot by stride 2, then averages over positions.

  Args:
    outputs: number of logits, or None for the flattened features of the last
      block (ProtoNets).
    filters: channels of each block.
    last_filters: of the last block, in place of `filters`; 0 for the same.
      Where pooling leaves one position, as of 28x28 pixels, its channels are
      all of the features.
    downsample: 'stride' or 'max_pool'.
    padding: of the convolutions; the released code for 84x84 uses 'VALID'.
    head: what the logits are computed from, the average over positions
      ('mean') or all positions ('flatten').
    use_scale: whether normalization learns a scale beside its offset.

  Returns:
    A `Network`; its outputs are `[n, outputs]`, or `[n, features]`.

  Example:
    >>> network = lx.conv4(5, filters=4)
    >>> x = jnp.zeros((3, 28, 28, 1))
    >>> params = network.init(jax.random.key(0), x)
    >>> logits, moments = jax.jit(network.apply)(params, x)
    >>> logits.shape
    (3, 5)
  """
  channels = (filters, filters, filters, last_filters or filters)
  module = _Conv4(outputs, channels, downsample, padding, head, use_scale)
  return network(module)


def network(module: nn.Module) -> Network:
  """Wraps a module whose only state is `BatchStatisticsNorm`'s moments.

  Args:
    module: `(x, mask) -> outputs`.

  Returns:
    A `Network`.
  """

  def init(key: Array, x: Array) -> Params:
    return jax.jit(module.init)(key, x)['params']

  def apply(
    params: Params,
    x: Array,
    statistics: Any = None,
    mask: Array | None = None,
  ) -> tuple[Array, Any]:
    if statistics is not None:
      variables = {'params': params, STATISTICS: statistics}
      return module.apply(variables, x), statistics  # type: ignore[return-value]
    outputs, updates = module.apply(
      {'params': params}, x, mask, mutable=[STATISTICS]
    )
    return outputs, updates[STATISTICS]

  return Network(init, apply)
