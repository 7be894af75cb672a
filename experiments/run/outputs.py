"""Sees that results can be written where --out says, before the work."""

import os
from pathlib import Path


def check_folder(out: Path) -> None:
  """Sees that there is a folder, or that one can be made.

  Nothing is made yet, so that what is refused later leaves nothing behind.

  Args:
    out: the folder.

  Raises:
    OSError: if it cannot be written; the message names --out.
  """
  nearest = next(
    place
    for place in (out.absolute(), *out.absolute().parents)
    if os.path.lexists(place)
  )
  if not nearest.is_dir():
    raise NotADirectoryError(
      f'--out is {out}, and {nearest} is no folder: name another --out.'
    )
  if not os.access(nearest, os.W_OK | os.X_OK):
    raise PermissionError(
      f'--out is {out}, and nothing may be written in {nearest}: name another '
      '--out.'
    )


def check_new_folder(out: Path) -> None:
  """Sees that there is an empty folder, or that one can be made.

  Args:
    out: the folder.

  Raises:
    OSError: if it cannot be written, or is not empty.
  """
  check_folder(out)
  if out.exists() and any(out.iterdir()):
    raise FileExistsError(
      f'--out is {out}, which is not empty: name another --out.'
    )


def check_files(out: Path, *endings: str) -> None:
  """Sees that files of a name can be written.

  Args:
    out: their path, without their endings.
    *endings: such as '.png'.

  Raises:
    OSError: if one cannot be; the message names --out.
  """
  if not out.name:
    raise IsADirectoryError(
      f'--out is {out}, a folder: name the files in it, without an ending.'
    )
  check_folder(out.parent)
  for ending in endings:
    file = out.with_name(f'{out.name}{ending}')
    if file.is_dir():
      raise IsADirectoryError(
        f'--out is {out}, and {file} is a folder: name another --out.'
      )
