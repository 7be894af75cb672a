"""An ordinary classifier, trained on labels."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from lasium_jax.descent import descent
from lasium_jax.ops.labels import shares
from lasium_jax.settings import Share
from lasium_jax.types import (
  Array,
  Batch,
  Classified,
  ClassifyFn,
  Metrics,
  Params,
  Trainer,
)


def targets_of(
  y: Array | None, classes: int, label_smoothing: float = 0.0
) -> Array:
  """Labels as probabilities.

  Args:
    y: hard labels, int32 `[n]`, or soft ones, float32 `[n, classes]`.
    classes: how many there are.
    label_smoothing: the share of each label that is given to all classes
      alike.

  Returns:
    `[n, classes]` float32. A label that is of none of the classes has NaN, so
    that nothing can train on it unnoticed.

  Raises:
    ValueError: if there are no labels, or not such.
  """
  if y is None:
    raise ValueError('A classifier learns from labels, and its batch has none.')
  probabilities = shares(y, classes)
  known = probabilities.any(axis=-1, keepdims=True)
  probabilities = jnp.where(known, probabilities, jnp.nan)
  return (1 - label_smoothing) * probabilities + label_smoothing / classes


def supervised(
  network: Any,
  shape: tuple[int, int, int],
  optimizer: optax.GradientTransformation,
  *,
  label_smoothing: Share = 0.0,
) -> tuple[ClassifyFn, Trainer]:
  """A classifier, and its training by cross-entropy.

  Args:
    network: a Linen module `(x, train) -> (logits, features)`, such as
      `lasium_jax.nets.resnet.ResNet`; its normalization keeps running averages
      of momentum `lasium_jax.nets.averages.MOMENTUM`, or it has none.
    shape: `(H, W, C)` of the images.
    optimizer: may be told the weights, for their decay.
    label_smoothing: the share of each label that is given to all classes
      alike.

  Returns:
    The classifier, which normalizes by the running averages; and its trainer,
    whose batches must have labels, hard or soft. The trainer's accuracy is of
    the likeliest class by soft labels.

  Example:
    >>> network = lx.nets.ResNet(classes=2, depth=8, width=2)
    >>> classify, trainer = lx.embeddings.supervised(
    ...   network, (8, 8, 1), optax.sgd(0.1, momentum=0.9)
    ... )
    >>> images = jnp.zeros((4, 8, 8, 1), jnp.uint8)
    >>> data = lx.TrainingSet(images, y=jnp.array([0, 1, 0, 1]))
    >>> state = trainer.init(jax.random.key(0), data)
    >>> batch = lx.batches.gather(data, jnp.arange(4), epoch=0)
    >>> update = jax.jit(trainer.updates[0])
    >>> state, metrics = update(jax.random.key(1), state, batch)
    >>> jax.jit(classify)(trainer.params(state), batch.x).logits.shape
    (4, 2)
  """

  @jax.jit  # Once for all trainings.
  def init(key: Array) -> Params:
    variables: Params = network.init(key, jnp.zeros((1, *shape)), train=False)
    return variables

  def loss_fn(
    weights: Params, averages: Params, key: Array, batch: Batch
  ) -> tuple[Array, tuple[Params, Metrics]]:
    del key
    variables = {'params': weights, **averages}
    (logits, _), averages = network.apply(
      variables, batch.x, train=True, mutable=list(averages)
    )
    targets = targets_of(batch.y, logits.shape[-1], label_smoothing)
    loss = optax.softmax_cross_entropy(logits, targets).mean()
    correct = (logits.argmax(-1) == targets.argmax(-1)).mean()
    # The largest of NaN logits is class 0, which would score as chance does.
    accuracy = jnp.where(jnp.isfinite(loss), correct, jnp.nan)
    return loss, (averages, {'loss': loss, 'accuracy': accuracy})

  def classify(params: Params, x: Array) -> Classified:
    logits, features = network.apply(params, x, train=False)
    return Classified(logits, features)

  return classify, descent(init, loss_fn, optimizer)
