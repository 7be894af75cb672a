"""The built-in data set: characters of many scripts, as if drawn by hand.

Nothing is downloaded: matplotlib ships typefaces, and every drawing is a
character of one of them, distorted by its own affine map, its own smooth
displacement field and its own weight of the pen. Like Omniglot it has many
classes of few drawings, and whole scripts are held out of training.

A class has the Unicode name of its character. Characters that look alike
(Latin A, Greek Alpha, Cyrillic A; also C and c, as all are drawn equally
large) would be one class under several names: only the first of them is
kept, and those of training scripts come first. So nothing that is validated
or tested on looks like something that was trained on.
"""

import functools
import pathlib
import unicodedata

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

# A script is the first word of its characters' Unicode names (OLD is Old
# Italic, EXTENDED the extended Arabic-Indic digits), but for the mathematical
# symbols, whose names have no first word in common. Of characters that look
# alike the first in this order is kept.
_SPLIT = {
  'DIGIT': 'train',
  'LATIN': 'train',
  'GREEK': 'train',
  'CYRILLIC': 'train',
  'COPTIC': 'train',
  'LISU': 'train',
  'OLD': 'train',
  'CANADIAN': 'train',
  'SYMBOL': 'train',
  'GEORGIAN': 'test',
  'ARMENIAN': 'test',
  'HEBREW': 'test',
  'ARABIC': 'test',
  'ARABIC-INDIC': 'test',
  'EXTENDED': 'test',
  'TIFINAGH': 'validation',
  'LAO': 'validation',
  'NKO': 'validation',
  'OGHAM': 'validation',
}
_ORDER = list(_SPLIT)

# The first has every character; the others are other hands. Bold and slanted
# copies are left out: the distortion has a weight and a shear of its own.
_TYPEFACES = (
  'DejaVuSans',
  'DejaVuSansMono',
  'DejaVuSerif',
  'DejaVuSerif-Italic',
  'STIXGeneral',
  'STIXGeneralItalic',
)
# TeX's code points are those of Unicode only for ASCII letters and digits.
_TEX_TYPEFACES = ('cmr10', 'cmss10', 'cmti10', 'cmtt10')

_EM = 80  # Pixels; characters are rendered at this size ...
_SMALLEST = 0.45  # Em; smaller ones are marks rather than characters.
_CANVAS = 64  # Pixels; ... and centered on a canvas of this size ...
_BOX = 44  # Pixels; ... with this as their longer side.
_BLUR = 1.5  # Pixels of the canvas; rounds corners and thins serifs.
_BATCH = 64  # Characters drawn at a time.

# How unlike (see `_apart`) two characters must be to be two classes: of one
# split, and of different splits.
_UNLIKE = 0.2
_UNLIKE_ACROSS = 0.34

# Standard deviations; the canvas spans [-1, 1].
_ROTATION = 0.12
_SHEAR = 0.14
_SCALE = 0.1
_SHIFT = 0.06
_BEND = 0.065
_KNOTS = np.linspace(-0.9, 0.9, 4)  # Where, a side, a drawing is bent.
_PEN = (0.35, 0.75)  # Range; the higher, the thinner.
_SHARPNESS = 2.5  # Edges' slope; below 0.5 / _PEN[0] paper would be gray.


def glyphs(seed: int = 0, *, size: int = 28, drawings: int = 20) -> Splits:
  """Draws the built-in data set.

  Args:
    seed: of the distortions; the classes are always the same.
    size: the height and width of an image.
    drawings: how many of each class.

  Returns:
    Classes of different scripts for training, validation and test, with
    images `[n, size, size, 1]` and names such as 'LATIN SMALL LETTER B'.

  Raises:
    FileNotFoundError: if matplotlib is there but its typefaces are not.
  """
  rng = np.random.default_rng(seed)

  def draw(split: str) -> Dataset:
    codes = sorted(c for c in _characters() if _SPLIT[_script(c)] == split)
    batches = [codes[i : i + _BATCH] for i in range(0, len(codes), _BATCH)]
    return Dataset(
      np.concatenate([_draw(rng, b, size, drawings) for b in batches]),
      np.repeat(np.arange(len(codes), dtype=np.int32), drawings),
      tuple(unicodedata.name(chr(code)) for code in codes),
    )

  return Splits(*(draw(split) for split in Splits._fields))


