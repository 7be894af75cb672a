"""Classifiers of very small samples: what is trained, on which batches.

A residual network is trained from scratch on the few images of each class, and,
if asked for, on batches of which a part is drawn by a generator that was
trained on the same images before (COLA, section 6).
"""

import json
import math
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from lasium_jax import batches, optimizers
from lasium_jax.fitting import Learning
from lasium_jax.models.build import Depth, make_classifier, make_generator
from lasium_jax.settings import (
  BadSetting,
  Count,
  NonNegative,
  Part,
  Share,
  Whole,
  check,
)
from lasium_jax.small_sample.training import TRAINING, Name
from lasium_jax.types import ClassifyFn, Generator

Shape = tuple[int, int, int]


class Recipe(NamedTuple):
  """How a classifier of a small sample is trained; see `recipe`."""

  recipe: Name
  generator: str | None
  network: str
  width: int
  depth: int | None
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
  network: Literal[
    'resnet20', 'resnet32', 'wide_resnet', 'infogan'
  ] = 'resnet20',
  width: Count | None = None,
  depth: Depth | None = None,
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
    network: of the classifier; 'resnet20' is the paper's, of 0.27 million
      parameters for 10 classes, and 'resnet32' has 0.46. A 'wide_resnet' has
      0.69 where neither its width nor its depth is given: WRN-16-2.
    width: of the network; None for 16, and of a wide one 2.
    depth: of a wide network, None for 16. Others have none.
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
    The recipe, which has a number in place of each None that stands for one.
  """
  wide = network == 'wide_resnet'
  own = TRAINING[recipe]
  return Recipe(
    recipe,
    generator,
    network,
    (2 if wide else 16) if width is None else width,
    16 if wide and depth is None else depth,
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
    BadSetting: if one is of another type or out of bounds, or a depth is given
      to a network that has its own.
  """
  check(RECIPE, settings, where)
  made = recipe(**settings)
  if made.depth is not None and made.network != 'wide_resnet':
    raise BadSetting(
      f'{where}.depth is {made.depth}, and {made.network} has its own: only a '
      'wide_resnet can be given one.'
    )
  return made


def network_of(recipe: Recipe) -> dict[str, Any]:
  """The classifier's network, as a card has it."""
  depth = {} if recipe.depth is None else {'depth': recipe.depth}
  return {'name': recipe.network, 'width': recipe.width, **depth}


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
  card = {
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
  # Settings may be NumPy's numbers, which JSON does not have.
  plain: dict[str, Any] = json.loads(json.dumps(card, default=np.generic.item))
  return plain


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
