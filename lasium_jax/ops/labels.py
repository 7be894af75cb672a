"""Hard and soft labels, told apart by their dtype."""

import jax
import jax.numpy as jnp
import optax

from lasium_jax.types import Array


def is_hard(y: Array) -> bool:
  """Whether labels are whole numbers `[n]`; soft ones are floats `[n, N]`.

  Raises:
    ValueError: if they are neither.
  """
  if jnp.issubdtype(y.dtype, jnp.integer) and y.ndim == 1:
    return True
  if jnp.issubdtype(y.dtype, jnp.floating) and y.ndim == 2:
    return False
  raise ValueError(
    'Labels must be whole numbers [n], or floats [n, classes], not '
    f'{y.dtype} {list(y.shape)}: give each example a class, or the share that '
    'each class has of it.'
  )


def shares(y: Array, classes: int) -> Array:
  """How much of each example each class has.

  Args:
    y: hard labels `[n]`, or soft ones `[n, classes]`.
    classes: how many there are.

  Returns:
    `[n, classes]` float32. A hard label that is none of the classes, as
    padding's -1, has a row of zeros.

  Raises:
    ValueError: if they are not such labels.
  """
  if is_hard(y):
    return jax.nn.one_hot(y, classes)
  if y.shape[1] != classes:
    raise ValueError(
      f'Soft labels are of {y.shape[1]} classes, and there are {classes}: make '
      'the labels, or what learns from them, for the other number.'
    )
  return y.astype(jnp.float32)


def likeliest(y: Array) -> Array:
  """The class that has the most of each example, of equals the first.

  Args:
    y: hard labels `[n]`, or soft ones `[n, classes]`.

  Returns:
    `[n]`; -1 where no class has any of it, as of padding.
  """
  return y if is_hard(y) else jnp.where(y.any(-1), y.argmax(-1), -1)


def cross_entropy(logits: Array, y: Array) -> Array:
  """The loss of each example.

  Args:
    logits: `[n, classes]`; a class that has nothing of an example may have
      -inf.
    y: hard labels `[n]`, or soft ones `[n, classes]`.

  Returns:
    `[n]`, in nats.

  Raises:
    ValueError: if they are not such labels.
  """
  if is_hard(y):
    return optax.softmax_cross_entropy_with_integer_labels(logits, y)
  return optax.safe_softmax_cross_entropy(logits, shares(y, logits.shape[-1]))
