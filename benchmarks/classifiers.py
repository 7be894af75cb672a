"""What is measured of ordinary classifiers: a training step on small photos."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import optax

from benchmarks import classifier_flops, flops
from benchmarks.cases import Case, training_step
from lasium_jax.embeddings import supervised
from lasium_jax.nets import ResNet, ResNet18, WideResNet
from lasium_jax.types import TrainingSet

CLASSES = 10
RATE, MOMENTUM = 0.05, 0.9


class Kind(NamedTuple):
  """A network to train.

  Attributes:
    make: `(classes, **sizes)`, the module.
    layers: `(shape, classes, **sizes)`, its operations layer by layer.
    sizes: as it is measured.
    small: as it is tried.
  """

  make: Callable[..., Any]
  layers: Callable[..., flops.Layers]
  sizes: dict[str, int]
  small: dict[str, int]


NETWORKS = {
  'resnet20': Kind(
    ResNet,
    classifier_flops.resnet,
    {'depth': 20, 'width': 16},
    {'depth': 8, 'width': 2},
  ),
  'wrn16-8': Kind(
    WideResNet,
    classifier_flops.wide_resnet,
    {'depth': 16, 'width': 8},
    {'depth': 10, 'width': 2},
  ),
  'wrn16-2': Kind(
    WideResNet,
    classifier_flops.wide_resnet,
    {'depth': 16, 'width': 2},
    {'depth': 10, 'width': 1},
  ),
  'resnet18': Kind(
    ResNet18, classifier_flops.resnet18, {'width': 64}, {'width': 2}
  ),
}


def classifier_step(name: str, *, small: bool, reference: bool) -> Case:
  """A training step on one batch, gathered from its images."""
  kind = NETWORKS[name]
  sizes = kind.small if small else kind.sizes
  side, size = (16, 8) if small else (32, 128)
  shape = (side, side, 3)
  _, trainer = supervised(
    kind.make(CLASSES, **sizes),
    shape,
    optax.sgd(RATE, momentum=MOMENTUM, nesterov=True),
  )
  check = None
  if reference:
    from benchmarks import torch_classifiers

    check = functools.partial(
      torch_classifiers.compared_step, name, rate=RATE, momentum=MOMENTUM
    )
  count = flops.train(kind.layers(shape, CLASSES, **sizes), size)
  return training_step(trainer, photos(shape, size), size, count, check)


def photos(shape: flops.Shape, n: int) -> TrainingSet:
  """Noise, with labels that take turns."""
  rng = np.random.default_rng(0)
  images = rng.integers(0, 256, (n, *shape), np.uint8)
  return TrainingSet(jnp.asarray(images), y=jnp.arange(n) % CLASSES)
