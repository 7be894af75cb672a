"""Images from files into memory, and their division into classes."""

from lasium_jax.data.celeba import read_celeba
from lasium_jax.data.dataset import Dataset, Splits, evenly_spaced, image_set
from lasium_jax.data.decode import ImageForm, decode_image
from lasium_jax.data.folder import read_folder, split_folder
from lasium_jax.data.groups import class_groups
from lasium_jax.data.pictures import as_images
from lasium_jax.data.stl10 import read_stl10
from lasium_jax.data.tiny_imagenet import read_tiny_imagenet

__all__ = [
  'Dataset',
  'ImageForm',
  'Splits',
  'as_images',
  'class_groups',
  'decode_image',
  'evenly_spaced',
  'image_set',
  'read_celeba',
  'read_folder',
  'read_stl10',
  'read_tiny_imagenet',
  'split_folder',
]
