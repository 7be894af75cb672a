"""CelebA's aligned faces, chosen by an attribute (Liu et al. 2015).

The files are those that its authors publish:

    img_align_celeba/000001.jpg   and so on, faces of 178x218 pixels
    list_attr_celeba.txt          how many there are; the names of 40
                                  attributes; then for each file its name, and
                                  1 or -1 for each attribute
    list_eval_partition.txt       for each file its name, and 0 (train), 1
                                  (validation) or 2 (test)
"""

from pathlib import Path

import numpy as np

from lasium_jax.data.dataset import Dataset
from lasium_jax.data.decode import ImageForm
from lasium_jax.data.folder import decode_files
from lasium_jax.data.listing import named_image

IMAGES = 'img_align_celeba'
ATTRIBUTES = 'list_attr_celeba.txt'
PARTITIONS = 'list_eval_partition.txt'
SPLITS = ('train', 'validation', 'test')  # By their numbers there.


def read_celeba(
  folder: str | Path,
  form: ImageForm,
  *,
  attribute: str = 'Male',
  present: bool = True,
  split: str = 'all',
  cache_dir: str | Path | None = None,
) -> Dataset:
  """The faces that have an attribute, or those that have it not.

  They are decoded when they are read first, and memory-mapped from then on, as
  those of `lasium_jax.data.read_folder`: of each the largest centered square is
  resized.

  Args:
    folder: with the files above; list_eval_partition.txt is only needed for a
      split.
    form: of the images.
    attribute: its name in list_attr_celeba.txt.
    present: whether the attribute is 1, or -1.
    split: 'all', or one of `SPLITS`.
    cache_dir: where the decoded images are kept; None is
      `lasium_jax.data.cache.default_cache_dir`.

  Returns:
    The data set, of one class: the attribute, or 'not' and the attribute.

  Raises:
    FileNotFoundError: if a file of the above is missing.
    ImportError: if Pillow or tqdm is missing.
    OSError: if the cache cannot be written.
    ValueError: if there is no such attribute or split, a list is not of this
      form, there are no such faces, or too many do not decode.
  """
  folder = Path(folder)
  names = _with_attribute(folder / ATTRIBUTES, attribute, present)
  if split != 'all':
    members = _members(folder / PARTITIONS, split)
    names = [name for name in names if name in members]
  which = attribute if present else f'not {attribute}'
  if not names:
    raise ValueError(
      f'CelebA in {folder} has no faces of {which!r} in the split {split!r}: '
      'choose another attribute or split.'
    )
  if not (folder / IMAGES).is_dir():
    raise FileNotFoundError(
      f'{folder / IMAGES} is missing: unpack img_align_celeba.zip there.'
    )
  images, _ = decode_files(
    folder / IMAGES,
    [named_image(folder / IMAGES, name) for name in names],
    form,
    choice=(attribute, present, split),
    cache_dir=cache_dir,
  )
  return Dataset(images, np.zeros(len(images), np.int32), (which,))


def _with_attribute(path: Path, attribute: str, present: bool) -> list[str]:
  """The names of the files whose attribute is 1, or -1."""
  lines = _lines(path)
  names = lines[1].split() if len(lines) > 1 else []
  if attribute not in names:
    raise ValueError(
      f'{path} has no attribute {attribute!r}; it has {", ".join(names)}.'
    )
  rows = _rows(path, lines, 2, 1 + len(names))
  if lines[0].strip() != str(len(rows)):
    raise ValueError(
      f'{path} begins with {lines[0].strip()!r}, the number of files, and '
      f'lists {len(rows):,}: it is not whole. Copy it again.'
    )
  column, wanted = 1 + names.index(attribute), '1' if present else '-1'
  return [row[0] for row in rows if row[column] == wanted]


def _members(path: Path, split: str) -> set[str]:
  """The names of the files of a split."""
  if split not in SPLITS:
    raise ValueError(
      f"CelebA has no split {split!r}; it has 'all', {', '.join(SPLITS)}."
    )
  number = str(SPLITS.index(split))
  return {name for name, of in _rows(path, _lines(path), 0, 2) if of == number}


def _lines(path: Path) -> list[str]:
  if not path.is_file():
    raise FileNotFoundError(
      f'There is no {path}. CelebA is a folder with {IMAGES}/, {ATTRIBUTES} '
      f'and, for its splits, {PARTITIONS}, as its authors publish them.'
    )
  return path.read_text(encoding='utf-8').splitlines()


def _rows(
  path: Path, lines: list[str], first: int, columns: int
) -> list[list[str]]:
  """The columns of all lines from the `first` on."""
  rows = [line.split() for line in lines[first:]]
  for number, row in enumerate(rows, first + 1):
    if len(row) != columns:
      raise ValueError(
        f'Line {number} of {path} has {len(row)} columns, and {columns} were '
        'expected: it is not the list that CelebA comes with. Copy it again.'
      )
  return rows
