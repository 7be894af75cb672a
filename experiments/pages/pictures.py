"""Images and tasks as pictures: arrays in, PNG files out.

Where in the data ink is 1 on a background of 0, it is the other way round on a
page: images of one channel are drawn dark on light. Colors stay as they are,
and so do gray photographs (`ink=False`).
"""

import base64
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw, ImageFont

from lasium_jax.types import Examples, Task

Pixels = NDArray[np.uint8]
Color = tuple[int, int, int]

EDGE = 2  # Pixels around every image of a task, in its class's color.
RING = 4  # Pixels around those: dark for an anchor, otherwise left empty.
SPACE = 2  # Pixels around the rings, so that two do not run together.
GAP = 28  # Pixels between support and query.
MARGIN = 6  # Pixels around a task.
LINE = 2  # Pixels between the images of a grid.
TEXT = 14  # Pixels of a letter.

PAPER: Color = (255, 255, 255)
RULE: Color = (216, 216, 212)
ANCHOR: Color = (17, 17, 17)
# Told apart by most color-blind readers; repeated beyond ten classes.
CLASSES: tuple[Color, ...] = (
  (43, 108, 206),
  (221, 97, 14),
  (0, 148, 104),
  (166, 82, 190),
  (214, 164, 0),
  (0, 158, 184),
  (214, 72, 124),
  (128, 88, 56),
  (120, 140, 24),
  (104, 112, 128),
)


