"""Unsupervised meta-learning and few-shot learning in JAX.

Compose a generator, a latent sampler, a task function and a learner; each is a
pure function or a NamedTuple of them. See README.md for an example, and
docs/architecture.md for the whole picture.

The examples in docstrings have `jax`, `jnp` (`jax.numpy`), `optax`, and
`import lasium_jax as lx`.
"""

from typing import TYPE_CHECKING, Any

from lasium_jax import (
  batches,
  clustering,
  data,
  embeddings,
  generators,
  io,
  latents,
  learners,
  meta,
  metrics,
  models,
  nets,
  ops,
  parallel,
  settings,
  tasks,
)
from lasium_jax.nets import conv4
from lasium_jax.types import (
  Anchors,
  Batch,
  ClusterSet,
  Examples,
  Generator,
  GeneratorSource,
  ImageSet,
  Learner,
  Network,
  Task,
  Trainer,
  TrainingSet,
)

if TYPE_CHECKING:
  from lasium_jax.classifier import FewShotClassifier

__version__ = '0.2.0'

__all__ = [
  'Anchors',
  'Batch',
  'ClusterSet',
  'Examples',
  'FewShotClassifier',
  'Generator',
  'GeneratorSource',
  'ImageSet',
  'Learner',
  'Network',
  'Task',
  'Trainer',
  'TrainingSet',
  'batches',
  'clustering',
  'conv4',
  'data',
  'embeddings',
  'generators',
  'io',
  'latents',
  'learners',
  'meta',
  'metrics',
  'models',
  'nets',
  'ops',
  'parallel',
  'settings',
  'tasks',
]


def __getattr__(name: str) -> Any:
  """`FewShotClassifier` when it is asked for: scikit-learn is an extra."""
  if name != 'FewShotClassifier':
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
  try:
    from lasium_jax.classifier import FewShotClassifier
  except ImportError as error:
    raise ImportError(
      f'FewShotClassifier needs more packages ({error}): pip install '
      "'lasium_jax[classifier]'"
    ) from error
  return FewShotClassifier
