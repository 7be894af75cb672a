"""A folder of few pictures, one sub-folder a class."""

from collections import Counter
from pathlib import Path

import numpy as np

from lasium_jax.data.dataset import Dataset
from lasium_jax.data.decode import ImageForm
from lasium_jax.data.folder import decode_files
from lasium_jax.data.listing import ImageFile, list_images
from lasium_jax.small_sample import check_classes


def labeled_folder(
  folder: Path, form: ImageForm, cache_dir: Path
) -> tuple[Dataset, list[str]]:
  """Reads the pictures, every one of which counts.

  Args:
    folder: with one sub-folder of pictures a class, and nothing else. Pictures
      may have any size.
    form: that they are cropped and resized to.
    cache_dir: where they are kept.

  Returns:
    The data set, and the path of each picture in the folder.

  Raises:
    OSError: if there is no such folder, or it cannot be read.
    ValueError: if pictures are elsewhere than in one sub-folder a class, a
      class has fewer than two, there are fewer than two classes, a picture
      does not decode, or one is there twice.
  """
  files = list_images(folder)
  _check_places(folder, files)
  check_classes(Counter(file.folder for file in files))
  images, files = decode_files(
    folder, files, form, choice=(), cache_dir=cache_dir, max_bad_share=0
  )
  images, paths = np.asarray(images), [file.path for file in files]
  _check_different(folder, images, paths)
  names, labels = np.unique(
    [file.folder for file in files], return_inverse=True
  )
  dataset = Dataset(images, labels.astype(np.int32), tuple(names.tolist()))
  return dataset, paths


def _check_places(folder: Path, files: list[ImageFile]) -> None:
  """Raises ValueError unless each picture is in the sub-folder of a class."""
  for file in files:
    if not file.folder or '/' in file.folder:
      where = 'deeper' if file.folder else 'in none'
      raise ValueError(
        f'{folder} must have one sub-folder of pictures a class, and '
        f'{file.path} is {where}. Move it, or name another folder.'
      )
  filled = {file.folder for file in files}
  for place in sorted(folder.iterdir()):
    hidden = place.name.startswith('.')
    if place.is_dir() and not hidden and place.name not in filled:
      raise ValueError(
        f'{place} has no pictures, and each sub-folder of {folder} is a class: '
        'put some there, or remove it.'
      )


def _check_different(
  folder: Path, images: np.ndarray, paths: list[str]
) -> None:
  """Raises ValueError if a picture is there twice.

  A model would be judged by what it learned from, or be told two classes.
  """
  seen: dict[bytes, str] = {}
  for image, path in zip(images, paths, strict=True):
    before = seen.setdefault(image.tobytes(), path)
    if before != path:
      raise ValueError(
        f'{before} and {path} in {folder} are the same picture, so that a '
        'model could be judged by what it learned from: remove one of them.'
      )