@functools.cache
def _characters() -> dict[int, np.ndarray]:
  """Every class's renderings: `[typefaces that have it, _CANVAS, _CANVAS]`."""
  faces = [_typeface(name) for name in _TYPEFACES]
  codes = sorted(faces[0], key=lambda code: (_ORDER.index(_script(code)), code))
  distinct = _unlike(codes, faces)
  faces += [_typeface(name) for name in _TEX_TYPEFACES]
  return {
    code: np.stack([face[code] for face in faces if code in face])
    for code in distinct
  }


@functools.cache
def _script(code: int) -> str:
  """The script of a code point, '' if it is of none in the data set."""
  character = chr(code)
  category = unicodedata.category(character)
  if unicodedata.decomposition(character):
    return ''  # Another character with an accent, or in a frame or a style.
  if category not in ('Lu', 'Ll', 'Lo', 'Nd', 'Sm'):
    return ''
  word = unicodedata.name(character).split()[0]
  if category == 'Sm':  # Some scripts have their own: an Arabic cube root.
    return '' if word in _ORDER else 'SYMBOL'
  return word if word in _ORDER else ''


def _typeface(name: str) -> dict[int, np.ndarray]:
  """A typeface's characters by code point, each `[_CANVAS, _CANVAS]` uint8."""
  path = pathlib.Path(matplotlib.get_data_path(), 'fonts', 'ttf', f'{name}.ttf')
  if not path.exists():
    raise FileNotFoundError(
      'The glyphs data set is drawn from the typefaces in the matplotlib '
      f'wheel, but {path} is missing: pip install --force-reinstall matplotlib'
    )
  codes = [c for c in ft2font.FT2Font(str(path)).get_charmap() if _script(c)]
  if name in _TEX_TYPEFACES:
    codes = [c for c in codes if chr(c).isascii() and chr(c).isalnum()]
  font = ImageFont.truetype(
    str(path), _EM, layout_engine=ImageFont.Layout.BASIC
  )
  missing = _render(font, 0x10FFFF)  # No character: most typefaces draw a box.
  inks = {code: _render(font, code) for code in codes}
  return {
    code: _center(ink, _CANVAS, _BOX)
    for code, ink in inks.items()
    if max(ink.shape) > _SMALLEST * _EM and not np.array_equal(ink, missing)
  }


def _render(font: ImageFont.FreeTypeFont, code: int) -> np.ndarray:
  """A character in uint8, cropped to its ink."""
  mask = font.getmask(chr(code), mode='L')
  width, height = mask.size
  return _crop(np.frombuffer(bytes(mask), np.uint8).reshape(height, width))


def _crop(pixels: np.ndarray) -> np.ndarray:
  """Cuts off the margins; `[0, 0]` if there is no ink."""
  rows, columns = (np.flatnonzero((pixels > 64).any(axis)) for axis in (1, 0))
  if not len(rows):
    return np.zeros((0, 0), np.uint8)
  return pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _center(
  ink: np.ndarray, size: int, box: int, *, widen: float = 1.0
) -> np.ndarray:
  """Scales ink so that its longer side is `box`, in the middle of a square.

  The ratio of its sides is raised to the power of `widen`.
  """
  sides = np.divide(ink.shape, max(ink.shape)) ** widen
  height, width = np.maximum(1, np.rint(box * sides)).astype(int)
  image = Image.fromarray(ink).resize(
    (width, height), Image.Resampling.BILINEAR
  )
  top, left = (size - height) // 2, (size - width) // 2
  square = np.zeros((size, size), np.uint8)
  square[top : top + height, left : left + width] = np.asarray(image)
  return square


def _unlike(
  codes: list[int], typefaces: list[dict[int, np.ndarray]]
) -> list[int]:
  """Those of `codes` that look like none before them in any typeface."""
  distances = np.full((len(codes), len(codes)), np.inf, np.float32)
  for typeface in typefaces:
    has = [i for i, code in enumerate(codes) if code in typeface]
    of_typeface = _apart(np.stack([typeface[codes[i]] for i in has]))
    distances[np.ix_(has, has)] = np.minimum(
      distances[np.ix_(has, has)], of_typeface
    )
  splits = np.array([_SPLIT[_script(code)] for code in codes])
  chosen: list[int] = []
  for i, split in enumerate(splits):
    enough = np.where(splits[chosen] == split, _UNLIKE, _UNLIKE_ACROSS)
    if (distances[i, chosen] > enough).all():
      chosen.append(i)
  return [codes[i] for i in chosen]