def image_grid(
  images: ArrayLike, columns: int, *, scale: int = 2, ink: bool = True
) -> Pixels:
  """A sheet of images, row by row.

  Args:
    images: `[n, H, W, C]` in [0, 1], C of 1 or 3; n of 1 or more.
    columns: images in a row; the last row may stay short.
    scale: the side of a pixel on the sheet.
    ink: whether images of one channel are of ink, drawn dark on light.

  Returns:
    `[rows * (H * scale + LINE) + LINE, ..., 3]` uint8.

  Raises:
    ValueError: on another shape, or on values that are not finite.
  """
  tiles = _magnify(_display(images, ink), scale)
  count, height, width, _ = tiles.shape
  rows = -(-count // columns)
  sheet = _blank(
    rows * (height + LINE) + LINE, columns * (width + LINE) + LINE, RULE
  )
  cells = np.full((rows * columns, height, width, 3), PAPER, np.uint8)
  cells[:count] = tiles
  for i, cell in enumerate(cells):
    top = LINE + i // columns * (height + LINE)
    left = LINE + i % columns * (width + LINE)
    sheet[top : top + height, left : left + width] = cell
  return sheet


def labeled_grid(
  images: ArrayLike, names: Sequence[str], *, scale: int = 2, ink: bool = True
) -> Pixels:
  """A sheet with one row of images for each name, which stands left of it.

  Args:
    images: `[rows, columns, H, W, C]` in [0, 1].
    names: of the rows.
    scale: as in `image_grid`.
    ink: likewise.

  Returns:
    `[height, width, 3]` uint8.

  Raises:
    ValueError: as `image_grid`.
  """
  rows = np.asarray(images)
  columns = rows.shape[1]
  flat = rows.reshape(-1, *rows.shape[2:])
  sheet = image_grid(flat, columns, scale=scale, ink=ink)
  font = ImageFont.load_default(size=TEXT)
  width = max(int(font.getlength(name)) for name in names) + 2 * MARGIN
  labels = Image.fromarray(_blank(len(sheet), width, PAPER))
  pen, height = ImageDraw.Draw(labels), rows.shape[2] * scale + LINE
  for i, name in enumerate(names):
    middle = i * height + height // 2
    pen.text((MARGIN, middle), name, fill=ANCHOR, font=font, anchor='lm')
  return np.concatenate([np.asarray(labels), sheet], axis=1)


def titled(sheet: Pixels, title: str) -> Pixels:
  """A sheet below a line of text, which ends where the sheet does."""
  line = Image.fromarray(_blank(TEXT + 2 * MARGIN, sheet.shape[1], PAPER))
  font = ImageFont.load_default(size=TEXT)
  ImageDraw.Draw(line).text((0, MARGIN), title, fill=ANCHOR, font=font)
  return np.concatenate([np.asarray(line), sheet])


def side_by_side(sheets: Sequence[Pixels]) -> Pixels:
  """Sheets of one height, with gaps in between."""
  gap = _blank(len(sheets[0]), GAP, PAPER)
  parts = [part for sheet in sheets for part in (gap, sheet)]
  return np.concatenate(parts[1:], axis=1)


def task_picture(
  task: Task,
  shots: int,
  queries: int,
  *,
  anchors: bool,
  scale: int = 2,
  ink: bool = True,
) -> Pixels:
  """A task, one class a row: support left of the gap, query right of it.

  Every image is edged in its class's color, as in the paper's Figures 1 and
  2. An anchor has a thick dark ring around that.

  Args:
    task: ordered by class, as `lasium_jax.types.Task` says.
    shots: K.
    queries: Q.
    anchors: whether each class's first support image is its anchor.
    scale: the side of an image's pixel in the picture.
    ink: as in `image_grid`.

  Returns:
    `[height, width, 3]` uint8; an image with its edge and ring takes
    `scale * size + 2 * (EDGE + RING + SPACE)` pixels each way.

  Raises:
    ValueError: if the examples are not N times K and N times Q, ordered by
      class, or their values not finite.
  """
  support, query = _rows(task.support, shots), _rows(task.query, queries)
  if len(support) != len(query):
    raise ValueError(
      f'The task has {len(support)} classes in its support and {len(query)} '
      f'in its query, by {shots} shots and {queries} queries a class.'
    )
  rows = []
  for i, (left, right) in enumerate(zip(support, query, strict=True)):
    color = CLASSES[i % len(CLASSES)]
    first, *others = _magnify(
      _display(np.concatenate([left, right]), ink), scale
    )
    tiles = [_tile(first, color, ANCHOR if anchors else PAPER)]
    tiles += [_tile(x, color, PAPER) for x in others]
    tiles.insert(shots, _gap(len(tiles[0])))
    rows.append(np.concatenate(tiles, axis=1))
  return _frame(np.concatenate(rows), MARGIN, PAPER)


def save_png(path: Path, array: Pixels) -> None:
  """Writes `array`, `[H, W, 3]` or `[H, W]` uint8, whole or not at all.

  Folders are made where missing. What a killed run has left under the
  temporary name, the next one overwrites.
  """
  path.parent.mkdir(parents=True, exist_ok=True)
  partial = path.with_name(f'.{path.name}')
  try:
    Image.fromarray(array).save(partial, format='PNG', optimize=True)
    partial.replace(path)
  finally:
    partial.unlink(missing_ok=True)


def png_base64(array: Pixels) -> str:
  """The PNG file of `array`, `[H, W, 3]` uint8, as a page can hold it."""
  png = io.BytesIO()
  Image.fromarray(array).save(png, 'PNG', optimize=True)
  return base64.b64encode(png.getvalue()).decode()


def scale_of(side: int) -> int:
  """By how much the pixels of images of this side are enlarged, to be seen."""
  return 2 if side <= 44 else 1


def _display(images: ArrayLike, ink: bool) -> Pixels:
  """`[n, H, W, C]` in [0, 1] to `[n, H, W, 3]` uint8, as on paper."""
  x = np.asarray(images, np.float64)
  if x.ndim != 4 or x.shape[-1] not in (1, 3) or not len(x):
    raise ValueError(
      f'Images to draw must be [n, H, W, 1 or 3], one or more, not {x.shape}.'
    )
  if not np.isfinite(x).all():
    raise ValueError('Images to draw hold values that are not finite.')
  if x.shape[-1] == 1 and ink:
    x = 1 - x
  levels = np.rint(255 * x.clip(0, 1)).astype(np.uint8)
  return np.broadcast_to(levels, (*x.shape[:3], 3))


def _magnify(images: Pixels, scale: int) -> Pixels:
  """Every pixel of `[n, H, W, 3]` as a square of `scale` pixels."""
  return images.repeat(scale, axis=1).repeat(scale, axis=2)


def _rows(examples: Examples, count: int) -> NDArray[np.float64]:
  """`[N * count, H, W, C]` examples as `[N, count, H, W, C]`."""
  x, y = np.asarray(examples.x, np.float64), np.asarray(examples.y)
  ways = len(y) // count
  if not np.array_equal(y, np.repeat(np.arange(ways), count)):
    raise ValueError(
      f'The labels {y.tolist()} are not those of {count} examples a class, '
      'ordered by class.'
    )
  return x.reshape(ways, count, *x.shape[1:])


def _tile(pixels: Pixels, color: Color, ring: Color) -> Pixels:
  edged = _frame(_frame(pixels, EDGE, color), RING, ring)
  return _frame(edged, SPACE, PAPER)


def _gap(height: int) -> Pixels:
  """The empty column between support and query, a thin rule in its middle."""
  gap = _blank(height, GAP, PAPER)
  gap[:, GAP // 2 - 1 : GAP // 2 + 1] = RULE
  return gap


def _frame(image: Pixels, width: int, color: Color) -> Pixels:
  height, length, _ = image.shape
  framed = _blank(height + 2 * width, length + 2 * width, color)
  framed[width:-width, width:-width] = image
  return framed


def _blank(height: int, width: int, color: Color) -> Pixels:
  return np.full((height, width, 3), color, np.uint8)
