"""Tiny ImageNet, 200 of ImageNet's classes at 64x64 (Le and Yang 2015).

The files are those of the course that published it, in `tiny-imagenet-200`:

    wnids.txt                  the classes' WordNet identifiers, one a line
    words.txt                  an identifier, a tab, and the words for it; of
                               many more than these classes
    train/WNID/images/*.JPEG   images of each class
    val/images/*.JPEG          images for validation
    val/val_annotations.txt    for each of these its name, its class's
                               identifier, and a box, with tabs between them

Its test has no labels, and is not read.
"""

from collections import Counter
from pathlib import Path

import numpy as np

from lasium_jax.data.dataset import Dataset
from lasium_jax.data.decode import ImageForm
from lasium_jax.data.folder import decode_files
from lasium_jax.data.listing import ImageFile, list_images

SPLITS = ('train', 'validation')
IDENTIFIERS = 'wnids.txt'
WORDS = 'words.txt'
VALIDATION = 'val/images'
ANNOTATIONS = 'val/val_annotations.txt'
_COLUMNS = 6  # Of an annotation.
_AGAIN = 'Unpack tiny-imagenet-200.zip again.'


def read_tiny_imagenet(
  folder: str | Path,
  form: ImageForm,
  *,
  split: str = 'train',
  cache_dir: str | Path | None = None,
) -> Dataset:
  """The images of a split, 500 (train) or 50 (validation) of each class.

  They are decoded when they are read first, and memory-mapped from then on, as
  those of `lasium_jax.data.read_folder`; but each file must decode.

  Args:
    folder: with the files above; those of the other split are not needed.
    form: of the images.
    split: one of `SPLITS`. What is called the test in papers is the validation.
    cache_dir: where the decoded images are kept; None is
      `lasium_jax.data.cache.default_cache_dir`.

  Returns:
    The data set, whose classes are those of wnids.txt, in that order. A class
    is called by the first of its words, with its identifier where another has
    the same.

  Raises:
    FileNotFoundError: if a file of the above is missing.
    ImportError: if Pillow or tqdm is missing.
    OSError: if the cache cannot be written.
    ValueError: if there is no such split, a list is not of this form or not
      whole, a label is of no class, a class has no images, or an image does not
      decode.
  """
  if split not in SPLITS:
    raise ValueError(
      f'Tiny ImageNet has no labeled split {split!r}; it has '
      f'{", ".join(SPLITS)}.'
    )
  folder = Path(folder)
  classes = _lines(folder / IDENTIFIERS)
  names = _names(folder / WORDS, classes)
  files_of = _train if split == 'train' else _validation
  found = files_of(folder, set(classes))
  counts = Counter(identifier for identifier, _ in found)
  empty = [identifier for identifier in classes if not counts[identifier]]
  if empty:
    raise ValueError(
      f'{folder} ({split}) has no images of {len(empty)} of the '
      f'{len(classes)} classes of {IDENTIFIERS}, such as {empty[0]}. {_AGAIN}'
    )
  index = {identifier: label for label, identifier in enumerate(classes)}
  found.sort(key=lambda pair: (index[pair[0]], pair[1]))
  images, _ = decode_files(
    folder,
    [file for _, file in found],
    form,
    choice=(split,),
    cache_dir=cache_dir,
    max_bad_share=0,
  )
  labels = np.array([index[identifier] for identifier, _ in found], np.int32)
  return Dataset(images, labels, names)


def _train(folder: Path, classes: set[str]) -> list[tuple[str, ImageFile]]:
  """Each image with its class, from the folder that it is in."""
  found = []
  for file in list_images(folder / 'train'):
    identifier, _, rest = file.folder.partition('/')
    if identifier not in classes or rest != 'images':
      raise ValueError(
        f'{folder / "train" / file.path} is in no folder train/WNID/images of '
        f'a class of {IDENTIFIERS}: the list is not whole, or the image not of '
        f'the data set. {_AGAIN}'
      )
    found.append((identifier, file._replace(folder=f'train/{file.folder}')))
  return found


def _validation(folder: Path, classes: set[str]) -> list[tuple[str, ImageFile]]:
  """Each image with its class, from the list of annotations."""
  path = folder / ANNOTATIONS
  class_of = {}
  for number, line in enumerate(_lines(path), 1):
    columns = line.split('\t')
    if len(columns) != _COLUMNS:
      raise ValueError(
        f'Line {number} of {path} has {len(columns)} columns, and {_COLUMNS} '
        f'were expected. {_AGAIN}'
      )
    name, identifier = columns[:2]
    if identifier not in classes:
      raise ValueError(
        f'Line {number} of {path} says that {name} is of the class '
        f'{identifier!r}, which {IDENTIFIERS} does not have. {_AGAIN}'
      )
    class_of[name] = identifier
  files = {file.name: file for file in list_images(folder / VALIDATION)}
  lost = class_of.keys() - files.keys()
  if lost:
    raise FileNotFoundError(
      f'{folder / VALIDATION} lacks {len(lost):,} of the {len(class_of):,} '
      f'images of {path.name}, such as {min(lost)}. {_AGAIN}'
    )
  unlabeled = files.keys() - class_of.keys()
  if unlabeled:
    raise ValueError(
      f'{path} lists {len(class_of):,} of the {len(files):,} images of '
      f'{VALIDATION}, and not {min(unlabeled)}: it is not whole. {_AGAIN}'
    )
  return [
    (identifier, files[name]._replace(folder=VALIDATION))
    for name, identifier in class_of.items()
  ]


def _names(path: Path, classes: list[str]) -> tuple[str, ...]:
  """What classes are called, each by a name of its own."""
  words = dict(line.partition('\t')[::2] for line in _lines(path))
  lost = [identifier for identifier in classes if not words.get(identifier)]
  if lost:
    raise ValueError(
      f'{path} has no words for {len(lost)} of the {len(classes)} classes of '
      f'{IDENTIFIERS}, such as {lost[0]}. {_AGAIN}'
    )
  first = [words[identifier].split(',')[0].strip() for identifier in classes]
  counts = Counter(first)
  return tuple(
    name if counts[name] == 1 else f'{name} ({identifier})'
    for name, identifier in zip(first, classes, strict=True)
  )


def _lines(path: Path) -> list[str]:
  """The lines of a file that are not empty."""
  if not path.is_file():
    raise FileNotFoundError(
      f'There is no {path}. Tiny ImageNet is the folder tiny-imagenet-200, '
      f'with {IDENTIFIERS}, {WORDS}, train/ and val/, as it is published.'
    )
  text = path.read_text(encoding='utf-8')
  return [line for line in text.splitlines() if line.strip()]
