"""Classifiers of very small samples: what is trained, on which batches.

A residual network is trained from scratch on the few images of each class, and,
if asked for, on batches of which a part is drawn by a generator that was
trained on the same images before (COLA, section 6).
"""

import math
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from lasium_jax import batches, optimizers
from lasium_jax.fitting import Learning
from lasium_jax.models.build import make_classifier, make_generator
from lasium_jax.settings import Count, NonNegative, Part, Share, Whole, check
from lasium_jax.small_sample.training import TRAINING, Name
from lasium_jax.types import ClassifyFn, Generator

Shape = tuple[int, int, int]


class Recipe(NamedTuple):
  """How a classifier of a small sample is trained; see `recipe`."""

  recipe: Name
  generator: str | None
  network: str
  width: int
  steps: int
  batch_size: int
  learning_rate: float
  share: float
  margin: int
  mirror: bool
  generator_epochs: int
  generator_batch: int
  generator_width: int


class Drawing(NamedTuple):
  """A generator of the classes, and how it learns.

  Attributes:
    model: draws images of a class.
    learning: what is trained, on all images with their labels.
  """

  model: Generator
  learning: Learning


class Parts(NamedTuple):
  """What is trained for some classes of images of one shape.

  Attributes:
    classify: the classifier.
    learning: what is trained; its batches are made of the generator's
      parameters, or of nothing.
    drawing: what is trained before, or None.
  """

  classify: ClassifyFn
  learning: Learning
  drawing: Drawing | None


def recipe(
  *,
  recipe: Name = 'paper',
  generator: Literal['cola'] | None = None,
  network: Literal['resnet20', 'infogan'] = 'resnet20',
  width: Count = 16,
  steps: Count | None = None,
  batch_size: Count | None = None,
  learning_rate: NonNegative | None = None,
  share: Share = 0.5,
  margin: Whole = 4,
  mirror: bool = True,
  generator_epochs: Count = 500,
  generator_batch: Count = 16,
  generator_width: Count = 64,
) -> Recipe:
  """The settings of a classifier of a small sample.

  Args:
    recipe: how it is trained, with Nesterov's momentum of 0.9. 'paper' is
      COLA's (appendix B.3): a weight decay of 5e-4, and a rate that is halved
      at every sixth of the steps. 'strong' is a recipe by which plain networks
      learn better from few photographs: small batches, a weight decay of
      5.3e-3, a rate that falls to 0 on a cosine, margins that reflect the
      image, and TrivialAugment, which turns images by up to 135 degrees, so
      that it is not for characters.
    generator: what draws a part of each batch: 'cola', sCOLA with a cluster for
      each class, or None for real images alone.
    network: of the classifier; 'resnet20' is the paper's.
    width: of the network; its defaults have 0.27 million parameters.
    steps: of the classifier; None for 2,000, and by 'strong' 10,000. The
      paper's classifiers have 7,800 of 128 images.
    batch_size: images of such a step; None for 64, and by 'strong' 10.
    learning_rate: the highest; None for 0.1, and by 'strong' 4.55e-3.
    share: of each batch that the generator draws.
    margin: pixels that an image is moved at most, each way.
    mirror: whether half of the images are mirrored. Characters must not be.
    generator_epochs: how often the generator sees each image.
    generator_batch: images of its step, or all where there are fewer. Its rates
      are halved every 50 epochs, so that it hardly learns where a sample is a
      batch or two; of hundreds of images a larger one takes less time.
    generator_width: of its network.

  Returns:
    The recipe, which has a number in place of each None.
  """
  own = TRAINING[recipe]
  return Recipe(
    recipe,
    generator,
    network,
    width,
    own.steps if steps is None else steps,
    own.batch_size if batch_size is None else batch_size,
    own.learning_rate if learning_rate is None else learning_rate,
    share,
    margin,
    mirror,
    generator_epochs,
    generator_batch,
    generator_width,
  )


RECIPE = Part(recipe)


def checked_recipe(settings: dict[str, Any], where: str) -> Recipe:
  """A recipe whose settings are what their annotations say.

  Args:
    settings: arguments of `recipe`.
    where: what they are of, for messages.

  Returns:
    The recipe.

  Raises:
    BadSetting: if one is of another type or out of bounds.
  """
  check(RECIPE, settings, where)
  return recipe(**settings)


def network_of(recipe: Recipe) -> dict[str, Any]:
  """The classifier's network, as a card has it."""
  return {'name': recipe.network, 'width': recipe.width}


def card_of(
  recipe: Recipe,
  shape: Shape,
  class_names: Sequence[str],
  *,
  invert: bool,
  seed: int,
) -> dict[str, Any]:
  """The card of a classifier, as `lasium_jax.models.Model` has it.

  Args:
    recipe: how it was trained.
    shape: `(H, W, C)` of the images.
    class_names: in the order of its logits.
    invert: whether pictures are inverted on reading.
    seed: of its training.

  Returns:
    The card, without accuracies.
  """
  height, width, channels = shape
  return {
    'kind': 'classifier',
    'architecture': {
      'network': network_of(recipe),
      'classes': len(class_names),
    },
    'image': {
      'height': height,
      'width': width,
      'channels': channels,
      'invert': invert,
    },
    'class_names': list(class_names),
    'training': {'labels': True, 'seed': seed, 'recipe': recipe._asdict()},
    'accuracy': [],
  }


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


def parts(recipe: Recipe, shape: Shape, classes: int) -> Parts:
  """What is trained.

  Args:
    recipe: how.
    shape: `(H, W, C)` of the images.
    classes: how many.

  Returns:
    The parts.
  """
  own = TRAINING[recipe.recipe]
  optimizer = optimizers.sgd(
    recipe.steps, learning_rate=recipe.learning_rate, **own.optimizer
  )
  drawing = _drawing(recipe, shape, classes)
  augment = batches.crops(
    margin=recipe.margin, mirror=recipe.mirror, **own.views
  )
  if drawing is not None:
    batch_fn = batches.generated(
      drawing.model, classes, share=recipe.share, augment=augment
    )
  else:
    batch_fn = batches.augmented(augment) if augment else batches.unchanged()
  classify, trainer = make_classifier(
    network_of(recipe), classes, shape, optimizer
  )
  order = batches.repeated(recipe.batch_size)
  return Parts(classify, Learning(trainer, order, batch_fn), drawing)


def _drawing(recipe: Recipe, shape: Shape, classes: int) -> Drawing | None:
  if recipe.generator is None:
    return None
  section = {
    'name': recipe.generator,
    'clusters': classes,
    'width': recipe.generator_width,
    # As many as the paper has, if the smallest of them has 3 pixels a side.
    'levels': min(3, int(math.log2(max(min(shape[:2]), 3) / 3)) + 1),
  }
  model, trainer = make_generator(section, shape)
  # Each image has a code, and must not be twice in a batch.
  order = batches.shuffled(recipe.generator_batch)
  return Drawing(model, Learning(trainer, order))


def generator_steps(recipe: Recipe, images: int) -> int:
  """How many steps the generator is trained for on so many images."""
  batch = min(recipe.generator_batch, images)
  return recipe.generator_epochs * (images // batch)
