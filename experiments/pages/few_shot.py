"""Seeds, and the new images that were made from them, as one page."""

import html
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from experiments.pages import pictures
from experiments.pages.pictures import Pixels
from experiments.pages.report import layout, words, write_html

COLUMNS = 8  # Images in a row.
BREAK = 16  # Pixels between the seeds of a kind and what was made.


class Kind(NamedTuple):
  """A kind of images, all as they look: `[n, H, W, C]` in [0, 1].

  Attributes:
    name: of its folder.
    seeds: what was given.
    back: the seeds encoded and decoded, or None.
    made: new ones.
  """

  name: str
  seeds: np.ndarray
  back: np.ndarray | None
  made: np.ndarray


def contact_sheet(kinds: Sequence[Kind]) -> Pixels:
  """For each kind its seeds, then under a break what was made of them."""
  grids = [_grid(x, COLUMNS) for kind in kinds for x in (kind.seeds, kind.made)]
  gap = np.full((BREAK, grids[0].shape[1], 3), pictures.PAPER, np.uint8)
  rows = [row for grid in grids for row in (grid, gap)]
  return np.concatenate(rows[:-1])


def write_page(
  path: Path, kinds: Sequence[Kind], account: Sequence[str]
) -> Path:
  """Writes each kind's seeds beside its new images, whole or not at all.

  Args:
    path: of the page.
    kinds: one or more.
    account: sentences on how the images were made.

  Returns:
    The page's path.
  """
  made = sum(len(kind.made) for kind in kinds)
  seeds = words(f'{len(kind.seeds)} of {kind.name}' for kind in kinds)
  page = layout(
    f'{made:,} new images',
    f'Made like a few that were given: {seeds}.',
    {
      **{html.escape(kind.name): _kind(kind) for kind in kinds},
      'How they were made': f'<p>{html.escape(" ".join(account))}</p>',
    },
  )
  return write_html(path, page)


def _kind(kind: Kind) -> str:
  columns = min(len(kind.seeds), COLUMNS // 2)
  given = _figure('seeds', kind.seeds, columns)
  if kind.back is not None:
    given += _figure('seeds, encoded and decoded', kind.back, columns)
  made = _figure('new images', kind.made, COLUMNS)
  return f'<div class="beside"><div>{given}</div><div>{made}</div></div>'


def _figure(caption: str, images: np.ndarray, columns: int) -> str:
  sheet = _grid(images, columns)
  return (
    f'<figure><figcaption>{caption}</figcaption><div class="sheet">'
    f'<img alt="{caption}" width="{sheet.shape[1]}" height="{sheet.shape[0]}" '
    f'src="data:image/png;base64,{pictures.png_base64(sheet)}"></div></figure>'
  )


def as_pixels(images: np.ndarray) -> Pixels:
  """`[n, H, W, C]` in [0, 1] to what PNG files have, `[n, H, W]` if gray."""
  pixels = np.rint(255 * images.clip(0, 1)).astype(np.uint8)
  return pixels[..., 0] if pixels.shape[-1] == 1 else pixels


def _grid(images: np.ndarray, columns: int) -> Pixels:
  scale = pictures.scale_of(images.shape[1])
  return pictures.image_grid(images, columns, scale=scale, ink=False)
