"""Normalization by the moments of a batch, and the activation behind it."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from lasium_jax.ops import xla_convolutions
from lasium_jax.types import Array

EPSILON = 1e-5


class Moments(NamedTuple):
  """Of each channel.

  Attributes:
    mean: `[C]`.
    variance: `[C]`, of the values at hand, no estimate of a population's.
  """

  mean: Array
  variance: Array


def normalize(
  x: Array,
  scale: Array,
  bias: Array,
  *,
  slope: float = 1.0,
  moments: Moments | None = None,
) -> tuple[Array, Moments]:
  """Batch normalization (Ioffe and Szegedy 2015), and a leaky ReLU.

  In a program of `ops.xla_convolutions.jit`, the gradient through the batch's
  own moments is written out: it keeps x alone, and reads and writes fewer
  arrays of that size than XLA's. Its numbers are the same but for rounding,
  and it cannot be differentiated forward (`jax.jvp`).

  Args:
    x: `[..., C]`.
    scale: `[C]`.
    bias: `[C]`.
    slope: what values below zero are multiplied by at the end; 0 makes it a
      ReLU, 1 leaves them.
    moments: to normalize by; None for those of x.

  Returns:
    The outputs, and the moments. No gradient flows through moments of x.
  """
  wide = (1,) * (x.ndim - 1) + (-1,)
  scale, bias = scale.reshape(wide), bias.reshape(wide)
  if moments is not None:
    given = Moments(*(moment.reshape(wide) for moment in moments))
    return _rescaled(x, given, scale, bias, slope), moments
  by_batch = _by_hand if xla_convolutions.used() else _values
  y, found = by_batch(x, scale, bias, slope)
  stopped = (jax.lax.stop_gradient(moment).reshape(-1) for moment in found)
  return y, Moments(*stopped)


def _values(
  x: Array, scale: Array, bias: Array, slope: float
) -> tuple[Array, Moments]:
  axes = tuple(range(x.ndim - 1))
  mean = x.mean(axes, keepdims=True)
  # The two sums do not wait for each other, as squared differences would.
  squares = (x * x).mean(axes, keepdims=True)
  moments = Moments(mean, jnp.maximum(squares - mean * mean, 0))
  return _rescaled(x, moments, scale, bias, slope), moments


def _rescaled(
  x: Array, moments: Moments, scale: Array, bias: Array, slope: float
) -> Array:
  factor = scale * jax.lax.rsqrt(moments.variance + EPSILON)
  y = (x - moments.mean) * factor + bias
  return y if slope == 1 else jnp.where(y > 0, y, slope * y)


def _forward(x: Array, scale: Array, bias: Array, slope: float) -> Any:
  y, moments = _values(x, scale, bias, slope)
  return (y, moments), (x, moments, scale, bias)


def _backward(slope: float, saved: Any, cotangents: Any) -> Any:
  """The gradient by x, scale and bias; the moments hand none back.

  With normalized inputs u, it is `scale / deviation * (g - mean(g) - u
  mean(g u))` by x, where g is what the activation lets pass.
  """
  x, (mean, variance), scale, bias = saved
  axes, n = tuple(range(x.ndim - 1)), x.size // x.shape[-1]
  inverse = jax.lax.rsqrt(variance + EPSILON)
  g = cotangents[0]
  if slope != 1:
    g = jnp.where((x - mean) * (scale * inverse) + bias > 0, g, slope * g)
  by_bias = g.sum(axes, keepdims=True)
  by_scale = (g * (x - mean)).sum(axes, keepdims=True) * inverse
  along = inverse * by_scale / n
  by_x = scale * inverse * (g - by_bias / n - (x - mean) * along)
  return by_x, by_scale, by_bias


_by_hand = jax.custom_vjp(_values, nondiff_argnums=(3,))
_by_hand.defvjp(_forward, _backward)
