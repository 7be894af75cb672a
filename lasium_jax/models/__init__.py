"""Trained models as files, and back."""

from lasium_jax.models.build import generator, image_shape, learner, shapes
from lasium_jax.models.card import BadModel
from lasium_jax.models.files import Model, load_model, save_model

__all__ = [
  'BadModel',
  'Model',
  'generator',
  'image_shape',
  'learner',
  'load_model',
  'save_model',
  'shapes',
]
