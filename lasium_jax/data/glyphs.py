"""The built-in data set: characters of many scripts, as if drawn by hand.

Nothing is downloaded: matplotlib ships typefaces, and every drawing is a
character of one of them, distorted by its own affine map, its own smooth
displacement field and its own weight of the pen. Like Omniglot it has many
classes of few drawings, and whole scripts are held out of training.

A class is named by the Unicode name of its character. Characters that render
alike (Latin A, Greek Alpha, Cyrillic A; O and o) would be one class under
several names, so of those only the first is kept, training scripts first:
nothing that is validated or tested on looks like something trained on.
"""

import functools
import pathlib
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from lasium_jax.data.dataset import Dataset, Splits

try:
  import matplotlib
  from matplotlib import ft2font
  from PIL import Image, ImageFont
  from scipy import ndimage
except ImportError as error:
  raise ImportError(
    'The glyphs data set is drawn from the typefaces that come with '
    'matplotlib: pip install lasium_jax[glyphs]'
  ) from error

# By the first word of a character's Unicode name; mathematical symbols, whose
# names begin in many ways, are SYMBOL. The order decides who names a class
# when characters look alike.
_SCRIPTS = {
  'train': (
    'LATIN',
    'DIGIT',
    'GREEK',
    'CYRILLIC',
    'COPTIC',
    'LISU',
    'CANADIAN',
    'SYMBOL',
  ),
  'test': (
    'GEORGIAN',
    'ARMENIAN',
    'HEBREW',
    'ARABIC',
    'ARABIC-INDIC',
    'EXTENDED',  # Extended Arabic-Indic digits.
  ),
  'validation': ('TIFINAGH', 'LAO', 'NKO', 'OLD', 'OGHAM'),
}
_ORDER = [script for scripts in _SCRIPTS.values() for script in scripts]

# The slanted versions of the sans serifs are sheared copies: the distortion
# makes those too.
_TYPEFACES = (
  'DejaVuSans',
  'DejaVuSans-Bold',
  'DejaVuSansMono',
  'DejaVuSansMono-Bold',
  'DejaVuSerif',
  'DejaVuSerif-Bold',
  'DejaVuSerif-Italic',
  'STIXGeneral',
  'STIXGeneralBol',
  'STIXGeneralItalic',
)
# Beyond ASCII letters and digits their code points are TeX's, not Unicode's.
_TEX_TYPEFACES = ('cmr10', 'cmb10', 'cmss10', 'cmtt10', 'cmti10')
_BOLD = ('Bold', 'Bol', 'cmb10')

_EM = 80  # Pixels; what characters are rendered at.
_CANVAS = 64  # Pixels; what they are scaled to, centred, before distortion ...
_BOX = 44  # ... with their longer side at so many.
_BLUR = 1.5  # Pixels of the canvas; rounds the corners and thins serifs.
_COARSE = 2  # Pixels of the canvas in one of those that shapes are compared by.
_ALIKE = 0.35  # Squared pixels of those.
_KNOTS = 4  # A side, of the grid that random displacements are given at.
_BATCH = 1024  # Drawings made at a time.


class _Character(NamedTuple):
  """A character and its renderings `[faces, _CANVAS, _CANVAS]` in [0, 1]."""

  name: str
  script: str
  shapes: np.ndarray
  bold: np.ndarray


def glyphs(
  seed: int = 0, *, size: int = 28, drawings: int = 20
) -> Splits:
  """Draws the data set: the same for the same seed.

  Args:
    seed: of the distortions; the classes are always the same.
    size: height and width of an image.
    drawings: how many of each class.

  Returns:
    Training, validation and test classes, of different scripts; images
    `[n, size, size, 1]`, class names such as 'LATIN SMALL LETTER A'.

  Raises:
    FileNotFoundError: if matplotlib is there but its typefaces are not.
  """
  rng = np.random.default_rng(seed)
  return Splits(
    *(
      _draw_split(
        rng, [c for c in characters() if c.script in _SCRIPTS[split]],
        size, drawings,
      )
      for split in Splits._fields
    )
  )


@functools.cache
def characters() -> tuple[_Character, ...]:
  """The characters that look like none before them, by script."""
  faces = _renderings()
  codes = sorted(faces, key=lambda code: (_ORDER.index(_script(code)), code))
  new = _look_new([np.stack([s for s, bold in faces[code] if not bold] or [faces[code][0][0]]) for code in codes])
  return tuple(
    _Character(unicodedata.name(chr(code)), _script(code), np.stack([s for s, _ in faces[code]]), np.array([b for _, b in faces[code]]))
    for code, keep in zip(codes, new, strict=True) if keep
  )


