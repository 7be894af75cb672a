"""Folders of image files as data sets: decoded once, then memory-mapped.

A file's class is the folder that it is in, named by its path relative to the
data set's; files in the data set's own folder are of class ''. So a tree with
one sub-folder a class is labeled, and a flat folder is one class.
"""

import hashlib
import json
import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from lasium_jax.cores import cpu_cores
from lasium_jax.data import decode as decoding
from lasium_jax.data.cache import default_cache_dir, new_entry
from lasium_jax.data.dataset import Dataset
from lasium_jax.data.decode import ImageForm, decode_image, pillow
from lasium_jax.data.listing import ImageFile, list_images

_log = logging.getLogger(__name__)

_BATCH = 1024  # Files decoded ahead of what is written.
_NAMED = 5  # Files that a message names.


def read_folder(
  folder: str | Path,
  form: ImageForm,
  *,
  cache_dir: str | Path | None = None,
  max_bad_share: float = 0.05,
) -> Dataset:
  """All images of a tree of folders.

  The first time they are decoded, by as many threads as there are cores, into
  one array in the cache. From then on it is memory-mapped, until the listing
  of the folder (names, sizes, times) or `form` changes; so it may be larger
  than memory.

  Args:
    folder: with PNG, JPEG, WebP, BMP or TIFF files at any depth, known by
      their endings or else by how they begin. Hidden files and folders are
      left out; symbolic links are followed, each folder once.
    form: of the images.
    cache_dir: where the array is kept; None is `default_cache_dir`.
    max_bad_share: the share of files that may fail to decode. They are named
      in a warning and left out.

  Returns:
    The data set; `images` is memory-mapped and read-only.

  Raises:
    FileNotFoundError: if there is no such folder.
    NotADirectoryError: if it is no folder.
    ImportError: if Pillow or tqdm is missing.
    OSError: if a folder cannot be read, or the cache not written.
    ValueError: if there are no images, or too many do not decode.
  """
  return split_folder(
    folder, form, held_out=(), cache_dir=cache_dir, max_bad_share=max_bad_share
  )[0]


def split_folder(
  folder: str | Path,
  form: ImageForm,
  *,
  held_out: Sequence[float],
  cache_dir: str | Path | None = None,
  max_bad_share: float = 0.05,
) -> list[Dataset]:
  """Reads a folder as `read_folder` does, with shares of the files held out.

  A file is held out by a hash of its path, so that it stays on its side when
  others come and go.

  Args:
    folder: as in `read_folder`.
    form: likewise.
    held_out: the share of each part, such as `(0.05, 0.05)`; below 1 together.
    cache_dir: as in `read_folder`.
    max_bad_share: likewise, of all files.

  Returns:
    The files that are not held out, then each held-out part; any may lack a
    class that another has, and be empty.

  Raises:
    As `read_folder`.
  """
  folder = Path(folder)
  files = list_images(folder)
  # Held-out files come last, so that each part is a slice of one array, which
  # needs no memory of its own.
  files.sort(key=lambda file: _part(file, held_out))
  images, decoded = decode_files(
    folder,
    files,
    form,
    choice=tuple(held_out),
    cache_dir=cache_dir,
    max_bad_share=max_bad_share,
  )
  parts = [_part(file, held_out) for file in decoded]
  counts = np.bincount(parts, minlength=len(held_out) + 1)
  ends = np.cumsum(counts)
  return [
    _dataset(images[end - count : end], decoded[end - count : end])
    for end, count in zip(ends, counts, strict=True)
  ]


def decode_files(
  folder: Path,
  files: Sequence[ImageFile],
  form: ImageForm,
  *,
  choice: tuple[object, ...],
  cache_dir: str | Path | None = None,
  max_bad_share: float = 0.05,
) -> tuple[np.ndarray, list[ImageFile]]:
  """The images of some files, decoded once and then memory-mapped.

  Args:
    folder: that the files are in.
    files: in the order of the images.
    form: of the images.
    choice: what tells these files from others of the folder that are read too,
      so that each choice has an array of its own in the cache.
    cache_dir: as in `read_folder`.
    max_bad_share: likewise.

  Returns:
    The images, memory-mapped and read-only, and the files that they are of:
    those that could be decoded.

  Raises:
    ImportError, OSError, ValueError: as `read_folder`.
  """
  place = _digest(repr((str(folder.resolve()), form, choice)))
  cache = Path(cache_dir or default_cache_dir()) / f'folder-{place}'
  images, skipped = _cached(cache, folder, files, form)
  _check_skipped(folder, len(files), skipped, max_bad_share)
  return images, [file for file in files if file.path not in skipped]


def _part(file: ImageFile, held_out: Sequence[float]) -> int:
  """0 for a file that is not held out, else the number of its part from 1."""
  digest = hashlib.sha256(os.fsencode(file.path)).digest()
  place = int.from_bytes(digest[:8]) / 2**64
  inside = np.flatnonzero(place < np.cumsum(held_out))
  return int(inside[0]) + 1 if len(inside) else 0


def _digest(text: str) -> str:
  data = text.encode(errors='surrogateescape')
  return hashlib.sha256(data).hexdigest()[:16]


def _dataset(images: np.ndarray, files: Sequence[ImageFile]) -> Dataset:
  names = sorted({file.folder for file in files})
  index = {name: i for i, name in enumerate(names)}
  labels = np.array([index[file.folder] for file in files], np.int32)
  return Dataset(images, labels, tuple(names))


