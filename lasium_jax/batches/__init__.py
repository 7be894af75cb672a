"""Which rows meet in a batch, and what becomes of it."""

from lasium_jax.batches.augmented import augmented, unchanged
from lasium_jax.batches.orders import gather, shuffled

__all__ = ['augmented', 'gather', 'shuffled', 'unchanged']
