"""How classifiers of small samples are trained, by the names of recipes."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

Name = Literal['paper', 'strong']


class Training(NamedTuple):
  """What a recipe says where a user says nothing else.

  Attributes:
    steps: in all.
    batch_size: images of a step.
    learning_rate: the highest.
    optimizer: other arguments of `lasium_jax.optimizers.sgd`, which has
      Nesterov's momentum of 0.9.
    views: arguments of `lasium_jax.batches.crops` beside how far an image is
      moved and whether it is mirrored.
  """

  steps: int
  batch_size: int
  learning_rate: float
  optimizer: Mapping[str, Any]
  views: Mapping[str, Any]


TRAINING: Mapping[Name, Training] = MappingProxyType(
  {
    # COLA's (appendix B.3), in fewer steps of fewer images.
    'paper': Training(
      steps=2_000,
      batch_size=64,
      learning_rate=0.1,
      optimizer={
        'weight_decay': 5e-4,
        'schedule': 'steps',
        'decay_at': tuple(i / 6 for i in range(1, 6)),
        'decay_by': 0.5,
      },
      views={'edges': 'zero', 'trivial_augment': False},
    ),
    # The rate, the weight decay and the batches that Brigato et al. (2022)
    # tuned for 50 images of each class. They augmented images by crops alone.
    'strong': Training(
      steps=10_000,
      batch_size=10,
      learning_rate=4.55e-3,
      optimizer={'weight_decay': 5.3e-3, 'schedule': 'cosine'},
      views={'edges': 'reflect', 'trivial_augment': True},
    ),
  }
)
