"""Other views of the small photographs that a classifier learns from."""

from lasium_jax import batches
from lasium_jax.settings import Part

CROPS = Part(batches.crops)
