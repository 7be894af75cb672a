"""Which images a classifier of a small sample can learn from."""

from lasium_jax.small_sample.recipe import Recipe, Shape
from lasium_jax.small_sample.training import TRAINING


def check_shape(recipe: Recipe, shape: Shape) -> None:
  """Sees that what is trained can be of images of a shape `(H, W, C)`.

  Raises:
    ValueError: if it cannot; the message says which sizes can.
  """
  if shape[2] not in (1, 3):
    raise ValueError(
      f'Images must have 1 channel or 3, and these have {shape[2]}.'
    )
  if recipe.generator and any(side % 4 for side in shape[:2]):
    raise ValueError(
      f"The generator 'cola' needs sides that 4 divides, and these images are "
      f'{shape[0]}x{shape[1]}: give another size, or no generator.'
    )
  reflects = TRAINING[recipe.recipe].views['edges'] == 'reflect'
  if reflects and recipe.margin >= min(shape[:2]):
    raise ValueError(
      f'The recipe {recipe.recipe!r} reflects images about their edges, so '
      f'that margin, which is {recipe.margin}, must be below their sides: '
      f'these images are {shape[0]}x{shape[1]}.'
    )


def check_classes(counts: dict[str, int]) -> None:
  """Sees that there are classes to tell apart, each of two images or more.

  Args:
    counts: how many images each class has, by its name.

  Raises:
    ValueError: if not; the message names the class.
  """
  if len(counts) < 2:
    names = ', '.join(map(repr, counts)) or 'none'
    raise ValueError(
      'A classifier needs two or more classes to tell apart, and there is '
      f'{names}: only 1 class. Add images of another.'
      if counts
      else 'There are no images.'
    )
  lonely = [name for name, count in counts.items() if count < 2]
  if lonely:
    raise ValueError(
      f'Class {lonely[0]!r} has one image, and each needs two or more: one to '
      'learn from and one to be judged by. Add images of it, or leave it out.'
    )
