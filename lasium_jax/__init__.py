"""Unsupervised meta-learning and few-shot learning in JAX.

Compose a generator, a latent sampler, a task function and a learner; each is a
pure function or a NamedTuple of them. See README.md for an example, and
docs/architecture.md for the whole picture.

The examples in docstrings have `jax`, `jnp` (`jax.numpy`), `optax`, and
`import lasium_jax as lx`.
"""

import importlib
from typing import TYPE_CHECKING, Any

from lasium_jax import (
  batches,
  clustering,
  data,
  embeddings,
  fitting,
  generators,
  io,
  latents,
  learners,
  meta,
  metrics,
  models,
  nets,
  ops,
  optimizers,
  parallel,
  settings,
  small_sample,
  surrogates,
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
  from lasium_jax.classifier import FewShotClassifier as FewShotClassifier
  from lasium_jax.small_sample.classifier import (
    SmallSampleClassifier as SmallSampleClassifier,
  )

__version__ = '0.2.0'

__all__ = [
  'Anchors',
  'Batch',
  'ClusterSet',
  'Examples',
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
  'fitting',
  'generators',
  'io',
  'latents',
  'learners',
  'meta',
  'metrics',
  'models',
  'nets',
  'ops',
  'optimizers',
  'parallel',
  'settings',
  'small_sample',
  'surrogates',
  'tasks',
]


# Where the classifiers are. They are imported when they are asked for:
# scikit-learn is an extra, without which `import *` must work.
_CLASSIFIERS = {
  'FewShotClassifier': 'lasium_jax.classifier',
  'SmallSampleClassifier': 'lasium_jax.small_sample.classifier',
}


def __getattr__(name: str) -> Any:
  """A classifier by scikit-learn's conventions."""
  if name not in _CLASSIFIERS:
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
  try:
    return getattr(importlib.import_module(_CLASSIFIERS[name]), name)
  except ImportError as error:
    raise ImportError(
      f'{name} needs more packages ({error}): pip install '
      "'lasium_jax[classifier]'"
    ) from error
