"""Ways to make few-shot tasks, each a `TaskFn`."""

from lasium_jax.tasks.cactus import cactus, partition_set
from lasium_jax.tasks.clustered import cluster_set, clustered
from lasium_jax.tasks.labeled import labeled
from lasium_jax.tasks.lasium import lasium
from lasium_jax.tasks.recognition import RealAndMade, recognition
from lasium_jax.tasks.umtra import umtra

__all__ = [
  'RealAndMade',
  'cactus',
  'cluster_set',
  'clustered',
  'labeled',
  'lasium',
  'partition_set',
  'recognition',
  'umtra',
]
