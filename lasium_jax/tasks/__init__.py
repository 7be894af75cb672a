"""Ways to make few-shot tasks, each a `TaskFn`."""

from lasium_jax.tasks.labelled import labelled
from lasium_jax.tasks.lasium import lasium
from lasium_jax.tasks.umtra import umtra

__all__ = ['labelled', 'lasium', 'umtra']
