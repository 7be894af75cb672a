"""The image files of a tree of folders, without reading them."""

import os
from collections.abc import Iterator
from pathlib import Path
from stat import S_ISREG
from typing import NamedTuple

from lasium_jax.data.decode import SUFFIXES, is_image


class ImageFile(NamedTuple):
  """A file as the listing of its folder shows it.

  Attributes:
    folder: relative to the data set's, '' for that itself; the class.
    name: in that folder.
    bytes: its size, -1 if it cannot be looked at.
    modified: in nanoseconds, likewise.
  """

  folder: str
  name: str
  bytes: int
  modified: int

  @property
  def path(self) -> str:
    return f'{self.folder}/{self.name}' if self.folder else self.name


def list_images(folder: Path) -> list[ImageFile]:
  """The image files of a tree, sorted by folder and name.

  Raises:
    FileNotFoundError, NotADirectoryError, OSError, ValueError: as
      `read_folder`.
  """
  if not folder.exists():
    raise FileNotFoundError(f'There is no folder {folder}.')
  if not folder.is_dir():
    raise NotADirectoryError(f'{folder} is a file; name a folder of images.')
  files = sorted(_walk(folder))
  if not files:
    raise ValueError(
      f'{folder} has no images: expected files that end in '
      f'{", ".join(SUFFIXES)}, in it or in folders below.'
    )
  return files


def named_image(folder: Path, name: str) -> ImageFile:
  """A file of a folder by its name, whether it is there or not."""
  return ImageFile('', name, *(_look_at(str(folder / name)) or (-1, -1)))


def _walk(top: Path) -> Iterator[ImageFile]:
  """Each folder once, so that loops of links end; by its own name first."""
  folders, links = [''], list[str]()
  seen = set()
  while folders or links:
    here = folders.pop() if folders else links.pop(0)
    stat = (top / here).stat()
    if (stat.st_dev, stat.st_ino) in seen:
      continue
    seen.add((stat.st_dev, stat.st_ino))
    for entry in sorted(os.scandir(top / here), key=lambda e: e.name):
      if entry.name.startswith('.'):
        continue
      if os.path.isdir(entry.path):
        below = f'{here}/{entry.name}' if here else entry.name
        (links if entry.is_symlink() else folders).append(below)
        continue
      look = _look_at(entry.path)
      if look is not None and is_image(entry.path):
        yield ImageFile(here, entry.name, *look)


def _look_at(path: str) -> tuple[int, int] | None:
  """Size and time; -1 for a link to nothing, which decoding will name."""
  try:
    stat = os.stat(path)
  except OSError:
    return -1, -1
  # None for a pipe or a device, which might never end.
  return (stat.st_size, stat.st_mtime_ns) if S_ISREG(stat.st_mode) else None