def _apart(canvases: np.ndarray) -> np.ndarray:
  """How unlike `n` canvases look: `[n, n]`, in squared 1/32 of a side.

  The mean squared distance from the ink of one to the nearest ink of the
  other, whichever way it is larger. Half a pixel is free, and narrow ones are
  widened, so that weight and proportions matter little.
  """
  n = len(canvases)
  small = [_center(_crop(canvas), 32, 26, widen=0.5) for canvas in canvases]
  ink = np.stack(small) > 100
  away = np.stack([ndimage.distance_transform_edt(~i) for i in ink])
  squares = np.float32(np.maximum(away - 0.5, 0) ** 2).reshape(n, -1)
  weights = np.float32(ink / ink.sum((1, 2), keepdims=True)).reshape(n, -1)
  means = weights @ squares.T
  larger: np.ndarray = np.maximum(means, means.T)
  return larger


def _draw(
  rng: np.random.Generator, codes: list[int], size: int, drawings: int
) -> np.ndarray:
  """`drawings` drawings of each code point: `[n, size, size, 1]` uint8."""
  shapes = [_characters()[code] for code in codes]
  counts = np.array([len(s) for s in shapes])
  chosen = rng.integers(counts[:, None], size=(len(codes), drawings))
  chosen = (chosen + (np.cumsum(counts) - counts)[:, None]).reshape(-1)
  canvases = np.concatenate(shapes) / np.float32(255)
  blurred = ndimage.gaussian_filter(canvases, (0, _BLUR, _BLUR))
  # The ink in the middle of a stroke, by which all are made equally dark.
  middle = (blurred**2).sum((1, 2)) / blurred.sum((1, 2))
  blurred /= middle[:, None, None]
  values = _sample(blurred, chosen, _distort(rng, len(chosen), size))
  pen = rng.uniform(*_PEN, (len(chosen), 1, 1))
  ink = (values - pen) * _SHARPNESS * max(1, size / 28) + 0.5
  drawn: np.ndarray = 255 * np.clip(ink, 0, 1)
  return drawn.astype(np.uint8)[..., None]


def _distort(rng: np.random.Generator, n: int, size: int) -> np.ndarray:
  """Where on its canvas each pixel of a drawing looks: `[2, n, size, size]`."""
  side = (np.arange(size) + 0.5) * 2 / size - 1
  grid = np.stack(np.meshgrid(side, side, indexing='ij')).reshape(2, -1)
  turn, shear = rng.normal(size=(2, n)) * [[_ROTATION], [_SHEAR]]
  scale = np.exp(_SCALE * rng.normal(size=(n, 2, 1)))
  rotate = np.array(
    [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
  )
  slant = np.array([[np.ones(n), np.zeros(n)], [shear, np.ones(n)]])
  affine = np.einsum('ijn,jkn->nik', rotate, slant) * scale
  shift = _SHIFT * rng.normal(size=(n, 2, 1))
  bumps = np.exp(-0.5 * ((side[:, None] - _KNOTS) / np.ptp(_KNOTS[:2])) ** 2)
  push = _BEND * rng.normal(size=(n, 2, len(_KNOTS), len(_KNOTS)))
  bend = np.einsum('yk,ncka,xa->ncyx', bumps, push, bumps, optimize=True)
  moved: np.ndarray = affine @ grid + shift + bend.reshape(n, 2, -1)
  return moved.reshape(n, 2, size, size).swapaxes(0, 1)


def _sample(
  canvases: np.ndarray, chosen: np.ndarray, where: np.ndarray
) -> np.ndarray:
  """Looks at `chosen` canvases, `where` in [-1, 1]: `[n, size, size]`."""
  pixels = np.clip((where + 1) * _CANVAS / 2 - 0.5, 0, _CANVAS - 1)
  # The canvases stand on each other: one image for all.
  pixels[0] += _CANVAS * chosen[:, None, None]
  tower = canvases.reshape(-1, _CANVAS)
  values: np.ndarray = ndimage.map_coordinates(tower, pixels, order=1)
  return values
