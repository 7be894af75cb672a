"""New images of kinds never seen, each from a few pictures in a folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

from experiments.applications.folders import find_pictures
from experiments.applications.makers import Way, maker
from experiments.pages import pictures
from experiments.pages.few_shot import (
  Kind,
  as_pixels,
  contact_sheet,
  write_page,
)
from experiments.pages.report import words
from experiments.run.outputs import check_folder
from experiments.run.record import writing
from lasium_jax import models
from lasium_jax.data.pictures import picture_shape, read_picture
from lasium_jax.ops.images import as_floats

DEFAULT = Way()


class Generated(NamedTuple):
  """What was written.

  Attributes:
    page: the seeds beside what was made from them.
    sheet: all of them in one PNG file.
    folder: a PNG file for each new image.
    account: sentences on how they were made.
  """

  page: Path
  sheet: Path
  folder: Path
  account: list[str]


def generate(
  model: Path,
  images: Path,
  out: Path,
  *,
  way: Way = DEFAULT,
  number: int = 24,
  seed: int = 0,
  fit: bool = False,
) -> Generated:
  """Makes new images of each kind in a folder.

  Args:
    model: of a generator.
    images: two pictures or more of one kind, or one sub-folder a kind.
    out: a new or empty folder.
    way: how they are made.
    number: of new images of a kind.
    seed: of the random numbers.
    fit: whether pictures of another size or of other channels are made what the
      model takes; without it they are refused.

  Returns:
    What was written.

  Raises:
    ValueError: if the model, a folder or a picture cannot be used; BadModel is
      one.
    OSError: if `out` has something in it, or cannot be written.
  """
  check_folder(out)
  if out.exists() and any(out.iterdir()):
    raise FileExistsError(
      f'--out is {out}, which is no empty folder; name another one.'
    )
  loaded = models.load_model(model)
  making = maker(loaded, way)
  shape = models.image_shape(loaded.card)
  found = _kinds(images)
  seeds = {name: _read(files, shape, fit) for name, files in found.items()}
  keys = jax.random.split(jax.random.key(seed), len(seeds))
  kinds = [
    Kind(name, x, making.back and making.back(x), making.make(key, x, number))
    for key, (name, x) in zip(keys, seeds.items(), strict=True)
  ]
  return _write(out, kinds, [*making.account, *_fewer(kinds, number)])


def _fewer(kinds: Sequence[Kind], number: int) -> list[str]:
  """A sentence, if of some kinds there are not as many as were asked for."""
  names = [kind.name for kind in kinds if len(kind.made) < number]
  if not names:
    return []
  return [f'Of {words(names)} there are no {number} that differ.']


def _kinds(folder: Path) -> dict[str, list[Path]]:
  """The pictures of each kind, two or more, by its name."""
  found = find_pictures(folder)
  labels = found.labels or [folder.resolve().name] * len(found.files)
  kinds: dict[str, list[Path]] = {}
  for label, file in zip(labels, found.files, strict=True):
    kinds.setdefault(label, []).append(file)
  for name, files in kinds.items():
    if len(files) < 2:
      raise ValueError(
        f'{folder} has one picture of {name}, {files[0].name}; new images are '
        'made from two or more of a kind. Add another.'
      )
  return kinds


def _read(
  files: Sequence[Path], shape: tuple[int, int, int], fit: bool
) -> np.ndarray:
  """Pictures as they look, in the shape that the model takes."""
  pixels = [read_picture(file, shape[:2], shape[2]) for file in files]
  for file in files:
    found = picture_shape(file)
    if found != shape and not fit:
      raise ValueError(
        f'{file} is {_in_words(found)}, and the model takes images that are '
        f'{_in_words(shape)}. With --fit pictures are cropped, resized and '
        'recolored to that.'
      )
  return np.asarray(as_floats(np.stack(pixels)))


def _in_words(shape: tuple[int, int, int]) -> str:
  height, width, channels = shape
  return f'{width}x{height} and {"gray" if channels == 1 else "of colors"}'


def _write(out: Path, kinds: list[Kind], account: list[str]) -> Generated:
  folder, sheet = out / 'images', out / 'contact_sheet.png'
  with writing(out):
    for kind in kinds:
      place = folder / kind.name if len(kinds) > 1 else folder
      for i, image in enumerate(as_pixels(kind.made)):
        pictures.save_png(place / f'{i:03d}.png', image)
    pictures.save_png(sheet, contact_sheet(kinds))
  page = write_page(out / 'index.html', kinds, account)
  return Generated(page, sheet, folder, account)
