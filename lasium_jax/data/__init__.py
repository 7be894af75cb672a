"""Images from files into memory, and their division into classes."""

from lasium_jax.data.dataset import Dataset, Splits, image_set

__all__ = ['Dataset', 'Splits', 'image_set']
