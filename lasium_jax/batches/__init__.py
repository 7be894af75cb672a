"""Which rows meet in a batch, and what becomes of it."""

from lasium_jax.batches.augmented import augmented, unchanged
from lasium_jax.batches.crops import crops
from lasium_jax.batches.gather import gather
from lasium_jax.batches.generated import generated
from lasium_jax.batches.mixed import mixed_codes, mixed_pixels
from lasium_jax.batches.orders import (
  repeated,
  sets_of_a_class,
  shuffled,
)

__all__ = [
  'augmented',
  'crops',
  'gather',
  'generated',
  'mixed_codes',
  'mixed_pixels',
  'repeated',
  'sets_of_a_class',
  'shuffled',
  'unchanged',
]
