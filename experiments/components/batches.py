"""What becomes of a batch of real images before a trainer sees it."""

from lasium_jax import batches
from lasium_jax.settings import Part

BATCHES = {
  'unchanged': Part(batches.unchanged),
  'augmented': Part(batches.augmented),
  'mixed_pixels': Part(batches.mixed_pixels, given=('augment',)),
  'mixed_codes': Part(batches.mixed_codes, given=('augment',)),
  'generated': Part(batches.generated, given=('augment',)),
}
