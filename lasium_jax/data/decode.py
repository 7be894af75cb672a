"""One image file as an array of a set form, whatever it was stored as."""

import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

SUFFIXES = ('.png', '.jpg', '.jpeg', '.webp', '.bmp', '.tif', '.tiff')
# Other formats are not even tried: some start programs (EPS).
FORMATS = ('PNG', 'JPEG', 'WEBP', 'BMP', 'TIFF')
# How files begin; a BMP's two letters could be those of any text.
_BEGINNINGS = re.compile(
  rb'\x89PNG\r\n\x1a\n|\xff\xd8\xff|RIFF....WEBP|II\*\0|MM\0\*', re.DOTALL
)


class ImageForm(NamedTuple):
  """What every image is made to be.

  Attributes:
    size: side of the square, in pixels.
    channels: 1 (gray) or 3 (RGB).
    invert: for dark ink on white paper, so that ink becomes 255.
    max_pixels: width times height above which a file is refused by its header,
      before any of it is decoded. Pillow refuses 179 million by itself.
  """

  size: int
  channels: int
  invert: bool = False
  max_pixels: int = 100_000_000


def is_image(path: str) -> bool:
  """Whether a file is named like an image, or begins like one."""
  if path.lower().endswith(SUFFIXES):
    return True
  try:
    with open(path, 'rb') as file:
      return bool(_BEGINNINGS.match(file.read(16)))
  except OSError:
    return False


def decode_image(path: Path, form: ImageForm) -> np.ndarray:
  """Reads one image file, as `fit_image` says, as a square.

  Of several frames or pages the first is read.

  Args:
    path: of a PNG, JPEG, WebP, BMP or TIFF file.
    form: of the result.

  Returns:
    `[size, size, channels]` uint8.

  Raises:
    ImportError: if Pillow is missing.
    Exception: if the file does not decode; Pillow raises many types.
  """
  with pillow().open(path, formats=FORMATS) as file:
    check_pixels(file, form.max_pixels)
    # A JPEG decodes to a half, a quarter or an eighth faster than as a whole;
    # twice the side that is needed leaves the resizing to the filter below.
    file.draft(None, (2 * form.size, 2 * form.size))
    pixels = fit_image(file, (form.size, form.size), form.channels)
  return 255 - pixels if form.invert else pixels


def check_pixels(file: Any, most: int) -> None:
  """Raises `ValueError` if an opened file's header says more than `most`."""
  width, height = file.size
  if width * height > most:
    raise ValueError(f'its {width}x{height} pixels are more than {most:,}')


def fit_image(image: Any, size: tuple[int, int], channels: int) -> np.ndarray:
  """An image upright, opaque, in bytes and of a set size, as it looks.

  It is turned as its EXIF orientation says; what is transparent shows white;
  16-bit images keep their most significant byte, rounded; CMYK becomes RGB
  without its color profile; the largest centered part of the size's shape is
  resized with antialiasing.

  Args:
    image: Pillow's.
    size: `(H, W)`.
    channels: 1 (gray) or 3 (RGB).

  Returns:
    `[H, W, channels]` uint8.

  Raises:
    ValueError: if its pixels are out of range.
  """
  resampling = pillow().Resampling.LANCZOS
  from PIL import ImageOps

  image = _opaque_bytes(ImageOps.exif_transpose(image))
  image = image.convert('L' if channels == 1 else 'RGB')
  image = ImageOps.fit(image, size[::-1], resampling)
  return np.asarray(image).reshape(*size, channels)


def pillow() -> Any:
  """Pillow's main module, an optional dependency."""
  try:
    from PIL import Image
  except ImportError as error:
    raise ImportError(
      "Reading image files needs Pillow: pip install 'lasium_jax[folder]'"
    ) from error
  return Image


def _opaque_bytes(image: Any) -> Any:
  """An image whose pixels are bytes, and none transparent."""
  image_module = pillow()
  if image.mode[0] in 'IF':
    return image_module.fromarray(_as_bytes(np.asarray(image)))
  if not image.has_transparency_data:
    return image
  image = image.convert('RGBA')
  white = image_module.new('RGBA', image.size, 'white')
  return image_module.alpha_composite(white, image)


def _as_bytes(pixels: np.ndarray) -> np.ndarray:
  """Gray levels of 0..65535, or of 0..1 as floats, to 0..255."""
  top = 1 if np.issubdtype(pixels.dtype, np.floating) else 65_535
  low, high = pixels.min(), pixels.max()
  if not (low >= 0 and high <= top):  # NaN is in no range.
    raise ValueError(
      f'its pixels go from {low} to {high}, and not from 0 to {top}'
    )
  return np.rint(pixels * (255 / top)).astype(np.uint8)
