"""Unsupervised meta-learning and few-shot learning in JAX.

Compose a generator, a latent sampler, a task function and a learner; each is a
pure function or a NamedTuple of them. See README.md for an example, and
docs/architecture.md for the whole picture.
"""

from lasium_jax import data, generators, latents, learners, meta, metrics, tasks
from lasium_jax.nets import conv4
from lasium_jax.types import (
  Anchors,
  Examples,
  Generator,
  GeneratorSource,
  ImageSet,
  Learner,
  Network,
  Task,
  Trainer,
)

__version__ = '0.1.0'

__all__ = [
  'Anchors',
  'Examples',
  'Generator',
  'GeneratorSource',
  'ImageSet',
  'Learner',
  'Network',
  'Task',
  'Trainer',
  'conv4',
  'data',
  'generators',
  'latents',
  'learners',
  'meta',
  'metrics',
  'tasks',
]