def _check_skipped(
  folder: Path, total: int, skipped: dict[str, str], max_bad_share: float
) -> None:
  """Names the files that did not decode; raises if they are too many."""
  if not skipped:
    return
  first = list(skipped.items())[:_NAMED]
  named = '; '.join(f'{path!r} ({reason})' for path, reason in first)
  more = '; ...' if len(skipped) > _NAMED else ''
  problem = (
    f'{len(skipped):,} of {total:,} image files in {folder} do not decode: '
    f'{named}{more}.'
  )
  if len(skipped) == total or len(skipped) > max_bad_share * total:
    raise ValueError(
      f'{problem} At most a share of {max_bad_share} may be left out '
      '(max_bad_share). Mend or remove them, or allow more.'
    )
  _log.warning('%s They are left out.', problem)


def _cached(
  cache: Path, folder: Path, files: Sequence[ImageFile], form: ImageForm
) -> tuple[np.ndarray, dict[str, str]]:
  """The memory-mapped array, and the files left out with the reasons."""
  key = _key(files, form)
  try:
    if cache.exists() and _describe(cache)['key'] == key:
      return _open(cache, form)
  except (OSError, ValueError, KeyError, TypeError) as error:
    _log.warning('Cannot use the cache %s (%s); renewing it.', cache, error)
  try:
    with new_entry(cache) as partial:
      _decode_all(partial, folder, files, form, key)
  except OSError as error:
    raise OSError(
      f'Cannot write the cache {cache} ({error}). See that the disk has room '
      'and that you may write there, or name another place with --cache_dir.'
    ) from error
  return _open(cache, form)


def _key(files: Sequence[ImageFile], form: ImageForm) -> str:
  """A digest of the files, the form and the code that decodes, for a cache."""
  code = [Path(module).read_bytes() for module in (__file__, decoding.__file__)]
  version = [hashlib.sha256(part).hexdigest() for part in code]
  return _digest(repr((version, pillow().__version__, form, list(files))))


def _describe(cache: Path) -> dict[str, Any]:
  """The description of an entry, if it is as it was written."""
  content: dict[str, Any] = json.loads((cache / 'files.json').read_text())
  if content.pop('digest') != _digest(json.dumps(content)):
    raise ValueError('files.json does not match its digest')
  return content


def _open(cache: Path, form: ImageForm) -> tuple[np.ndarray, dict[str, str]]:
  """Opens an entry; only sizes are checked, as reading all takes too long."""
  description = _describe(cache)
  path, shape = cache / 'images.npy', _shape(description['count'], form)
  images = np.load(path, mmap_mode='r') if shape[0] else np.zeros(shape, 'u1')
  if images.shape != shape or images.dtype != np.uint8:
    raise ValueError(f'images.npy is {images.dtype}{list(images.shape)}')
  return images, description['skipped']


def _shape(count: int, form: ImageForm) -> tuple[int, int, int, int]:
  return count, form.size, form.size, form.channels


def _decode_all(
  entry: Path,
  folder: Path,
  files: Sequence[ImageFile],
  form: ImageForm,
  key: str,
) -> None:
  """Writes `images.npy` one image at a time, and `files.json`."""
  skipped: dict[str, str] = {}
  with (entry / 'images.npy').open('wb') as output:
    # NumPy leaves room for any count, so the final one fits in the same place.
    _write_header(output, _shape(len(files), form))
    start = output.tell()
    for file, result in _decoded(folder, files, form):
      if isinstance(result, str):
        skipped[file.path] = result
      else:
        output.write(result.tobytes())
    count = len(files) - len(skipped)
    output.seek(0)
    _write_header(output, _shape(count, form))
    assert output.tell() == start
  content = {'key': key, 'count': count, 'skipped': skipped}
  content['digest'] = _digest(json.dumps(content))
  (entry / 'files.json').write_text(json.dumps(content))


def _write_header(output: BinaryIO, shape: tuple[int, ...]) -> None:
  header = {'descr': '|u1', 'fortran_order': False, 'shape': shape}
  np.lib.format.write_array_header_1_0(output, header)


def _decoded(
  folder: Path, files: Sequence[ImageFile], form: ImageForm
) -> Iterator[tuple[ImageFile, np.ndarray | str]]:
  """Each file with its image, or with why it has none; in their order."""
  from tqdm import tqdm

  def attempt(file: ImageFile) -> np.ndarray | str:
    try:
      return decode_image(folder / file.path, form)
    except pillow().UnidentifiedImageError:
      return 'no PNG, JPEG, WebP, BMP or TIFF image'
    except Exception as error:  # Pillow raises SyntaxError for some files.
      return str(error).partition('\n')[0] or type(error).__name__

  pillow_warning = pillow().DecompressionBombWarning
  label = f'decoding {folder}'
  with (
    warnings.catch_warnings(),
    ThreadPoolExecutor(cpu_cores()) as pool,
    tqdm(total=len(files), desc=label, leave=False, disable=None) as progress,
  ):
    warnings.simplefilter('ignore', pillow_warning)  # Ours is `max_pixels`.
    for first in range(0, len(files), _BATCH):
      batch = files[first : first + _BATCH]
      for file, result in zip(batch, pool.map(attempt, batch), strict=True):
        yield file, result
        progress.update()
