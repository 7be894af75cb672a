"""The labeled part of STL-10 (Coates, Lee and Ng 2011).

The files are those that its authors publish, in `stl10_binary`:

    class_names.txt             a name a line, of class 1, of class 2, and so on
    train_X.bin, test_X.bin     images: of each 3 planes of 96x96 bytes, red,
                                green and blue, column after column
    train_y.bin, test_y.bin     the class of each image, a byte, from 1
"""

import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lasium_jax.data.cache import cached, default_cache_dir
from lasium_jax.data.dataset import Dataset
from lasium_jax.data.decode import ImageForm, fit_image, pillow

SIDE = 96
SPLITS = ('train', 'test')
NAMES = 'class_names.txt'
_IMAGE_BYTES = 3 * SIDE * SIDE


class _Files(NamedTuple):
  """The files of one split."""

  images: Path
  labels: Path
  names: Path


def read_stl10(
  folder: str | Path,
  form: ImageForm,
  *,
  split: str = 'train',
  cache_dir: str | Path | None = None,
) -> Dataset:
  """The images of a split, 500 (train) or 800 (test) of each of ten classes.

  They are resized when they are read first, and kept in the cache.

  Args:
    folder: with the files above; those of the other split are not needed.
    form: of the images.
    split: one of `SPLITS`. The unlabeled images are not read.
    cache_dir: where the resized images are kept; None is
      `lasium_jax.data.cache.default_cache_dir`.

  Returns:
    The data set, whose classes are those of class_names.txt, in that order.

  Raises:
    FileNotFoundError: if a file of the above is missing.
    ImportError: if Pillow is missing.
    ValueError: if there is no such split, a file is not whole, or a label is of
      no class.
  """
  if split not in SPLITS:
    raise ValueError(
      f'STL-10 has no labeled split {split!r}; it has {", ".join(SPLITS)}.'
    )
  folder = Path(folder)
  files = _Files(
    folder / f'{split}_X.bin', folder / f'{split}_y.bin', folder / NAMES
  )
  for path in files:
    if not path.is_file():
      raise FileNotFoundError(
        f'There is no {path}. STL-10 is the folder that its authors publish as '
        f'stl10_binary.tar.gz, with {NAMES}, {split}_X.bin and {split}_y.bin.'
      )
  return cached(
    Path(cache_dir or default_cache_dir()),
    f'stl10-{split}-{form.size}x{form.size}x{form.channels}-'
    f'{"inverted" if form.invert else "plain"}-{_fingerprint(files)}',
    lambda: _read(files, form),
  )


def _fingerprint(files: _Files) -> str:
  """A digest of where the files are, their sizes and times, and this code."""
  stats = [(str(path.resolve()), path.stat()) for path in files]
  entries = [(path, stat.st_size, stat.st_mtime_ns) for path, stat in stats]
  code = Path(__file__).read_bytes()
  return hashlib.sha256(code + repr(entries).encode()).hexdigest()[:16]


def _read(files: _Files, form: ImageForm) -> Dataset:
  names = tuple(files.names.read_text(encoding='utf-8').split())
  labels = _labels(files, names)
  planes = _planes(files, len(labels))
  image_of = pillow().fromarray
  images = np.empty(
    (len(labels), form.size, form.size, form.channels), np.uint8
  )
  size = (form.size, form.size)
  order = np.argsort(labels, kind='stable')
  for place, row in enumerate(order):
    pixels = np.ascontiguousarray(planes[row].transpose(2, 1, 0))
    images[place] = fit_image(image_of(pixels), size, form.channels)
  if form.invert:
    images = 255 - images
  return Dataset(images, labels[order], names)


def _planes(files: _Files, count: int) -> np.ndarray:
  """`[n, channel, column, row]` uint8, mapped to memory."""
  found, left = divmod(files.images.stat().st_size, _IMAGE_BYTES)
  if left or found != count:
    rest = f' and {left:,} bytes of another' if left else ''
    raise ValueError(
      f'{files.images} has {found:,} images of {_IMAGE_BYTES:,} bytes{rest}, '
      f'and {files.labels.name} has {count:,} labels: one of the files is not '
      'whole. Unpack stl10_binary.tar.gz again.'
    )
  return np.memmap(
    files.images, np.uint8, mode='r', shape=(count, 3, SIDE, SIDE)
  )


def _labels(files: _Files, names: tuple[str, ...]) -> np.ndarray:
  """`[n]` int32 from 0."""
  labels = np.fromfile(files.labels, np.uint8).astype(np.int32)
  outside = np.flatnonzero((labels < 1) | (labels > len(names)))
  if len(outside):
    raise ValueError(
      f'Label {outside[0]} of {files.labels}, counted from 0, is '
      f'{labels[outside[0]]}, and {files.names.name} has classes 1 to '
      f'{len(names)}. Unpack stl10_binary.tar.gz again.'
    )
  counts = np.bincount(labels, minlength=len(names) + 1)[1:]
  empty = [names[label] for label in np.flatnonzero(counts == 0)]
  if empty or not names:
    raise ValueError(
      f'{files.labels} has no image of {", ".join(empty) or "any class"}, and '
      f'{files.names.name} has {len(names)} classes: one of the files is not '
      'whole. Unpack stl10_binary.tar.gz again.'
    )
  return labels - 1
