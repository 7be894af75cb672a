"""Pictures of any kind as the images that a model takes."""

import io
from pathlib import Path
from typing import Any

import numpy as np

from lasium_jax.data.decode import FORMATS, check_pixels, fit_image, pillow

_MAX_PIXELS = 80_000_000  # A picture's; Pillow warns from 89 million.
_ORIENTATION = 0x0112  # A tag of EXIF.
_ON_THEIR_SIDES = (5, 6, 7, 8)  # Orientations that swap height and width.


def read_picture(
  picture: Any, size: tuple[int, int], channels: int
) -> np.ndarray:
  """A picture as bytes of a set size, by `fit_image`; no polarity is changed.

  Args:
    picture: a file's name, path or content, of PNG, JPEG, WebP, BMP or TIFF;
      a Pillow image; or an array `[h, w]` or `[h, w, c]` of uint8.
    size: `(H, W)`.
    channels: 1 (gray) or 3.

  Returns:
    `[H, W, channels]` uint8.

  Raises:
    ImportError: if Pillow is missing.
    OSError: if there is no such file.
    ValueError: if it does not decode, or is too large.
  """
  if isinstance(picture, bytes):
    return _read_file(io.BytesIO(picture), 'The file', size, channels)
  if isinstance(picture, str | Path):
    return _read_file(picture, str(picture), size, channels)
  if isinstance(picture, np.ndarray):
    picture = pillow().fromarray(
      picture[..., 0] if picture.shape[2:] == (1,) else picture
    )
  return fit_image(picture, size, channels)


def picture_shape(path: Path) -> tuple[int, int, int]:
  """`(H, W, C)` of a picture that decodes, by its header, C of 1 or 3."""
  with pillow().open(path, formats=FORMATS) as image:
    return upright_shape(image)


def upright_shape(image: Any) -> tuple[int, int, int]:
  """`(H, W, C)` of Pillow's image when it is turned upright, C of 1 or 3."""
  image_module = pillow()
  channels = 1 if image_module.getmodebase(image.mode) == 'L' else 3
  # A PNG's own method decodes all of it. A TIFF has the size of what is turned.
  exif = image_module.Image.getexif(image) if image.format != 'TIFF' else {}
  if exif.get(_ORIENTATION) in _ON_THEIR_SIDES:
    return image.width, image.height, channels
  return image.height, image.width, channels


def _read_file(
  file: Any, name: str, size: tuple[int, int], channels: int
) -> np.ndarray:
  """The picture of a path or an open file."""
  image_module = pillow()
  try:
    with image_module.open(file, formats=FORMATS) as image:
      check_pixels(image, _MAX_PIXELS)
      return fit_image(image, size, channels)
  except FileNotFoundError as error:
    raise FileNotFoundError(f'There is no picture {name}.') from error
  except Exception as error:  # Pillow raises SyntaxError for some files.
    reason: Any = error
    if isinstance(error, image_module.UnidentifiedImageError):
      reason = 'it is no PNG, JPEG, WebP, BMP or TIFF file'
    raise ValueError(
      f'{name} cannot be read as a picture: {reason}. Remove it, or save it '
      'anew as PNG.'
    ) from error


def is_pictures(x: Any) -> bool:
  """Whether `x` is images one by one, or an array of them; no flat table."""
  if isinstance(x, np.ndarray) and x.ndim > 2:
    return True
  if isinstance(x, np.ndarray) and (x.ndim != 1 or x.dtype.kind not in 'OU'):
    return False
  if not isinstance(x, list | tuple | np.ndarray) or not len(x):
    return False
  return all(_is_picture(item) for item in x)


def _is_picture(item: Any) -> bool:
  if isinstance(item, str | Path):
    return True
  # Pillow's images without importing it: they are none if it is missing.
  return getattr(item, 'ndim', 0) > 1 or hasattr(item, 'getbands')


def as_images(
  pictures: Any, shape: tuple[int, int, int], *, invert: bool
) -> np.ndarray:
  """Pictures as a model takes them.

  Args:
    pictures: `[n, h, w]` or `[n, h, w, c]`, whole numbers of a byte or floats
      in [0, 1]; or a list of file names, paths, Pillow images and arrays
      `[h, w]` or `[h, w, c]`.
    shape: `(H, W, C)` of the model's images. What is of another size or number
      of channels goes through `read_picture`.
    invert: whether dark becomes 1 and light 0.

  Returns:
    `[n, H, W, C]` float32 in [0, 1].

  Raises:
    ImportError, OSError: as `read_picture`.
    ValueError: if a value is out of range, or a picture does not decode.
  """
  if isinstance(pictures, np.ndarray) and pictures.ndim > 2:
    images = _from_array(pictures, shape)
  else:
    images = np.stack([_from_item(item, shape) for item in pictures])
  return 1 - images if invert else images


def _from_item(item: Any, shape: tuple[int, int, int]) -> np.ndarray:
  if getattr(item, 'ndim', 0) > 1:
    return _from_array(np.asarray(item)[None], shape)[0]
  return _floats(read_picture(item, shape[:2], shape[2]))


def _from_array(x: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
  """`[n, h, w]` or `[n, h, w, c]` to `[n, H, W, C]` floats."""
  x = x[..., None] if x.ndim == 3 else x
  if x.ndim != 4 or x.dtype.kind not in 'buif':
    raise ValueError(
      'Images must be numbers [n, H, W] or [n, H, W, C], not '
      f'{x.dtype}{list(x.shape)}.'
    )
  most = 1 if x.dtype.kind in 'bf' else 255
  # This is written so that NaN, of which every comparison is false, fails too.
  if x.size and not (x.min() >= 0 and x.max() <= most):
    # scikit-learn's checks of an estimator look for these words.
    negative = 'Negative values in data. ' if x.min() < 0 else ''
    raise ValueError(
      f'{negative}Images of {x.dtype} must be in [0, {most}]; these go from '
      f'{x.min()} to {x.max()}. Scale floats to [0, 1], or give bytes.'
    )
  if x.shape[1:] == shape:
    return _floats(x)
  if x.shape[3] not in (1, 3, 4):
    raise ValueError(f'Images must have 1, 3 or 4 channels, not {x.shape[3]}.')
  scale = 255 if most == 1 else 1
  pictures = np.rint(x * scale).astype(np.uint8)
  read = [read_picture(picture, shape[:2], shape[2]) for picture in pictures]
  return _floats(np.array(read, np.uint8).reshape(-1, *shape))


def _floats(x: np.ndarray) -> np.ndarray:
  floats = x.astype(np.float32)
  return floats / 255 if x.dtype.kind in 'ui' else floats
