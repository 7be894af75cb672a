"""What becomes of a batch of real images before a trainer sees it."""

from lasium_jax import batches
from lasium_jax.settings import Part, Whole
from lasium_jax.types import BatchFn, Generator


def made_alone(
  generator: Generator, classes: int, *, made: Whole = 0
) -> BatchFn:
  """Batches of made images, where no real one has a label.

  Args:
    generator: as in `lasium_jax.batches.generated`.
    classes: likewise.
    made: likewise.

  Returns:
    A batch function whose source is the generator's parameters.
  """
  return batches.generated(generator, classes, share=1.0, made=made)


BATCHES = {
  'unchanged': Part(batches.unchanged),
  'augmented': Part(batches.augmented),
  'mixed_pixels': Part(batches.mixed_pixels, given=('augment',)),
  'mixed_codes': Part(batches.mixed_codes, given=('augment',)),
  'generated': Part(batches.generated, given=('augment',)),
}
# Of classifiers of a small sample, with labels and without.
OF_A_SAMPLE = {
  'generated': BATCHES['generated'],
  'made_alone': Part(made_alone),
}
