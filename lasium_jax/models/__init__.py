"""Trained models as files, and back."""

from lasium_jax.models.build import (
  classifier,
  generator,
  has_head,
  has_inversion,
  image_shape,
  learner,
  shapes,
)
from lasium_jax.models.card import BadModel
from lasium_jax.models.files import Model, load_model, save_model
from lasium_jax.models.heads import HEADS, Choice, Head, choose, heads
from lasium_jax.models.inception import load_inception
from lasium_jax.models.uses import (
  Use,
  account,
  account_of_classifier,
  expected,
  manner,
  uses,
)
from lasium_jax.models.vgg import load_vgg16

__all__ = [
  'HEADS',
  'BadModel',
  'Choice',
  'Head',
  'Model',
  'Use',
  'account',
  'account_of_classifier',
  'choose',
  'classifier',
  'expected',
  'generator',
  'has_head',
  'has_inversion',
  'heads',
  'image_shape',
  'learner',
  'load_inception',
  'load_model',
  'load_vgg16',
  'manner',
  'save_model',
  'shapes',
  'uses',
]
