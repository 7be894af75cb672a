"""Images from files into memory, and their division into classes."""

from lasium_jax.data.celeba import read_celeba
from lasium_jax.data.dataset import Dataset, Splits, evenly_spaced, image_set
from lasium_jax.data.decode import ImageForm, decode_image
from lasium_jax.data.folder import read_folder, split_folder
from lasium_jax.data.groups import class_groups
from lasium_jax.data.pictures import as_images

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
  'split_folder',
]