def _script(code: int) -> str:
  """The script of a code point; '' if the data set has no place for it."""
  character = chr(code)
  category = unicodedata.category(character)
  if unicodedata.decomposition(character):
    return ''  # An accented or otherwise composed form of another character.
  if category == 'Sm':
    return 'SYMBOL'
  if category not in ('Lu', 'Ll', 'Lo', 'Nd'):
    return ''
  word = unicodedata.name(character).split()[0]
  return word if word in _ORDER else ''


def _renderings() -> dict[int, list[tuple[np.ndarray, bool]]]:
  faces: dict[int, list] = {}
  for name in (*_TYPEFACES, *_TEX_TYPEFACES):
    bold = name.endswith(_BOLD)
    for code, shape in _render(_path(name), name in _TEX_TYPEFACES):
      faces.setdefault(code, []).append((shape, bold))
  return faces


def _path(name: str) -> pathlib.Path:
  path = pathlib.Path(matplotlib.get_data_path(), 'fonts', 'ttf', f'{name}.ttf')
  if not path.exists():
    raise FileNotFoundError(
      f'{path} is missing. The glyphs data set is drawn from the typefaces '
      'in the matplotlib wheel; some distributions strip them: '
      'pip install --force-reinstall matplotlib'
    )
  return path


def _render(path: pathlib.Path, ascii_only: bool) -> Iterator[tuple[int, np.ndarray]]:
  font = ImageFont.truetype(
    str(path), _EM, layout_engine=ImageFont.Layout.BASIC
  )
  missing = _bitmap(font, 0x10FFFF)
  for code in ft2font.FT2Font(str(path)).get_charmap():
    if not _script(code) or ascii_only and not (code < 128 and chr(code).isalnum()):
      continue
    bitmap = _bitmap(font, code)
    if bitmap.any() and not np.array_equal(bitmap, missing):
      yield code, _centred(bitmap)


def _bitmap(font, code):
  mask = font.getmask(chr(code), mode='L')
  width, height = mask.size
  return np.frombuffer(bytes(mask), np.uint8).reshape(height, width)


def _centred(bitmap):
  """Crops to the ink, and scales that to the middle of a canvas."""
  rows = np.flatnonzero(bitmap.max(1) > 64)
  columns = np.flatnonzero(bitmap.max(0) > 64)
  ink = bitmap[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
  height, width = np.maximum(
    1, np.rint(np.array(ink.shape) * _BOX / max(ink.shape)).astype(int)
  )
  scaled = Image.fromarray(ink).resize((width, height), Image.Resampling.BOX if max(ink.shape) > _BOX else Image.Resampling.BILINEAR)
  top, left = (_CANVAS - height) // 2, (_CANVAS - width) // 2
  canvas = np.zeros((_CANVAS, _CANVAS), np.float32)
  canvas[top : top + height, left : left + width] = np.asarray(scaled) / np.float32(255)
  return canvas


def _look_new(shapes: list[np.ndarray]) -> list[bool]:
  """Whether each is unlike all before."""
  total = sum(len(s) for s in shapes)
  side = _CANVAS // _COARSE
  inks = np.zeros((total, side**2), np.float32)
  squares = np.zeros((total, side**2), np.float32)
  n = 0
  keep = []
  for shape in shapes:
    coarse = shape.reshape(-1, side, _COARSE, side, _COARSE).mean((2, 4))
    ink = coarse > 0.4
    square = np.stack([np.maximum(ndimage.distance_transform_edt(~i)-.5,0)**2 for i in ink]).reshape(len(ink),-1).astype(np.float32)
    ink = ink.reshape(len(ink), -1).astype(np.float32)
    ink /= ink.sum(1, keepdims=True)
    apart = np.maximum(ink @ squares[:n].T, square @ inks[:n].T)
    keep.append(n == 0 or apart.min() > _ALIKE)
    if keep[-1]:
      inks[n:n+len(ink)] = ink
      squares[n:n+len(ink)] = square
      n += len(ink)
  return keep


def _draw_split(rng, chars, size, drawings):
  images = [_draw(rng, c, size, drawings) for c in chars]
  ...
