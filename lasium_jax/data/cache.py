"""Datasets on disk as plain arrays, verified whenever they are read."""

import contextlib
import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from lasium_jax.data.dataset import Dataset

_log = logging.getLogger(__name__)

_FILES = ('images.npy', 'labels.npy', 'class_names.json')
_CHECKSUMS = 'checksums.json'


def default_cache_dir() -> Path:
  """`$XDG_CACHE_HOME/lasium_jax`, or `~/.cache/lasium_jax`."""
  base = os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache'
  return Path(base) / 'lasium_jax'


def cached(cache_dir: Path, name: str, make: Callable[[], Dataset]) -> Dataset:
  """Reads `name` from the cache, or makes it and writes it there.

  An entry that cannot be read, or is damaged, is named in a warning and made
  anew. If the cache cannot be written, that is said and the dataset is returned
  all the same.

  Args:
    cache_dir: the cache's folder; created where missing.
    name: the entry's; everything that the dataset depends on must be in it.
    make: reads the dataset from its source.

  Returns:
    The dataset.
  """
  folder = Path(cache_dir) / name
  try:
    if folder.exists():
      return _read(folder)
  except (OSError, ValueError, KeyError, TypeError) as error:
    _log.warning('Cannot use the cache %s (%s); renewing it.', folder, error)
  dataset = make()
  try:
    _write(folder, dataset)
  except OSError as error:
    _log.warning(
      'Cannot write the cache %s (%s); the next run will read the source '
      'again. Name another place with --cache_dir.',
      folder,
      error,
    )
  return dataset


def _read(folder: Path) -> Dataset:
  checksums = json.loads((folder / _CHECKSUMS).read_text())
  for name in _FILES:  # Before they are parsed: a damaged header can do much.
    if _digest(folder / name) != checksums[name]:
      raise ValueError(f'the checksum of {name} does not match')
  return Dataset(
    np.load(folder / 'images.npy'),
    np.load(folder / 'labels.npy'),
    tuple(json.loads((folder / 'class_names.json').read_text())),
  )


@contextlib.contextmanager
def new_entry(folder: Path) -> Iterator[Path]:
  """A new folder to fill, which becomes `folder` if nothing is raised."""
  folder.parent.mkdir(parents=True, exist_ok=True)
  partial = Path(tempfile.mkdtemp(prefix='.partial-', dir=folder.parent))
  try:
    yield partial
    if folder.exists():
      shutil.rmtree(folder)
    partial.rename(folder)
  finally:
    shutil.rmtree(partial, ignore_errors=True)


def _write(folder: Path, dataset: Dataset) -> None:
  with new_entry(folder) as partial:
    np.save(partial / 'images.npy', dataset.images)
    np.save(partial / 'labels.npy', dataset.labels)
    (partial / 'class_names.json').write_text(json.dumps(dataset.class_names))
    checksums = {name: _digest(partial / name) for name in _FILES}
    (partial / _CHECKSUMS).write_text(json.dumps(checksums))


def _digest(path: Path) -> str:
  with path.open('rb') as file:
    return hashlib.file_digest(file, 'sha256').hexdigest()
