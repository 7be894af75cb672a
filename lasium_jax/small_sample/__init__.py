"""Classifiers that are trained from scratch on a few images of each class."""

from lasium_jax.small_sample.checks import check_classes, check_shape
from lasium_jax.small_sample.recipe import (
  RECIPE,
  Drawing,
  Parts,
  Recipe,
  Shape,
  card_of,
  checked_recipe,
  generator_steps,
  parts,
  recipe,
)
from lasium_jax.small_sample.training import TRAINING, Training

__all__ = [
  'RECIPE',
  'TRAINING',
  'Drawing',
  'Parts',
  'Recipe',
  'Shape',
  'Training',
  'card_of',
  'check_classes',
  'check_shape',
  'checked_recipe',
  'generator_steps',
  'parts',
  'recipe',
]
