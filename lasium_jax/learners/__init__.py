"""Learners: what is judged on few-shot tasks."""

from lasium_jax.learners import head
from lasium_jax.learners.maml import maml
from lasium_jax.learners.nearest import nearest_neighbors
from lasium_jax.learners.protonets import protonets
from lasium_jax.learners.scratch import scratch

__all__ = ['head', 'maml', 'nearest_neighbors', 'protonets', 'scratch']
